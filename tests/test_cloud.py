"""A session's broker is made late: what that costs, who waits for it, and what becomes of it at the end."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest

from supervisor.cloud import LateBroker
from supervisor.errors import HostError, SuperviseError
from supervisor.identity.broker import Broker


class Made:
    """A broker of which nothing is asked but its account."""

    def __init__(self) -> None:
        self.ended = ""

    def account(self) -> str:
        """An account."""
        return "123456789012"

    def end(self, why: str) -> None:
        """Keeps why."""
        self.ended = why


class Makes:
    """Makes it, or fails; counts how often."""

    def __init__(self, *outcomes: Made | SuperviseError) -> None:
        self.outcomes = list(outcomes)
        self.count = 0

    def __call__(self) -> Broker:
        self.count += 1
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, SuperviseError):
            raise outcome
        return cast("Broker", outcome)


def test_a_look_up_that_failed_is_everybodys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred calls that wait for credentials are one look-up, and one that comes later looks again."""
    now = [100.0]
    monkeypatch.setattr("supervisor.cloud.time.monotonic", lambda: now[0])
    makes = Makes(HostError("nothing is configured", fix="aws configure"), Made())
    late = LateBroker(makes)

    def ask(_: int) -> str:
        try:
            return late.account()
        except HostError as error:
            return f"{error.what}; {error.fix}"

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ask, range(100))) == {"nothing is configured; aws configure"}
    assert makes.count == 1
    now[0] += 6
    assert ask(0) == "123456789012" and makes.count == 2


def test_it_ends_with_the_task_even_while_it_is_made() -> None:
    """A task that ends meanwhile leaves no broker behind that hands anything out."""
    made, making, go_on = Made(), threading.Event(), threading.Event()

    def make() -> Broker:
        making.set()
        assert go_on.wait(10)
        return cast("Broker", made)

    late = LateBroker(make)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(late.account)
        assert making.wait(10)
        late.end("the task has ended")
        go_on.set()
        asked.result(10)
    assert made.ended == "the task has ended"
