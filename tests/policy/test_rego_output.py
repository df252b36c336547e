"""What a condition answers is understood or denies."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from supervisor.model.condition import Condition, strictest
from supervisor.model.effect import Effect
from supervisor.policy.rego_output import read_output
from supervisor.policy.rego_schema import output_schema

_LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
ANYTHING = st.recursive(_LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
LIKELY = st.fixed_dictionaries(
    {},
    optional={
        "effect": st.sampled_from(["allow", "ask", "deny", "Allow", None, True]),
        "because": st.text(max_size=5) | st.integers(),
        "four_eyes": st.none() | st.fixed_dictionaries({}, optional={"count": st.integers(0, 12), "role": st.text()}),
        "reason": st.booleans() | st.integers(0, 1),
        "minutes": st.none() | st.integers(-2, 2000) | st.booleans(),
        "sure": st.booleans(),
    },
)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "is null"),
        ("allow", "is text"),
        (1, "is a number"),
        ([], "is a list"),
        ({}, "`effect`"),
        ({"effect": "permit"}, "permit"),
        ({"effect": "allow", "allowed": True}, "unknown key 'allowed'"),
        ({"effect": "ask", "because": 1}, "`because` is text"),
        ({"effect": "ask", "four_eyes": 2}, "`four_eyes` is an object"),
        ({"effect": "ask", "four_eyes": {"count": 1}}, "from 2 to 9"),
        ({"effect": "ask", "reason": "yes"}, "`reason` is true or false"),
        ({"effect": "ask", "minutes": True}, "`minutes`"),
        ({"effect": "ask", "minutes": 1.5}, "`minutes`"),
    ],
)
def test_what_is_not_understood_denies_and_names_the_file(value: Any, why: str) -> None:
    """The line says which file, and what is wrong with its answer."""
    made = read_output("window.rego", value)
    assert made.effect is Effect.DENY and made.fault
    assert made.text.startswith("window.rego: ") and why in made.text


@given(ANYTHING | LIKELY)
def test_only_an_answer_that_fits_the_schema_is_no_fault(value: Any) -> None:
    """The published schema and the reader agree on every value."""
    fits = Draft202012Validator(output_schema()).is_valid(value)
    made = read_output("x.rego", value)
    if isinstance(value, dict) and value.get("four_eyes", 0) is None:
        fits = fits or not made.fault  # null is taken for left out
    assert made.fault is not fits
    assert not made.fault or made.effect is Effect.DENY


_CONDITIONS = st.builds(
    Condition,
    st.sampled_from(Effect),
    st.sampled_from(["a.rego", "b.rego"]),
    st.text(max_size=3),
    st.sampled_from([0, 2, 3]),
    st.just("approver"),
    st.booleans(),
    st.none() | st.integers(0, 60),
)


@given(st.lists(_CONDITIONS, min_size=1, max_size=4))
def test_several_are_as_strict_as_each(conditions: list[Condition]) -> None:
    """The strictest effect, the most humans, a reason if one wants it, the shortest time."""
    whole = strictest(conditions)
    assert whole.effect == max(one.effect for one in conditions)
    assert whole.four_eyes == max(one.four_eyes for one in conditions)
    assert whole.reason == any(one.reason for one in conditions)
    assert whole.minutes == min((one.minutes for one in conditions if one.minutes is not None), default=None)
    assert whole.by in {one.by for one in conditions if one.effect == whole.effect}


def test_several_people_of_different_roles_are_not_told_apart() -> None:
    """Two conditions that want them deny: one of the roles would be lost."""
    made = strictest(Condition(Effect.ASK, f"{role}.rego", four_eyes=2, role=role) for role in ("admin", "approver"))
    assert made.effect is Effect.DENY and made.text.startswith("admin.rego and approver.rego: they want")


def test_who_approves_has_a_role() -> None:
    """The one that a scope's own lines have, where a condition names none."""
    for eyes in ({}, {"role": ""}, {"role": "approver"}):
        assert read_output("x.rego", {"effect": "ask", "four_eyes": eyes}).role == "approver"
