"""Choosing a scope."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from textual.pilot import Pilot

from supervisor.console.app import LEFT, ConsoleApp
from supervisor.console.look import UNICODE
from supervisor.console.picker.choice import Chosen, HostCheck, wrong
from supervisor.console.picker.draw import host_rows
from supervisor.console.picker.screen import PickerScreen
from supervisor.console.picker.state import Go, Picker, Step
from supervisor.errors import HostError
from supervisor.policy.scope import Parameter
from tests.scenarios import scopes
from tests.scenarios.stage import frame


def typed(picker: Picker, *keys: str) -> list[Go | None]:
    return [picker.key(key, key if len(key) == 1 else None) for key in keys]


def test_enter_starts_only_when_every_value_is_valid() -> None:
    """Enter goes to what is missing first, and starts when nothing is wrong any more."""
    picker = Picker(scopes.ALL, "s3-static-site")
    assert typed(picker, "enter") == [None] and picker.field == 0
    assert typed(picker, *"Bad Name", "enter")[-1] is None and not picker.ready
    assert typed(picker, "ctrl+u", *"www.example.com", "enter")[-1] is Go.START
    assert picker.chosen.values == (("bucket", "www.example.com"), ("distribution", ""))


def test_a_scope_that_does_not_load_cannot_start() -> None:
    """Enter does nothing on a scope with a problem."""
    picker = Picker(scopes.ALL, "site")
    assert typed(picker, "enter") == [None] and not picker.ready


def test_a_changed_scope_is_accepted_by_a_key_of_its_own() -> None:
    """Enter shows the difference; only `a`, and only after it was read to its end, accepts it."""
    picker = Picker(scopes.ALL, "deploy")
    assert typed(picker, "enter", "enter", "enter") == [None] * 3 and picker.step is Step.DIFFERENCE
    assert typed(picker, "a") == [None]
    picker.read = True
    assert typed(picker, "a") == [Go.START] and picker.chosen.accepted


def test_going_back_from_a_difference_starts_nothing() -> None:
    """Esc leaves the difference unaccepted."""
    picker = Picker(scopes.ALL, "deploy")
    assert typed(picker, "enter", "escape") == [None, None] and picker.step is Step.CHOOSE


def test_values_are_kept_for_each_scope() -> None:
    """Looking at another scope and coming back loses nothing that was typed."""
    picker = Picker(scopes.ALL, "s3-static-site")
    typed(picker, "tab", "a", "b", "escape", "up", "down")
    assert picker.line("bucket").text == "ab"


def test_patterns_match_the_whole_value() -> None:
    """A value that only begins like the pattern is wrong, a required one that is empty too."""
    parameter = Parameter("n", "", None, "[a-z]+")
    assert wrong(parameter, "abc") == ""
    assert wrong(parameter, "abc\nx") and wrong(parameter, "abc1") and wrong(parameter, "")
    assert wrong(Parameter("n", "", "", "["), "x")


async def start_with(choice: str, *keys: str, start: object = None) -> tuple[ConsoleApp, list[Chosen], str]:
    got: list[Chosen] = []

    def begin(chosen: Chosen) -> None:
        got.append(chosen)
        if isinstance(start, Exception):
            raise start

    done = threading.Event()

    def then(chosen: Chosen, control: Path | None) -> None:
        done.set()
        app.exit(0)

    app = ConsoleApp(PickerScreen(scopes.ALL, scopes.HOST, begin, then, chosen=choice))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*keys)
        await settled(pilot, lambda: done.is_set() or app.return_value is not None or bool(got and start))
        return app, got, frame(app)


async def settled(pilot: Pilot[int], true: object) -> None:
    import asyncio

    async with asyncio.timeout(5):
        while not true():  # type: ignore[operator]
            await pilot.pause(0.01)
    await pilot.pause(0.05)


async def test_enter_starts_what_was_picked() -> None:
    """The chosen scope is started in a thread and what comes after it is called."""
    app, got, _ = await start_with("developer", "enter")
    assert app.return_value == 0 and got[0].choice.name == "developer"


async def test_an_error_while_starting_is_shown_with_its_fix() -> None:
    """A host that cannot hold a gate is told in the picker, which stays open."""
    trouble = HostError("the exec gate cannot hold", where="kernel 5.4", fix="Linux 5.9, or --weaken exec")
    app, got, text = await start_with("developer", "enter", start=trouble)
    assert app.return_value is None and len(got) == 1
    assert "the exec gate cannot hold" in text and "--weaken exec" in text


async def test_leaving_starts_nothing() -> None:
    """Esc leaves with the exit code of an interrupted program."""
    app, got, _ = await start_with("developer", "escape")
    assert app.return_value == LEFT and got == []


@pytest.mark.parametrize(
    ("broken", "said"),
    [((), "● every gate holds (9 checks)"), ((2,), "✕ check number 2 MISSING  ● 8 more hold")],
)
def test_the_host_is_told_in_one_row(broken: tuple[int, ...], said: str) -> None:
    """Where the names have no room, how many hold is said, and what is missing stands first and whole."""
    checks = [HostCheck(f"check number {number}", number not in broken, "why") for number in range(9)]
    rows = host_rows(checks, 78, UNICODE)
    assert rows[0].plain.removeprefix("this host  ").rstrip() == said
    assert "check number 8" in host_rows(checks, 300, UNICODE)[0].plain
