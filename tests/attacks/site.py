"""The one place that the attacks' scope lets a session reach, which tells what it should never have been asked."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress
from typing import Final

QUIET_SECONDS: Final = 0.3
"""How long it waits for what may be smuggled behind a request."""
_MOST: Final = 1 << 20
_HEAD_END: Final = b"\r\n\r\n"


class Site:
    """A small web server on this host's loopback. It answers each connection's first request, and reads on."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._said: list[str] = []
        self._lock = threading.Lock()
        threading.Thread(target=self._serve, name="site", daemon=True).start()

    def harm(self) -> dict[str, str]:
        """What it was asked since the last time that no allowed connection may carry."""
        with self._lock:
            said, self._said = self._said, []
        return {"outside": f"the allowed site {'; '.join(said[:3])}"} if said else {}

    def stop(self) -> None:
        """Answer nobody any more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(5)
            data = b""
            while (length := _request_length(data)) is None and len(data) < _MOST:
                more = connection.recv(65536)
                if not more:
                    return
                data += more
            if data[:1] == b"\x16":
                self._note(f"was sent a TLS hello: {data[:200]!r}")
                return
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsite\n")
            connection.settimeout(QUIET_SECONDS)
            rest = data[length:]
            with suppress(TimeoutError):
                while len(rest) < _MOST and (more := connection.recv(65536)):
                    rest += more
            self._judge(data[:length], rest)

    def _judge(self, request: bytes, rest: bytes) -> None:
        head = request.partition(_HEAD_END)[0]
        hosts = re.findall(rb"(?im)^host[ \t]*:[ \t]*([^\r\n]*)", head)
        own = (b"127.0.0.1:%d" % self.port, b"127.0.0.1")
        if [host for host in hosts if host.strip() not in own] or len(hosts) != 1:
            self._note(f"was asked for another host: {head[:300]!r}")
        if re.search(rb"(?<!\r)\n|\r(?!\n)|\x00|\n[ \t]", head):
            self._note(f"was sent lines that servers read differently: {head[:300]!r}")
        if len(re.findall(rb"(?im)^(?:content-length|transfer-encoding)[ \t]*:", head)) > 1:
            self._note(f"was told two lengths: {head[:300]!r}")
        if rest:
            self._note(f"was sent more behind the request: {rest[:300]!r}")

    def _note(self, said: str) -> None:
        with self._lock:
            self._said.append(said)


def _chunks_end(data: bytes, at: int) -> int | None:
    """Where a chunked body that begins at `at` ends, `None` while it is not whole."""
    while (line := re.compile(rb"([0-9A-Fa-f]+)[^\r\n]*\r?\n").match(data, at)) is not None:
        size = int(line[1], 16)
        if size == 0:
            end = data.find(b"\r\n", line.end())
            return end + 2 if end >= 0 else None
        at = line.end() + size + 2
    return None


def _request_length(data: bytes) -> int | None:
    """The length of the request at the start of `data`, `None` while it is not whole."""
    if data[:1] == b"\x16":
        return len(data)
    end = data.find(_HEAD_END)
    if end < 0:
        return None
    head, body = data[:end].lower(), end + 4
    if re.search(rb"(?m)^transfer-encoding[ \t]*:.*chunked", head):
        return _chunks_end(data, body)
    found = re.search(rb"(?m)^content-length[ \t]*:[ \t]*([0-9]+)", head)
    length = body + (int(found[1]) if found else 0)
    return length if len(data) >= length else None
