"""Blocking calls beside the event loop, in daemon threads: a call that hangs holds up nobody, not even exit."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

Job = Callable[[], None]
_MOST_IDLE: Final = 16
"""Threads that wait for the next call; what comes on top gets one of its own."""


class _Threads:
    """Daemon threads, started when none is idle. A pool of the standard library would be waited for at exit."""

    def __init__(self) -> None:
        self._idle: list[queue.SimpleQueue[Job]] = []
        self._lock = threading.Lock()

    def run(self, job: Job) -> None:
        with self._lock:
            inbox = self._idle.pop() if self._idle else None
        if inbox is not None:
            inbox.put(job)
            return
        threading.Thread(target=self._work, args=(job,), name="gate-call", daemon=True).start()

    def _work(self, job: Job) -> None:
        inbox: queue.SimpleQueue[Job] = queue.SimpleQueue()
        while True:
            job()
            with self._lock:
                if len(self._idle) >= _MOST_IDLE:
                    return
                self._idle.append(inbox)
            job = inbox.get()


_threads = _Threads()


async def off_loop(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `call` in another thread and return what it returns or raise what it raises."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(set_on_future: Callable[[Any], None], value: object) -> None:
        if not future.done():
            set_on_future(value)

    def run() -> None:
        try:
            outcome: tuple[Callable[[Any], None], object] = (future.set_result, call(*args, **kwargs))
        except Exception as error:
            outcome = (future.set_exception, error)
        # The loop is closed only when the gate has stopped: nobody waits for the outcome then.
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, *outcome)

    _threads.run(run)
    return await future
