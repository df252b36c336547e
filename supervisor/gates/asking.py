"""A gate's questions, from an event loop: the desk answers at once or later, a fault or a silence of it denies."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from supervisor.gates.offloop import off_loop
from supervisor.gates.protocol import HELD, Desk
from supervisor.model.decision import By, Verdict
from supervisor.model.effect import Effect
from supervisor.model.request import Action, GateName, Process, Request
from supervisor.model.visible import visible

REPLY_SECONDS = 60.0
"""How long the desk may take for its first word; a human's answer is waited for without limit."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A question that was put to the desk: its first word, or what went wrong; `answer` is set when a held one ends."""

    request_id: str
    reply: object
    answer: asyncio.Future[Verdict]

    @property
    def verdict(self) -> Verdict | None:
        """The final word, if it is there already."""
        return self.reply if isinstance(self.reply, Verdict) else None


def _fault(message: str) -> Verdict:
    return Verdict(Effect.DENY, By.FAULT, message)


class Asking:
    """What is asked and not yet answered, on one event loop."""

    def __init__(self, desk: Desk, gate: GateName, *, reply_seconds: float = REPLY_SECONDS) -> None:
        self._desk, self._gate, self._reply_seconds = desk, gate, reply_seconds
        self._waiting: dict[str, asyncio.Future[Verdict]] = {}
        self._loop = asyncio.get_running_loop()

    async def ask(
        self,
        action: Action | Callable[[], Action],
        chain: tuple[Process, ...],
        hung_up: Callable[[], Awaitable[None]],
        *,
        locked: str = "",
        at_once: Callable[[str, Verdict], None] | None = None,
    ) -> tuple[str, Verdict | None]:
        """Ask about an action; returns the request's id and the verdict, `None` when the client hung up meanwhile.

        `action` may be a function that works it out, off the loop. `hung_up` is awaited while a human is asked; it
        returns when nobody waits for the answer any more. `locked` says why this gate refuses whatever the answer is:
        the question is put on record, nobody is kept waiting. `at_once` is called with the request's id and an allow
        that nobody had to be waited for, off the loop too; it must not raise.
        """
        opened: list[Request] = []
        answer: asyncio.Future[Verdict] = self._loop.create_future()

        def put() -> object:
            about = action() if callable(action) else action
            request = self._desk.new_request(self._gate, about, chain)
            opened.append(request)
            self._waiting[request.id] = answer
            reply = self._desk.ask(request)
            if at_once is not None and not locked and isinstance(reply, Verdict) and reply.allowed:
                at_once(request.id, reply)
            return reply

        try:
            async with asyncio.timeout(self._reply_seconds):
                reply = await off_loop(put)
            request_id = opened[0].id
            if locked:
                await self._lock(request_id, reply, locked)
                return request_id, Verdict(Effect.DENY, By.POLICY, locked)
            if reply is HELD:
                return request_id, await self._held(request_id, answer, hung_up)
            if isinstance(reply, Verdict):
                return request_id, reply
            raise TypeError(f"the session answered with {type(reply).__name__}")
        except asyncio.CancelledError:
            # The gate stops while the session is still deciding: whatever it says, nobody waits for it.
            if opened and not answer.done():
                await self._tell(self._desk.withdraw, opened[0].id, "the gate stopped")
            raise
        except Exception as error:
            what = "the session did not answer" if isinstance(error, TimeoutError) else visible(str(error))
            await self.fault(f"denied, because the decision failed: {what}")
            return opened[0].id if opened else "", _fault("denied: the supervisor could not decide")
        finally:
            if opened:
                self._waiting.pop(opened[0].id, None)

    def begin(self, action: Action, chain: tuple[Process, ...]) -> Begun:
        """Put a question to the desk here and now: for a desk that is known to be free. `end` gives its final word."""
        answer: asyncio.Future[Verdict] = self._loop.create_future()
        request_id = ""
        try:
            request = self._desk.new_request(self._gate, action, chain)
            request_id = request.id
            self._waiting[request_id] = answer
            reply: object = self._desk.ask(request)
        except Exception as error:
            reply = error
        if reply is not HELD:
            self._waiting.pop(request_id, None)
        return Begun(request_id, reply, answer)

    async def end(self, begun: Begun, hung_up: Callable[[], Awaitable[None]]) -> Verdict | None:
        """The verdict on what was begun, as `ask` gives it."""
        if begun.verdict is not None:
            return begun.verdict
        if begun.reply is HELD:
            try:
                return await self._held(begun.request_id, begun.answer, hung_up)
            finally:
                self._waiting.pop(begun.request_id, None)
        await self.fault(f"denied, because the decision failed: {visible(str(begun.reply))}")
        return _fault("denied: the supervisor could not decide")

    async def _held(
        self, request_id: str, answer: asyncio.Future[Verdict], hung_up: Callable[[], Awaitable[None]]
    ) -> Verdict | None:
        watch = asyncio.ensure_future(hung_up())
        either: set[asyncio.Future[Any]] = {answer, watch}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            watch.cancel()
        if answer.done():
            return answer.result()
        await self._tell(self._desk.withdraw, request_id, "the client hung up")
        return None

    async def _lock(self, request_id: str, reply: object, why: str) -> None:
        if reply is HELD:
            await self._tell(self._desk.withdraw, request_id, why)
        elif isinstance(reply, Verdict) and reply.allowed:
            await self.ended(request_id, detail=f"refused by the {self._gate} gate: {why}", sent=0, received=0)

    def deliver(self, request_id: str, verdict: Verdict) -> None:
        """The final word on what is held, from any thread."""
        checked = verdict if isinstance(verdict, Verdict) else _fault("denied: the session's answer made no sense")
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._settle, request_id, checked)

    def _settle(self, request_id: str, verdict: Verdict) -> None:
        answer = self._waiting.get(request_id)
        if answer is not None and not answer.done():
            answer.set_result(verdict)

    async def ended(self, request_id: str, *, detail: str, sent: int, received: int) -> None:
        """Tell the session how an allowed connection came to its end."""
        await self._tell(self._desk.ended, request_id, detail=visible(detail), sent=sent, received=received)

    async def answered(self, request_id: str, status: int, *, aws_request_id: str = "", detail: str = "") -> None:
        """Tell the session what the cloud said to an allowed call; `status` 0 = nothing was sent or nothing came."""
        await self._tell(self._desk.answered, request_id, status, aws_request_id=aws_request_id, detail=visible(detail))

    def answered_here(self, request_id: str, status: int, *, aws_request_id: str = "", detail: str = "") -> None:
        """As `answered`, here and now: for a desk that is known to be free."""
        with suppress(Exception):
            self._desk.answered(request_id, status, aws_request_id=aws_request_id, detail=visible(detail))

    async def fault(self, what: str) -> None:
        """Tell the session that something was refused because it could not be decided."""
        await self._tell(self._desk.fault, self._gate, what)

    async def _tell(self, call: Callable[..., None], *args: object, **kwargs: object) -> None:
        # A session that is gone cannot be told; what was asked of it has been denied already.
        with suppress(Exception):
            await off_loop(call, *args, **kwargs)
