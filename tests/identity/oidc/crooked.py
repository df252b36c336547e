"""An OpenID Connect server on loopback with the rules of Standard Token Exchange V2, crooked where a test says so."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from supervisor.identity.oidc.server import Clients, OidcServer
from supervisor.identity.oidc.values import DevicePrompt, Token
from supervisor.identity.oidc.wire import Wire
from tests.identity.oidc.contract import AUDIENCE, OTHER_SCOPE, SCOPE

CLI, BROKER, SECRET = "agent-supervise-cli", "agent-supervise", "s3cret/of the+broker"
ROLES = {"ann": ["developer"], "bob": ["approver"]}
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
Form = Mapping[str, str]


class Refusal(Exception):
    """An error of OAuth."""

    def __init__(self, error: str, description: str = "", status: int = 400) -> None:
        super().__init__(error)
        self.error, self.description, self.status = error, description, status


@dataclass
class Crooked:
    """The server's state; a test bends it. `forge` changes the claims of task tokens, `bend` any answer's members."""

    issuer: str = ""
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    ahead: timedelta = timedelta()
    life: int = 120
    exchange: bool = True
    downscope: bool = True
    broker_in_audience: bool = True
    forge: Callable[[dict[str, Any]], None] = lambda claims: None
    forge_login: Callable[[dict[str, Any]], None] = lambda claims: None
    header: dict[str, str] = field(default_factory=dict)
    bend: Callable[[str, dict[str, Any]], None] = lambda path, body: None
    status: dict[str, int] = field(default_factory=dict)
    says_iss: str | None = None
    refuse_login: str = ""
    device_pending: int = 1
    device_error: str = ""
    device_life: int = 600
    held: threading.Event = field(default_factory=threading.Event)
    trickle: bool = False
    keys: list[Any] = field(default_factory=list)
    sessions: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    refreshes: dict[str, str] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    devices: dict[str, dict[str, str]] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)

    # ── what a test does ─────────────────────────────────────────────────────────────────────────

    def rotate(self, *, drop: bool = True) -> None:
        """A new key signs; the old ones are published no more, if `drop`."""
        made = RSAKey.generate_key(2048, auto_kid=True) if len(self.keys) % 2 else ECKey.generate_key(auto_kid=True)
        self.keys = [*([] if drop else self.keys), made]

    def paths(self, ending: str) -> list[dict[str, str]]:
        """What was posted to addresses with this ending."""
        return [form for path, form in self.calls if path.endswith(ending)]

    def provider(self, **more: Any) -> OidcServer:
        """A client of it."""
        return OidcServer(self.issuer, Clients(CLI, BROKER, Token(SECRET)), wire=Wire(seconds=5.0), **more)

    # ── what it answers ──────────────────────────────────────────────────────────────────────────

    def answer(self, path: str, form: Form, basic: tuple[str, str] | None) -> dict[str, Any]:
        """The members of an answer; raises `Refusal`."""
        end = path.removeprefix("/realms/r")
        if end == "/.well-known/openid-configuration":
            return self._metadata()
        if end == "/certs":
            return {"keys": [key.as_dict(private=False) | {"kid": key.kid, "use": "sig"} for key in self.keys]}
        if end == "/device":
            return self._device(form)
        if end == "/revoke":
            return self._revoke(form)
        if end == "/logout":
            self.sessions.pop(self.refreshes.pop(form["refresh_token"], ""), None)
            return {}
        if end == "/token":
            kind = form.get("grant_type", "").rpartition(":")[2]
            return {
                "authorization_code": self._code, "refresh_token": self._refresh, "device_code": self._polled,
            }[kind](form) if kind != "token-exchange" else self._exchange(form, basic)  # fmt: skip
        raise Refusal("not_found", status=404)

    def _metadata(self) -> dict[str, Any]:
        base = self.issuer
        return {
            "issuer": base, "authorization_endpoint": base + "/auth", "token_endpoint": base + "/token",
            "jwks_uri": base + "/certs", "device_authorization_endpoint": base + "/device",
            "revocation_endpoint": base + "/revoke", "end_session_endpoint": base + "/logout",
            "authorization_response_iss_parameter_supported": True,
            "grant_types_supported": ["authorization_code", "refresh_token"]
            + (["urn:ietf:params:oauth:grant-type:token-exchange"] if self.exchange else []),
        }  # fmt: skip

    def authorize(self, asked: Form, user: str) -> str:
        """Where the browser is sent, `user` having logged in."""
        assert asked["client_id"] == CLI and asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256" and len(asked["code_challenge"]) == 43
        back = {"state": asked["state"], "iss": self.issuer if self.says_iss is None else self.says_iss}
        if self.refuse_login:
            back |= {"error": self.refuse_login, "error_description": "she said no"}
        else:
            code = secrets.token_hex(8)
            self.codes[code] = dict(asked) | {"user": user}
            back["code"] = code
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def _code(self, form: Form) -> dict[str, Any]:
        asked = self.codes.pop(form["code"], None)
        if asked is None or form["redirect_uri"] != asked["redirect_uri"] or form["client_id"] != CLI:
            raise Refusal("invalid_grant", "Code not valid")
        self._pkce(form, asked)
        return self._login(asked["user"], asked["scope"].split(), asked.get("nonce", ""))

    def _pkce(self, form: Form, asked: Form) -> None:
        made = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(made).decode().rstrip("=") != asked["code_challenge"]:
            raise Refusal("invalid_grant", "PKCE verification failed")

    def _device(self, form: Form) -> dict[str, Any]:
        device = secrets.token_hex(8)
        self.devices[device] = dict(form) | {"left": str(self.device_pending)}
        page = self.issuer + "/device-page"
        return {
            "device_code": device, "user_code": "WDJB-MJHT", "verification_uri": page, "interval": 1,
            "verification_uri_complete": page + "?user_code=WDJB-MJHT", "expires_in": self.device_life,
        }  # fmt: skip

    def _polled(self, form: Form) -> dict[str, Any]:
        asked = self.devices[form["device_code"]]
        if self.device_error:
            raise Refusal(self.device_error)
        if int(asked["left"]) > 0 or "user" not in asked:
            asked["left"] = str(int(asked["left"]) - 1)
            raise Refusal("authorization_pending" if int(asked["left"]) % 2 else "slow_down")
        self._pkce(form, asked)
        return self._login(asked["user"], asked["scope"].split(), asked.get("nonce", ""))

    def _refresh(self, form: Form) -> dict[str, Any]:
        sid = self.refreshes.pop(form["refresh_token"], "")
        if sid not in self.sessions:
            raise Refusal("invalid_grant", "Session not active")
        user, scopes = self.sessions[sid]
        return self._login(user, scopes, "", sid)

    def _login(self, user: str, scopes: list[str], nonce: str, sid: str = "") -> dict[str, Any]:
        if unknown := set(scopes) - {"openid", SCOPE, OTHER_SCOPE}:
            raise Refusal("invalid_scope", f"Invalid scopes: {unknown}")
        sid = sid or secrets.token_hex(8)
        self.sessions[sid] = (user, scopes)
        refresh = secrets.token_hex(16)
        self.refreshes[refresh] = sid
        who = {"sub": f"sub-{user}", "sid": sid, "azp": CLI, "preferred_username": user}
        audience = ["account", *([BROKER] if self.broker_in_audience else [])]
        claims = who | {
            "typ": "Bearer", "aud": audience, "scope": " ".join(scopes), "realm_access": {"roles": ROLES[user]},
        }  # fmt: skip
        self.forge_login(claims)
        receipt = who | {"typ": "ID", "aud": CLI, "nonce": nonce, "auth_time": int(self._now().timestamp())}
        return {
            "access_token": self.signed(claims, 300), "id_token": self.signed(receipt, 300), "token_type": "Bearer",
            "refresh_token": refresh, "expires_in": 300,
        }  # fmt: skip

    def _exchange(self, form: Form, basic: tuple[str, str] | None) -> dict[str, Any]:
        if basic != (BROKER, SECRET):
            raise Refusal("invalid_client", "Invalid client or Invalid client credentials", 401)
        if not self.exchange:
            raise Refusal("invalid_request", "Standard token exchange is not enabled for the requested client")
        if form["subject_token_type"] != ACCESS or form.get("requested_token_type") != ACCESS:
            raise Refusal("invalid_request", "subject_token_type")
        if {"requested_subject", "requested_issuer", "subject_issuer"} & set(form):
            raise Refusal("invalid_request", "Parameter is not supported for standard token exchange")
        subject = self._read(form["subject_token"])
        if subject.get("typ") != "Bearer" or subject.get("sid") not in self.sessions:
            raise Refusal("invalid_request", "Invalid token")
        if BROKER not in subject["aud"]:
            raise Refusal("access_denied", "Client is not within the token audience", 403)
        asked = form["scope"].split()
        if self.downscope and set(asked) - set(subject["scope"].split()):
            raise Refusal("invalid_scope", "Scopes are not in the assertion")
        if form["audience"] != AUDIENCE:
            raise Refusal("invalid_request", "Requested audience not available: " + form["audience"])
        claims = {
            "typ": "Bearer", "sub": subject["sub"], "sid": subject["sid"], "azp": BROKER, "aud": AUDIENCE,
            "scope": " ".join(asked),
        }  # fmt: skip
        self.forge(claims)
        return {
            "access_token": self.signed(claims, self.life), "issued_token_type": ACCESS, "token_type": "Bearer",
            "expires_in": self.life,
        }  # fmt: skip

    def _revoke(self, form: Form) -> dict[str, Any]:
        if form["token"] in self.refreshes:
            self.sessions.pop(self.refreshes.pop(form["token"]), None)
            return {}
        with suppress(Refusal):
            self.revoked.add(self._read(form["token"])["jti"])
        return {}

    def is_active(self, token: Token) -> bool:
        """What introspection would say."""
        try:
            return self._read(token.text)["jti"] not in self.revoked
        except Refusal:
            return False

    def _read(self, text: str) -> dict[str, Any]:
        for key in self.keys:
            try:
                found: dict[str, Any] = json.loads(jws.deserialize_compact(text, key, ["ES256", "RS256"]).payload)
                return found
            except Exception:
                continue
        raise Refusal("invalid_request", "Invalid token")

    def signed(self, claims: dict[str, Any], life: int) -> str:
        """A token by the newest key."""
        key, now = self.keys[-1], int(self._now().timestamp())
        times = {"iss": self.issuer, "iat": now, "exp": now + life, "jti": secrets.token_hex(8)}
        header = {"alg": "RS256" if key.key_type == "RSA" else "ES256", "kid": key.kid, "typ": "JWT"} | self.header
        return jws.serialize_compact(header, json.dumps(times | claims), key, [header["alg"]])

    def _now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class CrookedStage:
    """The server as the contract wants it; used straight it must pass."""

    audience = AUDIENCE
    other_audience = "another.example"

    def __init__(self, server: Crooked) -> None:
        self.server = server
        self.client = server.provider()

    def provider(self, user: str = "ann") -> OidcServer:
        """See `Stage.provider`."""
        return self.client

    def open_page(self, user: str) -> Callable[[str], None]:
        """A browser that is `user`."""
        return lambda url: visit(self.server, url, user)

    def enter_code(self, prompt: DevicePrompt, user: str) -> None:
        """See `Stage.enter_code`."""
        assert prompt.code == "WDJB-MJHT" and prompt.link.endswith(prompt.code)
        for asked in self.server.devices.values():
            asked["user"] = user

    def pause(self, seconds: float) -> bool:
        """The server has no patience to lose."""
        return False

    def is_active(self, token: Token) -> bool:
        """See `Stage.is_active`."""
        return self.server.is_active(token)


def visit(server: Crooked, url: str, user: str) -> None:
    """What the browser of `user` does: ask the server, be sent back to the listener."""
    asked = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    assert url.startswith(server.issuer + "/auth?")
    browse(server.authorize(asked, user))


def browse(url: str, host: str = "") -> tuple[int, str]:
    """GET a page of a listener on loopback."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers={"Host": host} if host else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@contextmanager
def crooked() -> Iterator[Crooked]:
    """A running server."""
    state = Crooked()
    state.held.set()
    state.rotate()

    class Handler(BaseHTTPRequestHandler):
        """Forms in, JSON out."""

        def do_GET(self) -> None:
            """Metadata and keys."""
            self._answer({}, None)

        def do_POST(self) -> None:
            """All else."""
            form = parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode(), keep_blank_values=True)
            assert len(dict(form)) == len(form)
            given = self.headers.get("Authorization", "")
            pair = base64.b64decode(given.removeprefix("Basic ")).decode().partition(":") if given else None
            self._answer(dict(form), (unquote_plus(pair[0]), unquote_plus(pair[2])) if pair else None)

        def _answer(self, form: dict[str, str], basic: tuple[str, str] | None) -> None:
            path = urlsplit(self.path).path
            state.calls.append((path, form))
            state.held.wait(20)
            status, body = 200, {}
            try:
                body = state.answer(path, form, basic)
                state.bend(path, body)
                status = 204 if path.endswith("/logout") else 200
            except Refusal as refusal:
                status, body = refusal.status, {"error": refusal.error, "error_description": refusal.description}
            status = next((code for end, code in state.status.items() if path.endswith(end)), status)
            data = b"" if status == 204 else json.dumps(body).encode()
            with suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if state.trickle:
                    for byte in data:
                        self.wfile.write(bytes([byte]))
                        state.held.clear()
                        state.held.wait(0.05)
                else:
                    self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    class Server(ThreadingHTTPServer):
        """A client that breaks off is no error."""

        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Nothing."""

    server = Server(("127.0.0.1", 0), Handler)
    state.issuer = f"http://127.0.0.1:{server.server_address[1]}/realms/r"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        state.trickle = False
        state.held.set()
        server.shutdown()
        thread.join()
        server.server_close()
