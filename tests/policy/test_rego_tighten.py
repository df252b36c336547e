"""Conditions in Rego make a decision stricter or leave it; they never make it more lenient."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.model.condition import Condition
from supervisor.model.effect import Effect
from supervisor.model.grant import ExecMatcher, Grant
from supervisor.model.request import AwsCall
from supervisor.policy.decide import decide
from supervisor.policy.finding import needs_tags
from supervisor.policy.offers import offers
from supervisor.policy.rego_tighten import decide_under
from supervisor.policy.scope import OpaServer, RegoFile, Scope, Source
from tests.policy.build import ALLOW, ASK, DENY, NOW, request, rule, scope, start

FILE = RegoFile("window.rego", "", "agent_supervise.window", Source("task.yaml", 9))
UNDER = scope(
    rule("commands", ASK, "git push", line=2),
    rule("commands", DENY, "git clean", line=3),
    commands=ALLOW,
    rego=(FILE,),
)
PUSH, STATUS, CLEAN = (request(start(f"git {word}")) for word in ("push", "status", "clean"))
KEPT = Grant("g1", ExecMatcher("git", ("push",)), NOW + timedelta(minutes=40), "ann", "e1", "it is reviewed")
CONDITIONS = st.builds(
    Condition,
    st.sampled_from(Effect),
    st.just("window.rego"),
    st.text(max_size=3),
    st.sampled_from([0, 2, 3]),
    st.just(""),
    st.booleans(),
    st.none() | st.integers(0, 60),
)


def says(effect: Effect, **more: object) -> Condition:
    """A condition of the file."""
    return replace(Condition(effect, "window.rego", "it is late"), **more)  # type: ignore[arg-type]


@given(CONDITIONS, st.sampled_from([PUSH, STATUS, CLEAN]), st.sampled_from([(), (KEPT,)]))
def test_no_condition_weakens_a_decision(condition: Condition, asked: object, grants: tuple[Grant, ...]) -> None:
    """Whatever it says, with or without a grant."""
    assert isinstance(asked, type(PUSH))
    before = decide(UNDER, grants, asked, NOW)
    after = decide_under(UNDER, grants, asked, NOW, condition)
    assert after.effect >= before.effect
    assert after.effect >= condition.effect or after.grant
    assert after.four_eyes >= before.four_eyes and len(after.irreversible) >= len(before.irreversible)


@pytest.mark.parametrize("asked", [PUSH, STATUS])
def test_a_condition_that_was_not_asked_denies(asked: object) -> None:
    """A scope with conditions allows nothing without their word."""
    assert isinstance(asked, type(PUSH))
    made = decide_under(UNDER, (KEPT,), asked, NOW, None)
    assert made.effect is DENY and "not worked out" in made.explain


def test_without_conditions_nothing_changes() -> None:
    """A scope that has none decides as before, to the letter."""
    plain = replace(UNDER, rego=())
    assert decide_under(plain, (KEPT,), PUSH, NOW, None) == decide(plain, (KEPT,), PUSH, NOW)


def test_a_deny_outranks_a_grant_and_names_the_file() -> None:
    """The line says which file, and why."""
    made = decide_under(UNDER, (KEPT,), PUSH, NOW, says(DENY))
    assert made.effect is DENY and made.grant == ""
    assert made.explain == "window.rego: it is late" and "`window.rego`" in made.needs


def test_an_ask_is_answered_by_a_grant() -> None:
    """Of the rules, or of the condition alone."""
    for asked, grant in ((PUSH, KEPT), (STATUS, replace(KEPT, matcher=ExecMatcher("git", ("status",))))):
        assert decide_under(UNDER, (), asked, NOW, says(ASK)).effect is ASK
        made = decide_under(UNDER, (grant,), asked, NOW, says(ASK))
        assert made.effect is ALLOW and made.grant == "g1"


@pytest.mark.parametrize(
    ("obligation", "grant", "effect"),
    [
        ({"minutes": 40}, KEPT, ALLOW),
        ({"minutes": 39}, KEPT, ASK),
        ({"minutes": 0}, KEPT, ASK),
        ({"reason": True}, KEPT, ALLOW),
        ({"reason": True}, replace(KEPT, reason=" "), ASK),
        ({"four_eyes": 2}, KEPT, ASK),
    ],
)
def test_a_grant_is_no_way_around_an_obligation(obligation: dict[str, object], grant: Grant, effect: Effect) -> None:
    """Too long, without a reason, by one person: it is asked again."""
    assert decide_under(UNDER, (grant,), PUSH, NOW, says(ASK, **obligation)).effect is effect


def test_an_obligation_alone_asks() -> None:
    """Four eyes or a reason have somebody asked, also where the rules allow."""
    assert decide_under(UNDER, (), STATUS, NOW, says(ALLOW, four_eyes=2)).effect is ASK
    assert decide_under(UNDER, (), STATUS, NOW, says(ALLOW, reason=True)).effect is ASK
    assert decide_under(UNDER, (), STATUS, NOW, says(ALLOW, minutes=5)).effect is ALLOW


def test_what_only_a_condition_asks_about_may_be_irreversible() -> None:
    """The name to be typed is asked for, as if a rule had asked."""
    asked = request(start("terraform destroy"))
    ruled: Scope = replace(UNDER, commands=replace(UNDER.commands, rules=(rule("commands", ASK, "terraform destroy"),)))
    by_rule = decide(ruled, (), asked, NOW)
    assert by_rule.irreversible
    assert decide_under(UNDER, (), asked, NOW, says(ASK)).irreversible == by_rule.irreversible


def test_offers_last_no_longer_than_a_condition_lets_them() -> None:
    """A cap on a grant's life is on what is offered; none at all is offered for once."""
    made = decide_under(UNDER, (), PUSH, NOW, says(ASK, minutes=7))
    assert {offer.minutes for offer in offers(PUSH, made)} == {7}
    once = decide_under(UNDER, (), PUSH, NOW, says(ASK, minutes=0))
    assert once.once and offers(PUSH, once) == ()


def test_hostile_words_are_shown_as_they_are() -> None:
    """A condition may repeat what the agent wrote: it stays one visible line."""
    made = decide_under(UNDER, (), PUSH, NOW, says(DENY, because="\x1b[2J" + "x" * 999))
    assert "\x1b" not in made.explain and len(made.explain) < 400


def test_tags_are_looked_up_for_conditions_that_may_go_by_them() -> None:
    """A file that speaks of tags, or a server, of which nobody knows."""
    call = AwsCall(("rds:DeleteDBInstance",), ("arn:aws:rds:eu-central-1:123456789012:db:x",), "rds")
    assert not needs_tags(UNDER, call)
    assert needs_tags(replace(UNDER, rego=(replace(FILE, text="input.action.tags.env"),)), call)
    assert needs_tags(replace(UNDER, rego=(), opa=(OpaServer("https://a/v1/data/x", FILE.source),)), call)
