"""One plain HTTP request on its way out: read strictly, checked against its target, written anew.

What is forwarded is what was understood: the request is parsed by one h11 connection and written by another, so a
header or a length that two servers read differently never leaves the cell. A connection carries one request; a second
one is refused, because nobody decided about it.
"""

from __future__ import annotations

import re

import h11

from supervisor.gates.network.target import HTTP_PORT, BadTarget, Target, from_absolute, from_authority

HEAD_LIMIT = 32 * 1024
"""Bytes of a request's line and headers."""

_HOP_BY_HOP = frozenset({
    b"connection", b"proxy-connection", b"keep-alive", b"te", b"trailer", b"upgrade",
    b"proxy-authenticate", b"proxy-authorization", b"proxy-authentication-info",
})  # fmt: skip
_NEVER_HOP_BY_HOP = frozenset({b"host", b"content-length", b"transfer-encoding", b"authorization", b"cookie"})
# A bare CR or LF, a folded line and a space before the colon are read differently by different servers.
_BARE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n|\r\n[ \t]|\x00")
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")
_REQUEST_LINE = re.compile(rb"[!-~]+ [!-~]+ HTTP/1\.[01]\r\n")


class Refused(Exception):
    """What the client sent is not forwarded; the text says why, `status` is the HTTP status for it."""

    def __init__(self, why: str, status: int = 400) -> None:
        self.why, self.status = why, status
        super().__init__(why)


def end_of_head(data: bytes | bytearray) -> int:
    """The length of the request head at the start of `data`, 0 while incomplete; raises `Refused`."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        if len(data) > HEAD_LIMIT:
            raise Refused("the request head is longer than 32 KiB", 431)
        if _BARE_LINE_FEED.search(data):
            raise Refused("the lines of a request end in CR LF")
        return 0
    if end + 4 > HEAD_LIMIT:
        raise Refused("the request head is longer than 32 KiB", 431)
    return end + 4


def read_head(head: bytes) -> tuple[h11.Connection, h11.Request]:
    """Parse a whole request head; the connection goes on to read the body. Raises `Refused`."""
    if not _REQUEST_LINE.match(head) or _BARE_LINE_END.search(head):
        raise Refused("the request head is not plain HTTP/1.1")
    reader = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT)
    try:
        reader.receive_data(head)
        event = reader.next_event()
    except h11.RemoteProtocolError as error:
        raise Refused(str(error), error.error_status_hint) from error
    if not isinstance(event, h11.Request):
        raise Refused("no request")
    names = [name for name, _ in event.headers]
    if b"content-length" in names and b"transfer-encoding" in names:
        raise Refused("both Content-Length and Transfer-Encoding")
    if event.http_version == b"1.0" and b"transfer-encoding" in names:
        raise Refused("Transfer-Encoding in HTTP/1.0")
    return reader, event


def connect_target(request: h11.Request) -> Target:
    """The target of a CONNECT; raises `Refused` when it is unclear or its Host names another."""
    try:
        target = from_authority(request.target.decode("ascii"))
    except BadTarget as error:
        raise Refused(f"the CONNECT target is refused: {error}") from error
    for name, value in request.headers:
        if name == b"host":
            _same_target(value, target, default_port=target.port)
        if name in (b"content-length", b"transfer-encoding") and value != b"0":
            raise Refused("a CONNECT carries no body")
    return target


def url_target(request: h11.Request) -> tuple[Target, str]:
    """Target and path of an absolute-form request; raises `Refused` when its Host names another."""
    try:
        target, path = from_absolute(request.target.decode("ascii"))
    except BadTarget as error:
        raise Refused(f"the request target is refused: {error}") from error
    for name, value in request.headers:
        if name == b"host":
            _same_target(value, target, default_port=HTTP_PORT)
    return target, path


def tunnelled_path(request: h11.Request, target: Target) -> str:
    """The path of a plain request inside a tunnel to `target`; raises `Refused` when it is meant for another host."""
    text = request.target.decode("ascii")
    if request.method == b"CONNECT":
        raise Refused("a CONNECT inside a tunnel")
    path = text
    if not text.startswith("/") and text != "*":
        inner, path = url_target(request)
        if inner != target:
            raise Refused(f"the request inside the tunnel is for {inner.authority}, not {target.authority}")
    hosts = [value for name, value in request.headers if name == b"host"]
    if not hosts:
        raise Refused("the request inside the tunnel names no Host")
    for value in hosts:
        _same_target(value, target, default_port=target.port)
    return path


def _same_target(value: bytes, target: Target, *, default_port: int) -> None:
    try:
        named = from_authority(value.decode("ascii"), default_port)
    except (BadTarget, UnicodeDecodeError) as error:
        raise Refused(f"the Host field is refused: {error}") from error
    if named != target:
        raise Refused(f"the Host field names {named.authority}, the request goes to {target.authority}")


class OneRequest:
    """The body of one request, and its forwarded form. `keep_upgrade` lets a protocol upgrade (websocket) through."""

    def __init__(self, reader: h11.Connection, request: h11.Request, path: str, *, keep_upgrade: bool = False) -> None:
        self._reader = reader
        self._writer = h11.Connection(h11.CLIENT)
        # Only a websocket stays one exchange with one host: HTTP/2 would carry requests that nobody decided on.
        asked = [value.strip().lower() for name, value in request.headers if name == b"upgrade"]
        self.upgrades = keep_upgrade and asked == [b"websocket"]
        headers = _forwarded(request, self.upgrades)
        self._out = [
            self._writer.send(h11.Request(method=request.method, target=path.encode("ascii"), headers=headers)) or b""
        ]
        self.complete = False

    def feed(self, data: bytes) -> bytes:
        """Take bytes of the body and return what goes out; raises `Refused` for anything after the request's end."""
        if self.complete and data:
            raise Refused("a second request on one connection; open another")
        try:
            if data:
                self._reader.receive_data(data)
            while not self.complete:
                event = self._reader.next_event()
                if isinstance(event, h11.Data | h11.EndOfMessage):
                    # Trailers are headers that arrive after the decision: dropped.
                    kept = h11.EndOfMessage() if isinstance(event, h11.EndOfMessage) else event
                    self._out.append(self._writer.send(kept) or b"")
                    self.complete = isinstance(event, h11.EndOfMessage)
                else:
                    break
        except (h11.RemoteProtocolError, h11.LocalProtocolError) as error:
            raise Refused(str(error)) from error
        if self.complete and self._reader.trailing_data[0] and not self.upgrades:
            raise Refused("a second request on one connection; open another")
        out, self._out = b"".join(self._out), []
        return out

    def after_end(self) -> bytes:
        """Bytes that follow the request: the start of the upgraded protocol."""
        return self._reader.trailing_data[0]


def _forwarded(request: h11.Request, upgrades: bool) -> list[tuple[bytes, bytes]]:
    dropped = set(_HOP_BY_HOP)
    for name, value in request.headers:
        if name == b"connection":
            dropped |= {token.strip().lower() for token in value.split(b",")}
    hidden = dropped & _NEVER_HOP_BY_HOP
    if hidden:
        raise Refused(f"the Connection field would remove {b', '.join(sorted(hidden)).decode('ascii', 'replace')}")
    headers = [(raw, value) for raw, value in request.headers.raw_items() if raw.lower() not in dropped]
    if upgrades:
        headers += [(b"Upgrade", value) for name, value in request.headers if name == b"upgrade"]
        headers.append((b"Connection", b"Upgrade"))
    else:
        headers.append((b"Connection", b"close"))
    return headers
