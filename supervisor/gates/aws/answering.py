"""The cloud's answer on its way to the client: written as it came, not faster than the client takes it."""

from __future__ import annotations

from typing import Final

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter

from supervisor.gates.aws.link import Answer

_HOP_BY_HOP: Final = frozenset(
    "connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade alt-svc".split()
)


class Passed(web.StreamResponse):
    """An answer that is already with the client when the server asks for it: `send` is all that writes.

    Nothing is added to what the cloud said, and head and body leave together where they came together.
    """

    def __init__(self, request: web.BaseRequest, answer: Answer) -> None:
        super().__init__(status=answer.status, reason=answer.reason)
        self._to, self._answer = request, answer
        has_body = request.method != hdrs.METH_HEAD and answer.status not in (204, 304)
        is_open = has_body and hdrs.CONTENT_LENGTH not in answer.headers
        self._in_chunks = is_open and request.version >= HttpVersion11
        self._stays = request.keep_alive and request.version >= HttpVersion11 and not (is_open and not self._in_chunks)
        self.begun = False

    @property
    def keep_alive(self) -> bool | None:
        """Whether the client may send its next request on this connection."""
        return self._stays

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Nothing is left to do."""
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to do."""

    async def send(self, start: bytes = b"") -> None:
        """Write it all; `start` was read of its body before. Raises `Broke`, and `OSError` where the client is gone."""
        self.begun = True
        await self._write(self._head() + self._framed(start or self._answer.at_hand()))
        while piece := await self._answer.readany():
            await self._write(self._framed(piece))
        if self._in_chunks:
            await self._write(b"0\r\n\r\n")

    def break_off(self) -> None:
        """The client sees an answer that is cut short, as it would without us."""
        self._stays = False
        if self._to.transport is not None:
            self._to.transport.close()

    async def _write(self, data: bytes) -> None:
        transport = self._to.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client hung up")
        transport.write(data)
        if self._to.protocol.writing_paused:
            await self._to.writer.drain()

    def _framed(self, piece: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(piece), piece) if piece and self._in_chunks else piece

    def _head(self) -> bytes:
        answer = self._answer
        named = {name.strip().lower() for name in answer.headers.get(hdrs.CONNECTION, "").split(",")}
        lines = [f"HTTP/1.1 {answer.status} {answer.reason}"]
        for name, value in answer.headers.items():
            lower = name.lower()
            if lower not in _HOP_BY_HOP and lower not in named:
                lines.append(f"{name}: {value}")
        if self._in_chunks:
            lines.append("Transfer-Encoding: chunked")
        if not self._stays:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")
