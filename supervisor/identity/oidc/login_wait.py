"""Waiting for a human's login without waiting for ever: whoever asked may go away, and then it is given up."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable

from supervisor.identity.oidc.acting import Acting
from supervisor.identity.oidc.failures import IdentityError, Why
from supervisor.identity.oidc.values import DevicePrompt


async def logged_in(who: Acting, scope: str, show: Callable[[DevicePrompt], None], *, asker: int) -> None:
    """Log a human in; `asker` is a descriptor that can be read when whoever asked for the session is gone.

    `show` is called in another thread. Raises `IdentityError`, `SettingsError`.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[BaseException | None] = loop.create_future()
    given_up = threading.Event()

    def settle(error: BaseException | None) -> None:
        if not outcome.done():
            outcome.set_result(error)

    def attempt() -> None:
        failure: BaseException | None = None
        try:
            who.log_in(scope, show, given_up.wait)
        except BaseException as error:
            failure = error
        if given_up.is_set():
            who.end("the login was given up")
        with contextlib.suppress(RuntimeError):  # nobody waits any more
            loop.call_soon_threadsafe(settle, failure)

    def gone() -> None:
        given_up.set()
        loop.remove_reader(asker)
        settle(IdentityError(Why.CANCELLED, "the login was given up", fix="start again"))

    loop.add_reader(asker, gone)
    # A thread of its own: a browser that nobody uses must not keep this process from ending.
    threading.Thread(target=attempt, name="login", daemon=True).start()
    try:
        failure = await outcome
    finally:
        loop.remove_reader(asker)
    if failure is not None:
        raise failure
