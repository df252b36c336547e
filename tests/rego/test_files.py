"""Conditions in files, worked out by a process of ours: what they say, and that nothing in them holds anybody up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from supervisor.errors import ScopeError
from supervisor.model.condition import Condition
from supervisor.model.effect import Effect
from supervisor.policy.scope import RegoFile
from supervisor.rego.conditions import LATE_IN_A_ROW, Conditions, Files
from tests.core.desk import START
from tests.rego.stage import ALLOWED, asked, rego, under
from tests.rego.texts import AWKWARD

PATIENCE = 60.0
LOOPS = """decision := true if {
	input.action.argv[0] != "ls"
	count([x | some x in numbers.range(1, 99999); some y in numbers.range(1, 99999); x == y]) > 0
}

decision := true if input.action.argv[0] == "ls"
"""
GROWS = LOOPS.replace(
    "x | some x in numbers.range(1, 99999); some y in numbers.range(1, 99999); x == y",
    "x | some x in numbers.range(1, 99999999)",
)


@contextmanager
def running(*files: RegoFile, **more: Any) -> Iterator[tuple[Conditions, list[str]]]:
    """Conditions at work, and what they told."""
    told: list[str] = []
    made = Conditions(under(*files), told=told.append, **more)
    made.start()
    try:
        yield made, told
    finally:
        made.close()


def say(conditions: Conditions, *argv: str) -> Condition:
    """What they say to a program start."""
    return conditions.ask(asked(*argv), ALLOWED, START).result(PATIENCE)


@pytest.mark.parametrize(
    ("body", "effect", "because"),
    [
        ("decision := true", Effect.ALLOW, ""),
        ("decision := false", Effect.DENY, ""),
        ("decision := true if input.action.argv[0] == `ls`", Effect.DENY, "`decision` is undefined for this"),
        ("decision := 1", Effect.DENY, "`decision` is a number"),
        ("decision := 1 / count([])", Effect.DENY, "it failed"),
        ("decision := true\ndecision := false", Effect.DENY, "it failed"),
        ('decision := true if time.clock([input.time.ns, "Nowhere/Else"])[0] >= 0', Effect.DENY, "it failed"),
        ("decision := f(1)\nf(x) := f(x)", Effect.DENY, ""),
        ('decision := {"effect": "ask", "because": "so"}', Effect.ASK, "so"),
        ('decision := {"effect": "permit"}', Effect.DENY, "permit"),
        ('decision contains {"effect": "allow"}', Effect.DENY, "is a list"),
    ],
)
def test_only_an_answer_that_is_understood_is_no_deny(body: str, effect: Effect, because: str) -> None:
    """Undefined, an error, two values, a recursion, another type: each denies, and names the file."""
    with running(rego("trial", body)) as (conditions, _):
        made = say(conditions)
    assert made.effect is effect and because in made.because
    assert made.by == "trial.rego"


def test_the_strictest_of_several_files_counts() -> None:
    """One that fails denies by itself: the others' names are not in its line."""
    one = rego("one", 'decision := {"effect": "ask", "because": "one", "minutes": 5}')
    two = rego(
        "two", 'decision := {"effect": "deny", "because": "two"} if input.action.argv[1] == "push"\nelse := true'
    )
    broken = rego("broken", "decision := true if input.action.argv[1] == 1 / count([])")
    with running(one, two) as (conditions, _):
        made = say(conditions, "git", "push")
        assert (made.effect, made.by, made.minutes) == (Effect.DENY, "two.rego", 5)
        assert say(conditions, "git", "pull").by == "one.rego"
    with running(one, broken) as (conditions, _):
        made = say(conditions)
        assert (made.effect, made.by) == (Effect.DENY, "broken.rego")


def test_functions_of_one_name_are_each_files_own() -> None:
    """The engine keeps them apart."""
    files = [
        rego(name, f'f(x) := concat("", ["{name}", x])\n\ndecision := {{"effect": "deny", "because": f("1")}}')
        for name in "ab"
    ]
    for one in (files, files[::-1]):
        with running(*one) as (conditions, _):
            made = say(conditions)
            assert made.text == f"{one[0].file}: {one[0].file[0]}1"


def test_files_use_a_library() -> None:
    """Rules of a package below `lib`, imported or by their whole name."""
    days = rego("lib.days", 'free(day) if day in {"Sunday"}')
    user = rego("user", 'import data.agent_supervise.lib.days\n\ndecision := days.free("Sunday")')
    whole = rego("whole", 'decision := data.agent_supervise.lib.days.free("Sunday")')
    with running(user, whole, days) as (conditions, _):
        assert say(conditions).effect is Effect.ALLOW


HOSTILE = [
    "Zo☃",
    'q"\\',
    "a\tb",
    "😀",
    "a\nb",
    "\x1b[2J",
    "\x00",
    "\\u001b",
    "\\n",
    "'",
    "$1",
    "</x>",
    "\x7f",
    "\u2028",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_the_same_text_inside(text: str) -> None:
    """Each character counts as one, is cut as one, and comes back as it was."""
    values = "lower(input.action.argv[1]), count(input.action.argv[1]), substring(input.action.argv[1], 0, 1)"
    body = f'decision := {{"effect": "deny", "because": sprintf("%s|%d|%s|", [{values}])}}'
    with running(rego("trial", body)) as (conditions, _):
        told = f"{text.lower()}|{len(text)}|{text[0]}|"
        assert say(conditions, "x", text).because == " ".join(told.split())


@pytest.mark.parametrize(("body", "text"), AWKWARD)
def test_rules_about_awkward_text_mean_what_they_say(body: str, text: str) -> None:
    """Literals, comparisons and regular expressions, as OPA has them (`tests/real/test_opa.py` asks it)."""
    with running(rego("trial", f"decision if {body}")) as (conditions, _):
        assert say(conditions, "x", text).effect is Effect.ALLOW


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("not regex.match(`^rm`, input.action.argv[1])", 'say "hi"'),
        ("not regex.match(`^rm`, input.action.argv[1])", "a\nrm"),
        ("not regex.match(`^.$`, input.action.argv[1])", "é"),
        ("count(regex.split(`x`, input.action.argv[1])) == 1", "\x1b"),
        ('lower(input.action.argv[1]) != "é"', "É"),
    ],
)
def test_what_would_be_read_apart_denies(body: str, text: str) -> None:
    """A regular expression on other text than printable ASCII, lower case beyond it: a deny that says so."""
    with running(rego("trial", f"decision if {body}")) as (conditions, _):
        made = say(conditions, "x", text)
        assert made.effect is Effect.DENY and made.fault and "ASCII" in made.because
        assert say(conditions, "x", "plain").effect is Effect.ALLOW


def test_the_same_answer_is_worked_out_once() -> None:
    """Of files that read neither time nor the request's number; another action is another input."""
    body = 'decision := {"effect": "deny", "because": input.action.argv[1]}'
    with running(rego("trial", body)) as (conditions, _):
        assert say(conditions, "x", "one").because == "one"
        again = conditions.ask(asked("x", "one", number=2), ALLOWED, START + timedelta(hours=1))
        assert again.done() and again.result().because == "one"
        assert say(conditions, "x", "two").because == "two"
    with running(rego("trial", f"{body} if input.time.ns > 0")) as (conditions, _):
        assert say(conditions, "x", "one").because == "one"
        assert not conditions.ask(asked("x", "one"), ALLOWED, START).done()


def test_a_private_character_denies_in_words() -> None:
    """What stands for other characters in the engine is put to none."""
    with running(rego("trial", "decision := true if input.action.argv")) as (conditions, _):
        made = say(conditions, "x", "\ue00a")
        assert made.effect is Effect.DENY and "a private character of Unicode" in made.because
        assert say(conditions, "x", "a\nb").effect is Effect.ALLOW


def test_a_condition_that_does_not_end_denies_in_time() -> None:
    """Asking never waits; a late one denies, is told, and what is asked next is answered again."""
    with running(rego("trial", LOOPS), seconds=0.5) as (conditions, told):
        assert say(conditions, "ls").effect is Effect.ALLOW
        future = conditions.ask(asked("git"), ALLOWED, START)
        assert not future.done()
        made = future.result(PATIENCE)
        assert made.effect is Effect.DENY and made.fault and made.text == "trial.rego: no answer within 0.5 s"
        assert told == ["trial.rego: no answer within 0.5 s, which denies"]
        assert say(conditions, "ls").effect is Effect.ALLOW


def test_a_condition_that_never_ends_is_left_alone_for_a_while() -> None:
    """Late again and again: then everything is denied at once, however much is asked."""
    with running(rego("trial", LOOPS), seconds=0.2) as (conditions, told):
        for _ in range(LATE_IN_A_ROW):
            assert "no answer within" in say(conditions).because
        asked_now: list[Future[Condition]] = [conditions.ask(asked(), ALLOWED, START) for _ in range(500)]
        assert {future.result(PATIENCE).because for future in asked_now} == {
            "it took too long again and again, and is left alone for a moment"
        }
        assert len(told) == LATE_IN_A_ROW


def test_a_condition_that_takes_memory_ends_alone() -> None:
    """Its process ends; ours does not, and the next request is answered."""
    with running(rego("trial", GROWS), seconds=PATIENCE) as (conditions, told):
        made = say(conditions)
        assert made.effect is Effect.DENY and made.fault
        assert told == ["the process that works conditions in Rego out ended, and is started again"]
        assert say(conditions, "ls").effect is Effect.ALLOW


def test_a_process_that_was_killed_is_started_again() -> None:
    """What was asked meanwhile is denied or answered, and nothing is left waiting."""
    with running(rego("trial", "decision := true if input.request.id")) as (conditions, told):
        assert say(conditions).effect is Effect.ALLOW
        (files,) = conditions._parts
        assert isinstance(files, Files) and files._process is not None
        os.kill(files._process.pid, 9)
        assert say(conditions).effect is Effect.DENY
        assert len(told) == 1
        assert say(conditions).effect is Effect.ALLOW


def test_what_is_asked_after_the_end_is_not_left_waiting() -> None:
    """Whatever waits at the end is denied."""
    with running(rego("trial", "decision := true")) as (conditions, _):
        futures = [conditions.ask(asked(), ALLOWED, START) for _ in range(50)]
    assert all(future.result(PATIENCE).effect in (Effect.ALLOW, Effect.DENY) for future in futures)
    assert conditions.ask(asked(), ALLOWED, START).result(PATIENCE).effect is Effect.DENY


@pytest.mark.parametrize(
    ("body", "where", "what"),
    [
        ("decision := if {{", "3:16", "not Rego: this is unclosed"),
        ("decision := nosuch.thing(1)", "3:13", "in process there is no function nosuch.thing"),
        (
            'decision := net.cidr_contains("10.0.0.0/8", "10.0.0.1")',
            "3:13",
            "in process there is no function net.cidr_contains",
        ),
    ],
)
def test_what_does_not_compile_says_where(body: str, where: str, what: str) -> None:
    """The engine's own errors at their places, and functions that it does not have."""
    with pytest.raises(ScopeError) as caught:
        Conditions(under(rego("trial", body))).start()
    assert f"trial.rego:{where}: {what}" in str(caught.value) and "\n  fix: " in str(caught.value)


def test_the_engine_prints_nothing_and_sees_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """Neither errors of rules nor of syntax reach our output."""
    with running(rego("trial", "decision := 1 / count([])")) as (conditions, _):
        say(conditions)
    with pytest.raises(ScopeError):
        Conditions(under(rego("trial", "decision := if {{"))).start()
    assert capfd.readouterr() == ("", "")
