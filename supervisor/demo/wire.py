"""How the demo's programs speak to AWS: requests signed with Signature Version 4, with the standard library alone.

They find the endpoint and the keys where every AWS tool looks for them, in the environment. They know no endpoint of
their own: nothing of the demo can reach a real account.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import re
import xml.etree.ElementTree as xml
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from supervisor.demo.estate import REGION

SECONDS: Final = 30.0
"""How long an answer may take: the first call waits until the embedded AWS is there."""
_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_SPACE: Final = re.compile(r"\{[^}]*\}")


class Refused(Exception):
    """AWS, or what stands before it, said no: `code` is its error's, the text says who and why."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the 2xx kind; header names in lower case."""

    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def texts(self, name: str) -> list[str]:
        """What stands in the XML elements of this name, wherever they are and whatever their namespace."""
        if not self.body.strip():
            return []
        return [item.text or "" for item in _root(self.body).iter() if _SPACE.sub("", item.tag) == name]

    def text(self, name: str) -> str:
        """The first of them, empty without one."""
        return next(iter(self.texts(name)), "")

    @property
    def json(self) -> dict[str, Any]:
        """The JSON object that the body is."""
        found = json.loads(self.body or b"{}")
        return found if isinstance(found, dict) else {}


def call(
    service: str,
    operation: str,
    *,
    method: str = "POST",
    path: str = "/",
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """One request, signed for `service`; `path` is percent-encoded once. `operation` is named in errors.

    Raises `Refused` for every answer but 2xx.
    """
    endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL", ""))
    if endpoint.scheme != "http" or not endpoint.hostname:
        raise Refused("AWS_ENDPOINT_URL is not set: the demo's programs speak to its embedded AWS only")
    asked = urlencode(sorted((query or {}).items()), quote_via=quote)
    sent = {"Host": endpoint.netloc, **(headers or {})}
    sent |= signed(service, method, path, asked, sent, body, datetime.now(UTC))
    link = http.client.HTTPConnection(endpoint.hostname, endpoint.port, timeout=SECONDS)
    try:
        link.request(method, f"{path}?{asked}" if asked else path, body or None, sent)
        answer = link.getresponse()
        data = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise Refused(f"could not connect to the endpoint URL {endpoint.geturl()}: {error}") from error
    finally:
        link.close()
    if answer.status // 100 != 2:
        code, why = _error(answer.status, answer.reason, data)
        raise Refused(f"An error occurred ({code}) when calling the {operation} operation: {why}", code)
    return Answer({name.lower(): value for name, value in answer.getheaders()}, data)


def query(service: str, operation: str, version: str, parameters: Mapping[str, str] | None = None) -> Answer:
    """A call in the query protocol: a form with `Action` and `Version`. Raises `Refused`."""
    form = urlencode({"Action": operation, "Version": version, **(parameters or {})}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    return call(service, operation, headers=headers, body=form)


def target(service: str, prefix: str, operation: str, parameters: Mapping[str, object]) -> dict[str, Any]:
    """A call in the JSON protocol: its operation stands in `X-Amz-Target`. Raises `Refused`."""
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{prefix}.{operation}"}
    return call(service, operation, headers=headers, body=json.dumps(parameters).encode()).json


def signed(
    service: str,
    method: str,
    path: str,
    asked: str,
    headers: Mapping[str, str],
    body: bytes | str,
    now: datetime,
) -> dict[str, str]:
    """The headers that sign a request (AWS: "Create a signed AWS API request"). Raises `Refused` without keys.

    `body` may be what stands for it, such as `UNSIGNED-PAYLOAD`.
    """
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID", ""), os.environ.get("AWS_SECRET_ACCESS_KEY", "")
    if not key or not secret:
        raise Refused('Unable to locate credentials. You can configure credentials by running "aws configure".')
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or REGION
    moment = now.strftime("%Y%m%dT%H%M%SZ")
    payload = body if isinstance(body, str) else hashlib.sha256(body).hexdigest()
    more = {"X-Amz-Date": moment, "X-Amz-Content-Sha256": payload}
    if token := os.environ.get("AWS_SESSION_TOKEN"):
        more["X-Amz-Security-Token"] = token
    every = {name.lower(): " ".join(value.split()) for name, value in {**headers, **more}.items()}
    names = ";".join(sorted(every))
    lines = "".join(f"{name}:{every[name]}\n" for name in sorted(every))
    canonical = "\n".join((method, path, asked, lines, names, every["x-amz-content-sha256"]))
    place = f"{moment[:8]}/{region}/{service}/aws4_request"
    text = "\n".join((_ALGORITHM, moment, place, hashlib.sha256(canonical.encode()).hexdigest()))
    signing = f"AWS4{secret}".encode()
    for part in place.split("/"):
        signing = hmac.digest(signing, part.encode(), "sha256")
    signature = hmac.digest(signing, text.encode(), "sha256").hex()
    return {
        **more,
        "Authorization": f"{_ALGORITHM} Credential={key}/{place}, SignedHeaders={names}, Signature={signature}",
    }


def _error(status: int, reason: str, data: bytes) -> tuple[str, str]:
    """Code and message of an error, in whichever of AWS's forms it came."""
    try:
        found: Any = json.loads(data)
        code = str(found.get("__type") or found.get("code") or found.get("Code") or status)
        return code.rpartition("#")[2], str(found.get("message") or found.get("Message") or reason)
    except (ValueError, AttributeError):
        try:
            told = Answer(body=data)
            return told.text("Code") or str(status), told.text("Message") or reason
        except Refused:
            return str(status), data.decode("utf-8", "replace").strip()[:400] or reason


def _root(data: bytes) -> xml.Element:
    try:
        return xml.fromstring(data)
    except xml.ParseError as error:
        raise Refused(f"the answer is no XML: {error}") from error
