"""The one request that ends a login in the browser: a listener on loopback that takes the answer of this login only.

Sources: RFC 8252 section 7.3 (loopback redirect), RFC 7636 (PKCE), RFC 9207 (`iss` in the answer).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import secrets
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qsl, urlsplit

from supervisor.identity.oidc.failures import IdentityError, Why, told

PATH: Final = "/callback"
_ENTROPY: Final = 32
_POLL_SECONDS: Final = 0.05
_IDLE_SECONDS: Final = 5
_PAGE: Final = (
    '<!doctype html><meta charset="utf-8"><title>agent-supervise</title>'
    '<body style="font: 1.2rem sans-serif; margin: 20vh auto; max-width: 30em"><p>{}</p>'
)
_REFUSALS: Final = {
    "access_denied": (Why.CANCELLED, "log in again"),
    "invalid_scope": (
        Why.MISCONFIGURED,
        "the realm has no client scope for this task: agent-supervise keycloak init --task SCOPE makes it",
    ),
    "unauthorized_client": (Why.MISCONFIGURED, "look at `login_client`: agent-supervise keycloak init sets it up"),
    "temporarily_unavailable": (Why.UNREACHABLE, "log in again in a while"),
}
_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'", "Connection": "close",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Secrets:
    """What ties an answer to this login: none of it is used for another."""

    state: str = field(default_factory=lambda: secrets.token_urlsafe(_ENTROPY), repr=False)
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(_ENTROPY), repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(_ENTROPY), repr=False)

    @property
    def challenge(self) -> str:
        """S256 of the verifier (RFC 7636 section 4.2)."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


class Callback:
    """Listens from `with` on; `code` waits for the answer. Answers to other logins are refused and change nothing."""

    def __init__(self, state: str, issuer: str, *, says_iss: bool) -> None:
        self._state, self._issuer, self._says_iss = state, issuer, says_iss
        self._there = threading.Event()
        self._taking = threading.Lock()
        self._outcome: str | IdentityError | None = None
        self._foreign = 0
        callback = self

        class Handler(BaseHTTPRequestHandler):
            """One request of a browser."""

            timeout = _IDLE_SECONDS

            def do_GET(self) -> None:
                """The answer, or somebody else's."""
                status, text = callback._take(self.path, self.headers.get_all("Host") or [])
                page = _PAGE.format(html.escape(text)).encode()
                self.send_response(status)
                for name, value in _HEADERS.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the address has the code in it."""

        class Server(ThreadingHTTPServer):
            """Errors of a browser that went away are nobody's."""

            daemon_threads = True
            block_on_close = False
            address_family = socket.AF_INET

            def handle_error(self, request: object, client_address: object) -> None:
                """Whoever breaks off has said nothing."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": _POLL_SECONDS}, name="login", daemon=True
        )

    @property
    def address(self) -> str:
        """The redirect URI."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{PATH}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def code(self, seconds: float) -> str:
        """The authorization code. Raises `IdentityError`: refused, or nothing within `seconds`."""
        if not self._there.wait(seconds):
            more = f"; {self._foreign} answers of other logins were refused" if self._foreign else ""
            raise IdentityError(
                Why.EXPIRED, f"nobody logged in within {seconds:.0f} s{more}", where=self._issuer,
                fix="try again; without a browser on this machine use the device login",
            )  # fmt: skip
        if isinstance(self._outcome, IdentityError):
            raise self._outcome
        assert self._outcome is not None
        return self._outcome

    def _take(self, path: str, hosts: list[str]) -> tuple[int, str]:
        """Status and text of the page; sets the outcome when the answer is this login's."""
        parts = urlsplit(path)
        own = f"127.0.0.1:{self._server.server_address[1]}"
        if parts.path != PATH or hosts != [own]:
            return 404, "There is nothing here."
        pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=32) if len(path) < 16_384 else []
        answer = dict(pairs)
        # A parameter that stands twice is read in one way here and in another elsewhere (RFC 6749 section 3.1).
        doubled = len(answer) != len(pairs)
        if doubled or not hmac.compare_digest(answer.get("state", "").encode(), self._state.encode()):
            self._foreign += 1
            return 400, "This is the answer to another login. Go back to the terminal and start again from there."
        with self._taking:
            if self._outcome is None:
                self._outcome = self._judged(answer)
                self._there.set()
        if isinstance(self._outcome, IdentityError):
            return 400, f"The login failed: {self._outcome.what}. The terminal says more."
        return 200, "You are logged in. You can close this page and go back to the terminal."

    def _judged(self, answer: dict[str, str]) -> str | IdentityError:
        if answer.get("iss", "" if self._says_iss else self._issuer) != self._issuer:
            what = f"the answer came from another issuer: {told(answer.get('iss', 'it does not say which'))}"
            return IdentityError(Why.UNTRUSTED, what, where=self._issuer, fix="log in again; never use a sent link")
        if "error" in answer:
            said = answer.get("error_description") or answer["error"]
            why, fix = _REFUSALS.get(answer["error"], (Why.REFUSED, "log in again"))
            return IdentityError(why, f"the login was refused: {told(said)}", where=self._issuer, fix=fix)
        if not answer.get("code"):
            return IdentityError(Why.UNTRUSTED, "the answer has no code", where=self._issuer, fix="log in again")
        return answer["code"]
