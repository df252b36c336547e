"""How the demo's programs speak to the pretend cloud: HTTP, in a cell by the proxy that the session gave them."""

from __future__ import annotations

import http.client
import json
import os
from typing import Any, Final
from urllib.parse import quote, urlsplit

SECONDS: Final = 20.0


class Refused(Exception):
    """The cloud, or what stands before it, said no; the text says who and why."""


def call(cloud: str, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
    """One request to `cloud` (a URL); returns the answer's JSON object, `{}` for 404. Raises `Refused`."""
    to = urlsplit(cloud)
    # A cloud is never on one's own loopback: in a cell its programs go by the proxy, as they do to a real one.
    proxy = os.environ.get("HTTP_PROXY", "") if os.environ.get("AGENT_SUPERVISE_SESSION") else ""
    via = urlsplit(proxy) if proxy else to
    link = http.client.HTTPConnection(via.hostname or "127.0.0.1", via.port, timeout=SECONDS)
    try:
        target = quote(path)
        link.request(method, f"{cloud}{target}" if proxy else target, body or None, {"Host": to.netloc})
        answer = link.getresponse()
        data = answer.read()
        if answer.status == 404:
            return {}
        if answer.status != 200:
            raise Refused(f"{answer.status} {answer.reason}: {data.decode('utf-8', 'replace').strip()[:400]}")
        found = json.loads(data)
        return found if isinstance(found, dict) else {}
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Refused(f"{to.netloc} cannot be reached: {error}") from error
    finally:
        link.close()
