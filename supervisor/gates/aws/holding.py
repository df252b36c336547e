"""Calls that wait for a human, over the client's own time limits: a retry finds the question that it asked before.

A client is kept waiting for as long as its protocol allows, then told to come again; its question stays. The same call
is not asked about anew when it comes back: it takes the place of the one that left. A call that nobody comes back for
is withdrawn, and an answer that nobody fetches is worth nothing after a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

HOLD_SECONDS: Final = 50.0
"""Below the 60 seconds for which botocore waits for an answer by default (botocore.config, `read_timeout`)."""
RETURN_SECONDS: Final = 90.0
"""How long a client that was told to come again may stay away: longer than any SDK waits before a retry (20 s)."""

T = TypeVar("T")
Ask = Callable[[Callable[[], Awaitable[None]]], Coroutine[None, None, T]]
"""Asks about a call; what it is given returns when nobody waits for the answer any more."""


@dataclass(slots=True)
class _Question(Generic[T]):
    task: asyncio.Task[T]
    unfetched: Callable[[T], None]
    left: asyncio.Event = field(default_factory=asyncio.Event)
    timer: asyncio.TimerHandle | None = None

    def leave(self) -> None:
        """Nobody waits any more; what comes of it all the same is told."""
        self.left.set()
        self.task.add_done_callback(self._tell)

    def _tell(self, task: asyncio.Task[T]) -> None:
        if not task.cancelled() and task.exception() is None:
            self.unfetched(task.result())


class Holding(Generic[T]):
    """The questions whose clients are away, by what the call is."""

    def __init__(self, *, hold_seconds: float = HOLD_SECONDS, return_seconds: float = RETURN_SECONDS) -> None:
        self._hold_seconds, self._return_seconds = hold_seconds, return_seconds
        self._away: dict[str, list[_Question[T]]] = {}

    async def ask(self, key: str, ask: Ask[T], unfetched: Callable[[T], None]) -> T | None:
        """The outcome for one client's call, `None` = not yet: tell the client to come again.

        A cancelled wait is a client that hung up: its question is withdrawn. `unfetched` is given an outcome that comes
        after nobody waits for it.
        """
        question = self._resumed(key) or self._asked(ask, unfetched)
        try:
            await asyncio.wait({question.task}, timeout=self._hold_seconds)
        except asyncio.CancelledError:
            question.leave()
            raise
        if question.task.done():
            return question.task.result()
        question.timer = asyncio.get_running_loop().call_later(self._return_seconds, self._given_up, key, question)
        self._away.setdefault(key, []).append(question)
        return None

    @property
    def away(self) -> bool:
        """Whether any client was told to come again."""
        return bool(self._away)

    def stop(self) -> None:
        """Nobody comes back any more."""
        for key, questions in list(self._away.items()):
            for question in tuple(questions):
                self._given_up(key, question)

    def _asked(self, ask: Ask[T], unfetched: Callable[[T], None]) -> _Question[T]:
        left = asyncio.Event()

        async def gone() -> None:
            await left.wait()

        return _Question(asyncio.get_running_loop().create_task(ask(gone)), unfetched, left)

    def _resumed(self, key: str) -> _Question[T] | None:
        questions = self._away.get(key)
        if not questions:
            return None
        question = questions.pop(0)
        if not questions:
            del self._away[key]
        if question.timer is not None:
            question.timer.cancel()
        return question

    def _given_up(self, key: str, question: _Question[T]) -> None:
        questions = self._away.get(key, [])
        if question in questions:
            questions.remove(question)
        if not questions:
            self._away.pop(key, None)
        if question.timer is not None:
            question.timer.cancel()
        question.leave()
