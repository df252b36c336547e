"""Frames between us and the process that works conditions out: a length of four bytes, then JSON text in UTF-8."""

from __future__ import annotations

import select
import socket
import struct
import time
from typing import Final

LONGEST: Final = 64 << 20
_HEAD: Final = struct.Struct("!I")


class Late(Exception):
    """The other end did not answer in time."""


class Closed(Exception):
    """The other end is gone."""


def send(link: socket.socket, text: str) -> None:
    """Send one frame; raises `Closed`, or `Late` after the socket's own timeout."""
    data = text.encode("utf-8", "surrogatepass")
    try:
        link.sendall(_HEAD.pack(len(data)) + data)
    except TimeoutError as error:
        raise Late from error
    except OSError as error:
        raise Closed from error


def receive(link: socket.socket, until: float | None = None) -> str:
    """One frame, before the monotonic moment `until`; raises `Late` or `Closed`."""
    size = _HEAD.unpack(_exactly(link, _HEAD.size, until))[0]
    if size > LONGEST:
        raise Closed
    return _exactly(link, size, until).decode("utf-8", "surrogatepass")


def _exactly(link: socket.socket, size: int, until: float | None) -> bytes:
    parts: list[bytes] = []
    while size:
        if until is not None:
            left = until - time.monotonic()
            if left <= 0 or not select.select([link], [], [], left)[0]:
                raise Late
        try:
            part = link.recv(min(size, 1 << 20))
        except OSError as error:
            raise Closed from error
        if not part:
            raise Closed
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
