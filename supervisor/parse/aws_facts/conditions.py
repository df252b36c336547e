"""Conditions on an operation's input, as the tables write them.

A condition is a list of alternatives, each a list of clauses `[path, test, wanted]` that all have to hold. What has
another shape than the model says counts as meeting the clause: a note too many is read, one too few is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from supervisor.parse.aws_facts.paths import Steps, steps_of, values_at

_FALSE = frozenset({"false", "0", "no", "off", ""})
_TRUE = frozenset({"true", "1", "yes", "on"})


@dataclass(frozen=True, slots=True)
class Clause:
    """One test of what stands at a path."""

    steps: Steps
    test: str
    wanted: Any


Condition = tuple[tuple[Clause, ...], ...]
ALWAYS: Condition = ((),)


def condition(written: Sequence[Sequence[Sequence[Any]]] | None) -> Condition:
    """The condition that a table line writes; none is always met."""
    if not written:
        return ALWAYS
    return tuple(tuple(Clause(steps_of(path), test, wanted) for path, test, wanted in clauses) for clauses in written)


def met(wanted: Condition, parameters: Any) -> bool:
    """True when the input meets the condition, or may."""
    return any(all(_holds(clause, parameters) for clause in clauses) for clauses in wanted)


def _holds(clause: Clause, parameters: Any) -> bool:
    found = values_at(parameters, clause.steps)
    if found is None:
        return True
    test, wanted = clause.test, clause.wanted
    if test == "absent":
        return not any(_is_there(value) for value in found)
    if test == "present":
        return any(_is_there(value) for value in found)
    if test == "not":
        return not found or any(not _certainly(value, wanted) for value in found)
    return any(_meets(test, value, wanted) for value in found)


def _meets(test: str, value: Any, wanted: Any) -> bool:
    if test == "is":
        return _equal(value, wanted)
    if test == "in":
        return any(_equal(value, one) for one in wanted)
    if test == "below":
        number = _number(value)
        return number is None or number < wanted
    if test == "contains":
        return not isinstance(value, str) or wanted.casefold() in value.casefold()
    return True


def _is_there(value: Any) -> bool:
    return value not in ("", [], {}, ())


def _certainly(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, bool):
        return isinstance(value, (bool, int, str)) and str(value).strip().casefold() in (_TRUE if wanted else _FALSE)
    return isinstance(value, (str, int, float)) and str(value).strip().casefold() == str(wanted).casefold()


def _equal(value: Any, wanted: Any) -> bool:
    """Equal, or not clearly something else: a wanted yes is met by all but a clear no."""
    if isinstance(wanted, bool):
        return not _certainly(value, not wanted)
    if isinstance(value, str):
        return value.strip().casefold() == str(wanted).casefold()
    number = _number(value)
    return number is None or number == wanted


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        try:
            number = float(value)
        except OverflowError:
            return None
        return None if number != number else number
    if isinstance(value, str) and len(value) < 40:
        try:
            number = float(value)
        except ValueError:
            return None
        return None if number != number else number
    return None
