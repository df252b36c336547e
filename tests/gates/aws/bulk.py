"""A cloud that takes uploads of any size without keeping them and makes up downloads of any size."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PIECE = bytes(range(256)) * 1024


@dataclass
class Bulk:
    """`taken` has the length and SHA-256 of each body; nothing is read of any while `reads` is not set.

    `written` counts the bytes of answers, `more` is set with each addition.
    """

    url: str = ""
    taken: list[tuple[int, str]] = field(default_factory=list)
    reads: threading.Event = field(default_factory=threading.Event)
    written: int = 0
    more: threading.Event = field(default_factory=threading.Event)


def pieces(size: int) -> Iterator[bytes]:
    """A made-up body of `size` bytes."""
    while size > 0:
        yield PIECE[:size]
        size -= len(PIECE)


def digest(size: int) -> tuple[int, str]:
    """What is `taken` of a made-up body."""
    hashed = hashlib.sha256()
    for piece in pieces(size):
        hashed.update(piece)
    return size, hashed.hexdigest()


@contextmanager
def bulk_cloud() -> Iterator[Bulk]:
    """Answers `{}` to everything but a GET, whose path ends in the number of bytes that it gets."""
    bulk = Bulk()
    bulk.reads.set()

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            size = int(self.path.rpartition("-")[2])
            self._head(size)
            with suppress(OSError):
                for piece in pieces(size):
                    self.wfile.write(piece)
                    bulk.written += len(piece)
                    bulk.more.set()

        def do_PUT(self) -> None:
            bulk.reads.wait(30)
            left, hashed = int(self.headers["Content-Length"]), hashlib.sha256()
            size = left
            while left > 0:
                piece = self.rfile.read(min(left, len(PIECE)))
                if not piece:
                    break
                hashed.update(piece)
                left -= len(piece)
            bulk.taken.append((size - left, hashed.hexdigest()))
            self._head(2)
            self.wfile.write(b"{}")

        do_POST = do_PUT

        def _head(self, length: int) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(length))
            self.send_header("x-amzn-RequestId", "bulk")
            self.end_headers()

        def log_message(self, *words: Any) -> None:
            """Nothing is said."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *about: object) -> None:
            """Who hangs up does so on purpose."""

    with Server(("127.0.0.1", 0), Answers) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        bulk.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield bulk
        finally:
            bulk.reads.set()
            server.shutdown()
            thread.join()
