"""What the first bytes of a tunnel are: TLS with its server name, plain HTTP, or something else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

LIMIT = 64 * 1024
"""Bytes of a tunnel's start that are kept while its protocol is not clear."""

_FIRST_LINE_LIMIT = 8 * 1024
_OLD_REQUEST = re.compile(rb"(?:GET|HEAD|POST)[ \t]+(?:/|https?:)", re.IGNORECASE)
"""A request without a version (HTTP/0.9): servers there are that read fields behind it all the same."""
_NOT_TEXT = re.compile(rb"[^\t\r\n -~]")
_HANDSHAKE, _CLIENT_HELLO, _SERVER_NAME, _HOST_NAME = 22, 1, 0, 0
_ENCRYPTED_HELLO = 0xFE0D
_CHANGE_CIPHER_SPEC = 20
_RECORDS = frozenset({20, 21, 22, 23, 24})
_LONGEST_RECORD = 16384 + 2048
_LONGEST_HELLO = 256 * 1024


class Opening(Enum):
    """How a tunnel begins. `PARTIAL` needs more bytes; `BROKEN` begins like TLS and is none."""

    PARTIAL = "partial"
    TLS = "TLS"
    HTTP = "HTTP"
    OTHER = "other"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Hello:
    """An opening and, for TLS, the server name it asks for (`None`: it names none).

    `encrypted`: another hello may lie in it, for a name that only the server can read (Encrypted Client Hello).
    """

    opening: Opening
    server_name: str | None = None
    encrypted: bool = False


_PARTIAL, _BROKEN = Hello(Opening.PARTIAL), Hello(Opening.BROKEN)


def read_hello(data: bytes) -> Hello:
    """Classify the client's first bytes; total, never raises.

    TLS is followed through every record that carries the ClientHello (RFC 8446 section 4.1.2, RFC 6066 section 3), so
    that splitting it does not hide its name.
    """
    if not data:
        return _PARTIAL
    if data[0] == _HANDSHAKE:
        return _read_tls(data)
    return _read_line(data)


def _read_line(data: bytes) -> Hello:
    """HTTP is what has `HTTP/` in its first line; servers skip empty lines before it (RFC 9112 section 2.2)."""
    text = data.lstrip(b"\r\n")
    line, end, _ = text.partition(b"\n")
    if b"HTTP/" in line.upper() or (end and _OLD_REQUEST.match(line)):
        return Hello(Opening.HTTP) if end else _PARTIAL
    if end or len(line) > _FIRST_LINE_LIMIT or _NOT_TEXT.search(line):
        return Hello(Opening.OTHER)
    return _PARTIAL


def _read_tls(data: bytes) -> Hello:
    message = bytearray()
    position = 0
    while True:
        if len(message) >= 4:
            wanted = 4 + int.from_bytes(message[1:4])
            if message[0] != _CLIENT_HELLO or wanted > LIMIT:
                return _BROKEN
            if len(message) >= wanted:
                return _read_client_hello(bytes(message[4:wanted]))
        header = data[position : position + 5]
        if (header and header[0] != _HANDSHAKE) or (len(header) > 1 and header[1] != 3):
            return _BROKEN
        if len(header) < 5:
            return _PARTIAL
        length = int.from_bytes(header[3:5])
        if not 0 < length <= 16384:
            return _BROKEN
        fragment = data[position + 5 : position + 5 + length]
        message += fragment
        if len(fragment) < length:
            return _PARTIAL
        position += 5 + length


class Hellos:
    """Every ClientHello that a client sends, however late: a server that asks for another one (HelloRetryRequest, RFC
    8446 section 4.1.4) may go by the name in that, and data that was sent early may stand in between.
    """

    def __init__(self) -> None:
        self._header = b""
        self._left = 0
        self._collects = False
        self._begins = False
        self._message = bytearray()

    def feed(self, data: bytes) -> list[Hello]:
        """The hellos that these bytes complete; the last is `BROKEN` where they are no TLS records."""
        found: list[Hello] = []
        at = 0
        while at < len(data):
            if self._left == 0:
                wanted = 5 - len(self._header)
                self._header += data[at : at + wanted]
                at += wanted
                if len(self._header) == 5 and not self._begin():
                    return [*found, _BROKEN]
                continue
            part = data[at : at + self._left]
            at += len(part)
            self._left -= len(part)
            if self._collects and (hello := self._collect(part)) is not None:
                found.append(hello)
                if hello.opening is Opening.BROKEN:
                    break
        return found

    def _begin(self) -> bool:
        kind, version, length = self._header[0], self._header[1], int.from_bytes(self._header[3:5])
        self._header, self._left = b"", length
        self._collects = self._begins = kind == _HANDSHAKE
        if kind not in (_HANDSHAKE, _CHANGE_CIPHER_SPEC):  # servers of TLS 1.3 pass over that one, wherever it stands
            self._message.clear()
        return kind in _RECORDS and version == 3 and length <= _LONGEST_RECORD

    def _collect(self, part: bytes) -> Hello | None:
        if self._begins and not self._message and part[0] != _CLIENT_HELLO:
            # Another message, or an encrypted one (TLS 1.2).
            self._collects = False
            return None
        self._begins = False
        self._message += part
        if len(self._message) < 4:
            return None
        length = 4 + int.from_bytes(self._message[1:4])
        if len(self._message) < length:
            return _BROKEN if len(self._message) > _LONGEST_HELLO else None
        hello = _read_client_hello(bytes(self._message[4:length]))
        self._message.clear()
        self._collects = False
        return hello


class _Cut(Exception):
    """A length field points past the end."""


class _Fields:
    """A cursor over length-prefixed fields."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def take(self, count: int) -> bytes:
        if count > len(self.data):
            raise _Cut
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def vector(self, length_bytes: int) -> bytes:
        return self.take(int.from_bytes(self.take(length_bytes)))


def _read_client_hello(body: bytes) -> Hello:
    try:
        fields = _Fields(body)
        fields.take(2 + 32)
        fields.vector(1)
        fields.vector(2)
        fields.vector(1)
        if not fields.data:
            return Hello(Opening.TLS)
        extensions = _Fields(fields.vector(2))
        names: list[bytes] = []
        encrypted = False
        while extensions.data:
            kind, content = int.from_bytes(extensions.take(2)), _Fields(extensions.vector(2))
            encrypted = encrypted or kind == _ENCRYPTED_HELLO
            if kind == _SERVER_NAME:
                entries = _Fields(content.vector(2))
                while entries.data:
                    if entries.take(1)[0] != _HOST_NAME:
                        return _BROKEN
                    names.append(entries.vector(2))
        if len(names) > 1:
            return _BROKEN
        return Hello(Opening.TLS, names[0].decode("ascii").lower() if names else None, encrypted)
    except (_Cut, UnicodeDecodeError):
        return _BROKEN
