"""An AWS that answers as it should but for what it is told to break: the wire behind it is a real one."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

Break = Callable[[socket.socket], None]
"""What is done with the client's connection in place of an answer."""
_HEAD_END: Final = b"\r\n\r\n"
_MOST_READ: Final = 1 << 16
SECONDS: Final = 30.0


@dataclass
class Crooked:
    """Stands before the AWS at `behind`; `broken` maps a text of a request's first bytes to what becomes of it."""

    behind: str
    listener: socket.socket
    broken: dict[bytes, Break] = field(default_factory=dict)
    seen: list[bytes] = field(default_factory=list)
    """The first bytes of each request, head and small bodies."""

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def count(self, text: bytes) -> int:
        """How many requests had this text."""
        return sum(text in one for one in self.seen)

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        with contextlib.suppress(OSError):
            while True:
                connection = self.listener.accept()[0]
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            client.settimeout(SECONDS)
            first = _first(client)
            if not first:
                return
            self.seen.append(first)
            # One answer a connection, so that each request is looked at.
            for text, broken in tuple(self.broken.items()):
                if text in first:
                    broken(client)
                    return
            parts = urlsplit(self.behind)
            with socket.create_connection((parts.hostname, parts.port), timeout=SECONDS) as cloud:
                head, _, rest = first.partition(_HEAD_END)
                cloud.sendall(head + b"\r\nConnection: close" + _HEAD_END + rest)
                up = threading.Thread(target=_pump, args=(client, cloud), daemon=True)
                up.start()
                _pump(cloud, client)


def _first(client: socket.socket) -> bytes:
    """The head, and the body as far as it is small and announced."""
    found = b""
    while _HEAD_END not in found:
        more = client.recv(_MOST_READ)
        if not more:
            return found
        found += more
    head, _, body = found.partition(_HEAD_END)
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length < _MOST_READ:
        more = client.recv(_MOST_READ)
        if not more:
            break
        body += more
    return head + _HEAD_END + body


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_MOST_READ):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


# ── ways to break ────────────────────────────────────────────────────────────────────────────────


def says(answer: bytes) -> Break:
    """Answer these bytes and hang up as servers do: what is still on its way is read, or a reset took the answer."""

    def broken(client: socket.socket) -> None:
        client.sendall(answer)
        client.shutdown(socket.SHUT_WR)
        while client.recv(_MOST_READ):
            pass

    return broken


def resets(client: socket.socket) -> None:
    """A TCP reset (SO_LINGER with 0 seconds, socket(7))."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hangs_up(client: socket.socket) -> None:
    """An end without an answer."""


def keeps_silent(client: socket.socket) -> None:
    """No answer for as long as the client waits."""
    client.recv(1)


def error(status: int, code: str, message: str) -> Break:
    """An error of a query service."""
    body = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        "<RequestId>from-aws</RequestId></ErrorResponse>"
    ).encode()
    head = f"HTTP/1.1 {status} No\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return says(head.encode() + body)


@contextmanager
def crooked(behind: str) -> Iterator[Crooked]:
    """One before the AWS at this URL, for the length of a block."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        aws = Crooked(behind, listener)
        serving = threading.Thread(target=aws.serve, daemon=True)
        serving.start()
        try:
            yield aws
        finally:
            # Closing alone does not wake an accept (close(2)).
            listener.shutdown(socket.SHUT_RDWR)
            serving.join(SECONDS)
