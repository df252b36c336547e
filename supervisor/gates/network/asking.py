"""A gate's questions, from an event loop: the desk answers at once or later, a fault or a silence of it denies."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from supervisor.gates.network.offloop import off_loop
from supervisor.gates.protocol import HELD, Desk
from supervisor.model.decision import By, Verdict
from supervisor.model.effect import Effect
from supervisor.model.request import Action, Process, Request
from supervisor.model.visible import visible

REPLY_SECONDS = 60.0
"""How long the desk may take for its first word; a human's answer is waited for without limit."""


def _fault(message: str) -> Verdict:
    return Verdict(Effect.DENY, By.FAULT, message)


class Asking:
    """What is asked and not yet answered, on one event loop."""

    def __init__(self, desk: Desk, *, reply_seconds: float = REPLY_SECONDS) -> None:
        self._desk, self._reply_seconds = desk, reply_seconds
        self._waiting: dict[str, asyncio.Future[Verdict]] = {}
        self._loop = asyncio.get_running_loop()

    async def ask(
        self, action: Action, chain: tuple[Process, ...], hung_up: Callable[[], Awaitable[None]], *, locked: str = ""
    ) -> tuple[str, Verdict | None]:
        """Ask about an action; returns the request's id and the verdict, `None` when the client hung up meanwhile.

        `hung_up` is awaited while a human is asked; it returns when nobody waits for the answer any more. `locked`
        says why this gate refuses whatever the answer is: the question is put on record, nobody is kept waiting.
        """
        request: Request | None = None
        try:
            request = await off_loop(self._desk.new_request, "network", action, chain)
            answer: asyncio.Future[Verdict] = self._loop.create_future()
            self._waiting[request.id] = answer
            async with asyncio.timeout(self._reply_seconds):
                reply = await off_loop(self._desk.ask, request)
            if locked:
                await self._lock(request.id, reply, locked)
                return request.id, Verdict(Effect.DENY, By.POLICY, locked)
            if reply is HELD:
                return request.id, await self._held(request, answer, hung_up)
            if isinstance(reply, Verdict):
                return request.id, reply
            raise TypeError(f"the session answered with {type(reply).__name__}")
        except asyncio.CancelledError:
            # The gate stops while the session is still deciding: whatever it says, nobody waits for it.
            if request is not None and request.id in self._waiting and not self._waiting[request.id].done():
                await self._tell(self._desk.withdraw, request.id, "the gate stopped")
            raise
        except Exception as error:
            what = "the session did not answer" if isinstance(error, TimeoutError) else visible(str(error))
            await self.fault(f"denied, because the decision failed: {what}")
            return request.id if request else "", _fault("denied: the supervisor could not decide")
        finally:
            if request is not None:
                self._waiting.pop(request.id, None)

    async def _held(
        self, request: Request, answer: asyncio.Future[Verdict], hung_up: Callable[[], Awaitable[None]]
    ) -> Verdict | None:
        watch = asyncio.ensure_future(hung_up())
        either: set[asyncio.Future[Any]] = {answer, watch}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            watch.cancel()
        if answer.done():
            return answer.result()
        await self._tell(self._desk.withdraw, request.id, "the client hung up")
        return None

    async def _lock(self, request_id: str, reply: object, why: str) -> None:
        if reply is HELD:
            await self._tell(self._desk.withdraw, request_id, why)
        elif isinstance(reply, Verdict) and reply.allowed:
            await self.ended(request_id, detail=f"refused by the network gate: {why}", sent=0, received=0)

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

    async def fault(self, what: str) -> None:
        """Tell the session that something was refused because it could not be decided."""
        await self._tell(self._desk.fault, "network", what)

    async def _tell(self, call: Callable[..., None], *args: object, **kwargs: object) -> None:
        # A session that is gone cannot be told; what was asked of it has been denied already.
        with suppress(Exception):
            await off_loop(call, *args, **kwargs)
