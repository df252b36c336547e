"""One HTTP/1.1 connection to the cloud: a request goes out, its answer comes back while it arrives, one at a time.

Neither side is read faster than the other takes it: what is held of an answer is bounded by `HELD`, what is held of a
request by the transport's own limit.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Callable
from http import HTTPStatus
from typing import Any, Final, cast

from supervisor.gates.aws.answer_head import LONGEST_HEAD, AnswerHead, Chunks, Ends, NotHttp, read_answer_head

ANSWER_SECONDS: Final = 960.0
"""Between two pieces of an answer: a synchronous Lambda call may say nothing for its whole 15 minutes."""
HELD: Final = 1024 * 1024
"""Bytes of an answer that wait for the client at most, but for one more read of the socket."""
PIECE: Final = 256 * 1024
"""Bytes that are written at once."""
_HUNG_UP: Final = "hung up without an answer"

Body = bytes | AsyncIterable[bytes]


class Broke(Exception):
    """The cloud's side failed; `why` goes on after the name of its host."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class Answer:
    """The cloud's answer. Its body is read with `readany`; `release` it, read to its end or not."""

    def __init__(self, link: Link, head: AnswerHead) -> None:
        self._link = link
        self.status, self.reason, self.headers = head.status, head.reason, head.headers

    async def readany(self) -> bytes:
        """The next piece of the body, empty at its end. Raises `Broke`."""
        return await self._link.readany()

    def at_hand(self) -> bytes:
        """As `readany`, if a piece is there already, else empty."""
        return self._link.at_hand()

    def release(self) -> None:
        """Nobody reads on; a connection that nothing is left of is kept."""
        self._link.release()


class Link(asyncio.Protocol):
    """`free` is called with this when it may be used for another request, `lost` when it is closed."""

    def __init__(self, free: Callable[[Link], None], lost: Callable[[Link], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._free, self._lost = free, lost
        self._transport: asyncio.Transport | None = None
        self._method = ""
        self._head: asyncio.Future[AnswerHead] | None = None
        self._received = b""
        self._upload: asyncio.Task[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._more: asyncio.Future[None] | None = None
        self._pieces: deque[bytes] = deque()
        self._held, self._left = 0, 0
        self._chunks: Chunks | None = None
        self._ends = Ends.AT_ONCE
        self._over, self._stays = True, True
        self._wrong: Broke | None = None
        self._reads, self._writes = True, True
        self._last = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self.told = False
        """Whether anything came in answer to the last request."""

    @property
    def is_open(self) -> bool:
        """Whether another request may be sent."""
        return self._transport is not None and not self._transport.is_closing() and self._over and self._stays

    def close(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    # ── a request and its answer ─────────────────────────────────────────────────────────────────

    async def send(self, method: str, head: bytes, body: Body) -> Answer:
        """Send a request and wait for the head of its answer, which may come before the body is through.

        Raises `Broke`, and what reading `body` raises.
        """
        transport = self._transport
        if transport is None or transport.is_closing():
            raise Broke(_HUNG_UP)
        self._method, self._head = method, self._loop.create_future()
        self._over, self._stays, self.told, self._received = False, False, False, b""
        self._last = self._loop.time()
        self._watch = self._loop.call_later(ANSWER_SECONDS, self._look)
        try:
            if isinstance(body, bytes) and len(body) <= PIECE:
                transport.write(head + body)
            else:
                transport.write(head)
                self._upload = self._loop.create_task(self._write(body))
                self._upload.add_done_callback(self._written)
                either: set[asyncio.Future[Any]] = {self._upload, self._head}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if self._upload.done() and not (self._head.done() and self._head.exception() is None):
                    # A body that fails cuts the connection off, and that it is cut off says less.
                    self._upload.result()
            return Answer(self, await self._head)
        except BaseException:
            self.release()
            raise

    async def _write(self, body: Body) -> None:
        if isinstance(body, bytes):
            whole = memoryview(body)
            for start in range(0, len(whole), PIECE):
                if await self._is_refused():
                    return
                await self._write_piece(whole[start : start + PIECE])
            return
        async for piece in body:
            if await self._is_refused():
                return
            await self._write_piece(piece)

    async def _is_refused(self) -> bool:
        """Whether an error came already: nothing more of the body is sent then (RFC 9112, section 9.5).

        The loop reads first what has come. Who answers early hangs up soon, and a failed write would lose the answer.
        """
        await asyncio.sleep(0)
        if self._head is None or not self._head.done() or self._head.exception() is not None:
            return False
        refused = self._head.result().status >= HTTPStatus.BAD_REQUEST
        self._stays = self._stays and not refused
        return refused

    async def _write_piece(self, piece: bytes | memoryview) -> None:
        if self._transport is None or self._transport.is_closing():
            raise self._wrong or Broke(_HUNG_UP)
        self._transport.write(piece)
        self._last = self._loop.time()
        if not self._writes:
            self._drained = self._loop.create_future()
            await self._drained

    def _written(self, upload: asyncio.Task[None]) -> None:
        """Half a request is the last thing that is said on a connection."""
        if upload.cancelled() or upload.exception() is not None:
            self._stays = False
            self.close()

    async def readany(self) -> bytes:
        """See `Answer.readany`."""
        while not self._pieces:
            if self._wrong is not None:
                raise self._wrong
            if self._over:
                return b""
            self._more = self._loop.create_future()
            await self._more
        return self.at_hand()

    def at_hand(self) -> bytes:
        """See `Answer.at_hand`."""
        if not self._pieces:
            return b""
        piece = self._pieces.popleft()
        self._held -= len(piece)
        if not self._reads and self._held < HELD and self._transport is not None:
            self._reads = True
            self._transport.resume_reading()
        return piece

    def release(self) -> None:
        """See `Answer.release`."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._upload is not None:
            if not self._upload.done():
                self._stays = False
                self._upload.cancel()
            self._upload = None
        if self._pieces or not self.is_open:
            self.close()
            return
        self._free(self)

    # ── what comes (asyncio.Protocol) ────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=PIECE)

    def data_received(self, data: bytes) -> None:
        self.told, self._last = True, self._loop.time()
        if self._over:
            # Nothing was asked for: what comes now would be taken for the next answer.
            self._stays = False
            self.close()
            return
        try:
            if self._head is not None and not self._head.done():
                self._received += data
                data = self._read_head(self._head)
            if data and not self._over:
                self._take(data)
        except NotHttp:
            self._fail("answers with something that is not HTTP")

    def _read_head(self, waiting: asyncio.Future[AnswerHead]) -> bytes:
        """Returns what came of the body."""
        while True:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                if len(self._received) > LONGEST_HEAD or not b"HTTP/1.".startswith(self._received[:7]):
                    raise NotHttp("it does not begin with a status line, or its head is too long")
                return b""
            head = read_answer_head(self._received[:end], self._method)
            rest, self._received = self._received[end + 4 :], b""
            if head.status >= 200:
                break
            self._received = rest
        self._ends, self._left, self._stays = head.ends, head.length, head.stays
        self._chunks = Chunks() if head.ends is Ends.CHUNKS else None
        self._over = head.ends is Ends.AT_ONCE
        waiting.set_result(head)
        if self._over and rest:
            raise NotHttp("it goes on after its end")
        return rest

    def _take(self, data: bytes) -> None:
        if self._chunks is not None:
            for piece in self._chunks.feed(data):
                self._keep(piece)
            self._over = self._chunks.is_over
            self._stays = self._stays and not self._chunks.rest
        elif self._ends is Ends.LENGTH:
            if len(data) > self._left:
                data, self._stays = data[: self._left], False
            self._left -= len(data)
            self._over = not self._left
            self._keep(data)
        else:
            self._keep(data)
        self._wake()

    def _keep(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._held += len(piece)
        if self._held >= HELD and self._reads and self._transport is not None:
            self._reads = False
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        self._writes = False

    def resume_writing(self) -> None:
        self._writes = True
        self._settle(self._drained)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._lost(self)
        if self._ends is Ends.CLOSE and error is None and self._head is not None and self._head.done():
            self._over = True
        said = error.strerror if isinstance(error, OSError) and error.strerror else ""
        self._fail(f"broke off: {said}" if said else _HUNG_UP)

    # ── what goes wrong ──────────────────────────────────────────────────────────────────────────

    def _fail(self, why: str) -> None:
        """The answer ends here; where it is over already nothing is lost."""
        self._stays = False
        if self._head is not None and not self._head.done():
            self._head.set_exception(Broke(why))
            # Whoever sends may fail by another reason first.
            self._head.exception()
        elif not self._over and self._wrong is None:
            self._wrong = Broke("broke off its answer" if why == _HUNG_UP else f"broke off its answer: it {why}")
        self._settle(self._drained)
        self._wake()
        self.close()

    def _look(self) -> None:
        quiet = self._loop.time() - self._last
        if quiet >= ANSWER_SECONDS and self._reads:
            self._fail("does not answer")
            return
        self._watch = self._loop.call_later(max(1.0, ANSWER_SECONDS - quiet), self._look)

    def _wake(self) -> None:
        self._settle(self._more)

    @staticmethod
    def _settle(waiting: asyncio.Future[None] | None) -> None:
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
