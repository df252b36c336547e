"""An STS on loopback that is as strict as the API reference says, and fails when it is told to."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

ACCOUNT = "123456789012"
_NAME = re.compile(r"[\w+=,.@-]+\Z", re.ASCII)
_TAG = re.compile(r"[\w\s.:/=+@-]*\Z")
_ROLE = re.compile(r"arn:aws:iam::\d{12}:role/[\w+=,.@/-]+\Z", re.ASCII)
_SIGNED = re.compile(r"AWS4-HMAC-SHA256 Credential=([A-Za-z0-9]+)/\d{8}/[a-z0-9-]+/(?:sts|iam)/aws4_request, ")


class Refusal(Exception):
    """What STS says in place of credentials."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


@dataclass
class FakeSts:
    """The server's state. `refuse` maps an action, or `sts:TagSession` and the like, to what it says instead."""

    url: str = ""
    caller: str = f"arn:aws:iam::{ACCOUNT}:user/dev"
    calls: list[dict[str, str]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    refuse: dict[str, Refusal] = field(default_factory=dict)
    once: list[Refusal] = field(default_factory=list)
    held: threading.Event = field(default_factory=threading.Event)
    now: datetime | None = None
    """The clock of the credentials that it hands out; `None` = the real one."""
    secret: str = "s3cr3t/of+the+minted"
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, action: str) -> list[dict[str, str]]:
        """The calls of one action so far."""
        return [call for call in self.calls if call["Action"] == action]

    def answer(self, form: Mapping[str, str], key: str) -> str:
        """The XML of an answer; raises `Refusal`."""
        with self._lock:
            self.calls.append(dict(form))
            self.keys.append(key)
            number = len(self.calls)
            if self.once:
                raise self.once.pop(0)
        self.held.wait(10)
        action = form["Action"]
        if action in self.refuse:
            raise self.refuse[action]
        if action == "GetCallerIdentity":
            return _xml(action, f"<Account>{ACCOUNT}</Account><UserId>AID</UserId><Arn>{self.caller}</Arn>")
        if action == "GetRole":
            name = form["RoleName"]
            return (
                '<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role>'
                f"<Path>/deep/</Path><Arn>arn:aws:iam::{ACCOUNT}:role/deep/{name}</Arn><RoleName>{name}</RoleName>"
                "<RoleId>AROA</RoleId><CreateDate>2026-01-01T00:00:00Z</CreateDate></Role></GetRoleResult></GetRoleResponse>"
            )
        tags = {value for name, value in form.items() if name.startswith("Tags.") and name.endswith(".Key")}
        for right, asked in (("sts:TagSession", bool(tags)), ("sts:SetSourceIdentity", "SourceIdentity" in form)):
            if asked and right in self.refuse:
                raise self.refuse[right]
        _check_policy(form.get("Policy", ""), needed=action == "GetFederationToken")
        if any(not _TAG.match(value) or len(value) > 256 for name, value in form.items() if name.startswith("Tags.")):
            raise Refusal("ValidationError", "a tag")
        if action == "AssumeRole":
            who = self._assume(form)
        elif action == "GetFederationToken":
            who = self._federate(form)
        else:
            raise Refusal("InvalidAction", action)
        expires = (self.now or datetime.now(UTC)) + timedelta(seconds=int(form.get("DurationSeconds", "3600")))
        return _xml(
            action,
            f"<Credentials><AccessKeyId>ASIAMINTED{number:08}</AccessKeyId><SecretAccessKey>{self.secret}"
            f"</SecretAccessKey><SessionToken>token-{number}-{self.secret}</SessionToken>"
            f"<Expiration>{expires:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>{who}",
        )

    def _assume(self, form: Mapping[str, str]) -> str:
        name, role = form["RoleSessionName"], form["RoleArn"]
        if not 2 <= len(name) <= 64 or not _NAME.match(name):
            raise Refusal("ValidationError", f"RoleSessionName {name!r}")
        if not _ROLE.match(role):
            raise Refusal("ValidationError", f"{role} is invalid")
        if not 900 <= int(form.get("DurationSeconds", "3600")) <= 3600:
            raise Refusal("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration")
        identity = form.get("SourceIdentity", "xx")
        if not 2 <= len(identity) <= 64 or not _NAME.match(identity):
            raise Refusal("ValidationError", "SourceIdentity")
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.rpartition('/')[2]}/{name}"
        return f"<AssumedRoleUser><Arn>{arn}</Arn><AssumedRoleId>AROA:{name}</AssumedRoleId></AssumedRoleUser>"

    def _federate(self, form: Mapping[str, str]) -> str:
        name = form["Name"]
        if not 2 <= len(name) <= 32 or not _NAME.match(name):
            raise Refusal("ValidationError", f"Name {name!r}")
        if not 900 <= int(form.get("DurationSeconds", "3600")) <= 129_600:
            raise Refusal("ValidationError", "DurationSeconds")
        arn = f"arn:aws:sts::{ACCOUNT}:federated-user/{name}"
        return f"<FederatedUser><Arn>{arn}</Arn><FederatedUserId>{ACCOUNT}:{name}</FederatedUserId></FederatedUser>"


def _check_policy(text: str, *, needed: bool) -> None:
    if not text and not needed:
        return
    if not text or len(text) > 2048 or not re.fullmatch("[\t\n\r\x20-\xff]+", text):
        raise Refusal("ValidationError", "1 validation error detected: Value at 'policy' failed to satisfy constraint")
    try:
        document = json.loads(text)
        statements = document["Statement"]
        assert document["Version"] == "2012-10-17" and set(document) == {"Version", "Statement"} and statements
        for one in statements:
            assert one["Effect"] in ("Allow", "Deny") and one["Action"] and one["Resource"]
            for action in [one["Action"]] if isinstance(one["Action"], str) else one["Action"]:
                # No wildcard in front of the colon: IAM wants a vendor.
                assert action == "*" or re.fullmatch(r"[a-z0-9-]+:[A-Za-z0-9*?]+", action), action
            for arn in [one["Resource"]] if isinstance(one["Resource"], str) else one["Resource"]:
                assert arn == "*" or re.fullmatch(r"arn:[a-z*-]+:[a-z0-9-]+:[^:]*:[^:]*:.+", arn), arn
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise Refusal("MalformedPolicyDocument", f"The policy is not in the valid JSON format: {error}") from error


def _xml(action: str, inner: str) -> str:
    return (
        f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>{inner}</{action}Result>'
        f"<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"
    )


@contextmanager
def fake_sts() -> Iterator[FakeSts]:
    """A running server."""
    state = FakeSts()
    state.held.set()

    class Handler(BaseHTTPRequestHandler):
        """Form in, XML out."""

        def do_POST(self) -> None:
            """One call."""
            form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            signed = _SIGNED.match(self.headers.get("Authorization", ""))
            status = 200
            try:
                if signed is None:
                    raise Refusal("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
                text = state.answer(form, signed[1])
            except Refusal as refusal:
                status = refusal.status
                text = (
                    '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
                    f"<Code>{refusal.code}</Code><Message>{refusal.message}</Message></Error>"
                    "<RequestId>r</RequestId></ErrorResponse>"
                )
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        state.held.set()
        server.shutdown()
        thread.join()
        server.server_close()
