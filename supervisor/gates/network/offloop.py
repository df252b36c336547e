"""Blocking calls beside the event loop, each in a daemon thread: a call that hangs holds up nobody, not even exit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def off_loop(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `call` in a thread of its own and return what it returns or raise what it raises."""
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

    threading.Thread(target=run, name="network-gate-call", daemon=True).start()
    return await future
