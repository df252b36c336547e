"""HTTP to an issuer: bounded in time and size, over TLS or loopback only, never redirected, tokens never in a URL.

python-keycloak is not used: it takes 0.6 s to import, repeats POSTs by itself, follows redirects with what was posted,
and sends empty parameters that Token Exchange refuses (its issue 720).
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

from supervisor.errors import UsageError
from supervisor.identity.oidc.failures import IdentityError, Why, told

SECONDS: Final = 10.0
"""How long one answer may take, connecting and name look-up on the way included."""
MOST_BYTES: Final = 4 * 1024 * 1024
Parameters = Mapping[str, str] | list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered; `body` is its JSON, `None` where it was none."""

    status: int
    body: Any = field(default=None, repr=False)
    location: str = ""

    @property
    def members(self) -> Mapping[str, Any]:
        """The body as an object; empty where it is none."""
        return self.body if isinstance(self.body, dict) else {}


class _Limit:
    """Cuts a connection when the time for its whole answer is over: a server that trickles knows no other end."""

    def __init__(self, connection: http.client.HTTPConnection, seconds: float) -> None:
        self._connection = connection
        self._socket: socket.socket | None = None
        self._over = threading.Event()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    @property
    def over(self) -> bool:
        """Whether the time was over before `end`."""
        return self._over.is_set()

    def begin(self) -> None:
        """The time runs."""
        self._timer.start()

    def hold(self, made: socket.socket) -> None:
        """The connection's socket, which the response takes over from it."""
        self._socket = made

    def end(self) -> None:
        """There is an answer, or none will come."""
        self._timer.cancel()
        if self._socket is not None:
            self._socket.close()

    def _cut(self) -> None:
        self._over.set()
        made = self._socket or self._connection.sock
        if made is not None:
            with contextlib.suppress(OSError):
                made.shutdown(socket.SHUT_RDWR)


class Wire:
    """Blocking requests; any thread may call.

    `ca_bundle` replaces the system's authorities; `environment` has the proxy variables. `seconds` bounds each answer.
    """

    def __init__(
        self, *, ca_bundle: str = "", seconds: float = SECONDS, environment: Mapping[str, str] | None = None
    ) -> None:
        self._ca_bundle, self._seconds = ca_bundle, seconds
        self._environment = environment or {}
        self._context: ssl.SSLContext | None = None

    def get(self, url: str, *, bearer: str = "") -> Answer:
        """Raises `Why.UNREACHABLE`."""
        return self.send("GET", url, None, {"Authorization": f"Bearer {bearer}"} if bearer else {})

    def post(self, url: str, form: Parameters, *, basic: tuple[str, str] | None = None) -> Answer:
        """A form, as OAuth posts it; `basic`: client id and secret (RFC 6749 section 2.3.1). Raises `IdentityError`."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if basic is not None:
            pair = f"{quote_plus(basic[0])}:{quote_plus(basic[1])}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return self.send("POST", url, urlencode(form).encode(), headers)

    def send(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """One request, one answer. Raises `Why.UNREACHABLE`, also for 5xx: nobody has said no then."""
        parts = urlsplit(checked(url))
        target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        connection, target = self._connection(parts.scheme, parts.hostname or "", parts.port, target, url)
        limit = _Limit(connection, self._seconds)
        try:
            limit.begin()
            connection.connect()
            limit.hold(connection.sock)
            connection.request(method, target, body=body, headers={"Accept": "application/json", **headers})
            with connection.getresponse() as got:
                data = got.read(MOST_BYTES + 1)
                status, location = got.status, got.headers.get("Location", "")
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _unreachable(url, error, self._seconds if limit.over else 0) from None
        finally:
            limit.end()
            connection.close()
        if limit.over:
            # What was read before the cut is the beginning of an answer, which may say something else.
            raise _unreachable(url, TimeoutError(), self._seconds)
        if len(data) > MOST_BYTES:
            raise IdentityError(Why.UNREACHABLE, "the answer is too large to be one of an issuer", where=place(url))
        if status >= 500 or status == 429:
            raise IdentityError(
                Why.UNREACHABLE, f"the server cannot answer now (HTTP {status})", where=place(url),
                fix="look at the server's log; it is asked again while a task runs",
            )  # fmt: skip
        return Answer(status, _json(data), location)

    def _connection(
        self, scheme: str, host: str, port: int | None, target: str, url: str
    ) -> tuple[http.client.HTTPConnection, str]:
        proxy = self._proxy(host)
        if scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._seconds), target
        context = self._tls()
        if not proxy:
            return http.client.HTTPSConnection(host, port, timeout=self._seconds, context=context), target
        through = urlsplit(proxy if "//" in proxy else f"http://{proxy}")
        connection = http.client.HTTPSConnection(
            through.hostname or "", through.port or 3128, timeout=self._seconds, context=context
        )
        connection.set_tunnel(host, port or 443)
        return connection, target

    def _proxy(self, host: str) -> str:
        proxy, no = (self._environment.get(name) or self._environment.get(name.upper(), "")
                     for name in ("https_proxy", "no_proxy"))  # fmt: skip
        return "" if not proxy or is_loopback(host) or proxy_bypass_environment(host, {"no": no}) else proxy

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            try:
                self._context = ssl.create_default_context(cafile=self._ca_bundle or None)
            except (OSError, ssl.SSLError) as error:
                raise UsageError(f"the authorities cannot be read: {error}", where=self._ca_bundle) from None
        return self._context


def checked(url: str, *, where: str = "") -> str:
    """An `https` URL, or a `http` one that stays on this machine; without user, password or fragment.

    Raises `IdentityError`, with `where` the address came from: a token that crosses a network in the clear is
    everybody's.
    """
    try:
        parts = urlsplit(url)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        port_fits, parts = False, urlsplit("")
    host = parts.hostname or ""
    if parts.username is not None or parts.password is not None:
        raise IdentityError(Why.MISCONFIGURED, "an address has a user or a password in it", where=where,
                            fix="write it as https://HOST/realms/REALM")  # fmt: skip
    if not host or not port_fits or parts.fragment or any(letter <= " " for letter in url):
        raise IdentityError(Why.MISCONFIGURED, f"{told(url) or 'nothing'} is no address of a server", where=where,
                            fix="write it as https://HOST/realms/REALM")  # fmt: skip
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise IdentityError(Why.MISCONFIGURED, f"{told(url)} would send tokens in the clear", where=where,
                            fix="use https; http only for a server on 127.0.0.1")  # fmt: skip
    return url


def is_loopback(host: str) -> bool:
    """Whether packets for this host name never leave the machine (RFC 6761 for `localhost`)."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def place(url: str) -> str:
    """A URL without its query, for people."""
    return told(url.partition("?")[0])


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _unreachable(url: str, error: Exception, seconds: float) -> IdentityError:
    fix = "look at the network, at the proxy variables, and whether the server runs"
    if seconds or isinstance(error, TimeoutError):
        what = f"no answer within {seconds or SECONDS:.0f} s"
    elif isinstance(error, ssl.SSLError):
        what = f"no trusted connection: {told(getattr(error, 'verify_message', '') or error.reason or error)}"
        fix = "name the server's authority as `ca_bundle` in the identity configuration"
    elif isinstance(error, ConnectionRefusedError):
        what, fix = "nobody listens there", "start the server, or look at `issuer` in the identity configuration"
    else:
        what = f"no answer: {told(error) or type(error).__name__}"
    return IdentityError(Why.UNREACHABLE, what, where=place(url), fix=fix)
