"""The answer of a condition in Rego, read: what is not understood is a deny that says so.

Version 1 (`rego_schema`): a boolean (true: nothing against it; false: deny), or an object with an `effect`.
"""

from __future__ import annotations

from typing import Final

from supervisor.model.condition import Condition
from supervisor.model.effect import Effect
from supervisor.model.visible import visible

KEYS: Final = frozenset({"effect", "because", "four_eyes", "reason", "minutes"})
EYES_KEYS: Final = frozenset({"count", "role"})
ROLE: Final = "approver"
"""Of those who approve, where a condition does not say it; as in a line of `four_eyes`."""
MOST_EYES: Final = 9
MOST_MINUTES: Final = 24 * 60
LONGEST: Final = 1_000


def failed(by: str, why: str) -> Condition:
    """The deny of a condition that could not be worked out."""
    return Condition(Effect.DENY, by, why, fault=True)


def undefined(by: str) -> Condition:
    """The deny of a condition that says nothing."""
    return failed(by, "`decision` is undefined for this, which denies")


def read_output(by: str, value: object) -> Condition:
    """What a condition answered (plain JSON). Never raises."""
    if isinstance(value, bool):
        return Condition(Effect.ALLOW if value else Effect.DENY, by)
    if not isinstance(value, dict):
        return failed(by, f"`decision` is {_kind(value)}, and neither an object nor a boolean")
    if unknown := sorted(str(key) for key in set(value) - KEYS):
        return failed(by, f"`decision` has an unknown key {visible(unknown[0])[:60]!r}")
    word, because = value.get("effect"), value.get("because", "")
    if word not in ("allow", "ask", "deny"):
        return failed(by, "the `effect` of `decision` is allow, ask or deny, and this is " + _told(word))
    if not isinstance(because, str):
        return failed(by, f"`because` is text, and this is {_kind(because)}")
    count, role, wrong = _eyes(value.get("four_eyes"))
    reason, minutes = value.get("reason", False), value.get("minutes")
    if wrong:
        return failed(by, wrong)
    if not isinstance(reason, bool):
        return failed(by, f"`reason` is true or false, and this is {_kind(reason)}")
    if minutes is not None and not _is_count(minutes, 0, MOST_MINUTES):
        return failed(by, f"`minutes` is a whole number from 0 to {MOST_MINUTES}, and this is {_told(minutes)}")
    return Condition(Effect.of(word), by, " ".join(because.split())[:LONGEST], count, role, reason, minutes)


def _eyes(value: object) -> tuple[int, str, str]:
    """How many humans, of which role, and what is wrong with it."""
    if value is None:
        return 0, "", ""
    if not isinstance(value, dict) or set(value) - EYES_KEYS:
        return 0, "", "`four_eyes` is an object of `count` and `role`"
    count, role = value.get("count", 2), value.get("role", ROLE)
    if not _is_count(count, 2, MOST_EYES):
        return 0, "", f"the `count` of `four_eyes` is a whole number from 2 to {MOST_EYES}, and this is {_told(count)}"
    if not isinstance(role, str):
        return 0, "", f"the `role` of `four_eyes` is text, and this is {_kind(role)}"
    return count, role or ROLE, ""


def _is_count(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _told(value: object) -> str:
    return visible(str(value))[:60] if isinstance(value, str | int | float) else _kind(value)


def _kind(value: object) -> str:
    if value is None:
        return "null"
    kinds = {bool: "a boolean", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    return kinds.get(type(value), "something else")
