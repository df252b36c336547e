"""What a scope says of several humans: who they are, whether its owner is one of them, and how soon they must agree."""

from __future__ import annotations

from datetime import timedelta

import pytest

from supervisor.model.decision import Approvers
from supervisor.model.effect import Effect
from supervisor.policy.plain import plain_words
from tests.policy.build import judge, start
from tests.policy.test_load import HEAD, read, wrong

EYES = (
    "approvals:\n  use_within: 5m\n  four_eyes:\n    - on: [git push]\n      approvers: {role: dba, owner: excluded}\n"
)
PLAIN = "approvals: {four_eyes: [{on: [git push]}]}\n"


def test_the_keys_reach_the_decision() -> None:
    """Role, count and the owner's part stand in what the policy says, and in the scope's plain words."""
    made = read(HEAD + EYES)
    decision = judge(made, start("git push"))
    assert decision.effect is Effect.ASK and decision.four_eyes == 2
    assert decision.approvers == (Approvers(2, "dba", "excluded"),)
    assert made.approvals.use_within == timedelta(minutes=5)
    assert "2 people, none of them the session's owner: git push" in plain_words(made)[1]


def test_without_the_keys_the_owner_counts() -> None:
    """The owner is one of two, the other has the role approver, and they agree within 15 minutes."""
    made = read(HEAD + PLAIN)
    assert judge(made, start("git push")).approvers == (Approvers(2, "approver"),)
    assert made.approvals.use_within == timedelta(minutes=15)
    assert judge(made, start("git status")).approvers == ()


def test_scopes_that_compose_keep_each_line_and_the_shorter_time() -> None:
    """A scope that extends another adds its people to the other's."""
    base = HEAD.replace("site", "base") + EYES
    made = read(f"{HEAD}extends: [base]\n{PLAIN}", base=base)
    assert judge(made, start("git push")).approvers == (Approvers(2, "dba", "excluded"), Approvers(2, "approver"))
    assert made.approvals.use_within == timedelta(minutes=5)
    longer = read(f"{HEAD}extends: [base]\napprovals: {{use_within: 1h}}\n", base=base)
    assert longer.approvals.use_within == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("approvals: {use_within: soon}\n", "3:25", "`use_within` is a time"),
        ("approvals: {four_eyes: [{on: [git push], approvers: {owner: no}}]}\n", "3:", "counts or excluded"),
        ("approvals: {four_eyes: [{on: [git push], approvers: {owner: exclude}}]}\n", "3:", "did you mean `excluded`"),
        ("approvals: {four_eyes: [{on: [git push], approvers: {roles: dba}}]}\n", "3:", "did you mean `role`"),
        ("approvals: {use_withn: 5m}\n", "3:13", "did you mean `use_within`"),
    ],
)
def test_what_cannot_be_meant_is_said(text: str, where: str, what: str) -> None:
    """A time that is none, a word for the owner that is none, and keys that are misspelt."""
    said = wrong(HEAD + text)
    assert f"site.yaml:{where}" in said and what in said
