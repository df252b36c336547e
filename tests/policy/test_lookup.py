"""Which names are told to a resolver before anybody allowed them."""

from __future__ import annotations

import pytest

from supervisor.model.effect import Effect
from supervisor.model.request import Connect, Request, Subject
from supervisor.policy.lookup import may_look_up
from supervisor.policy.scope import Rule, Scope
from tests.policy.build import ALLOW, ASK, DENY, NOW, rule, scope


def looked_up(of: Scope, host: str, port: int = 443) -> bool:
    """Whether a name is resolved before it was decided on."""
    return may_look_up(of, (), Request("r1", "network", Subject("s", "agent"), Connect(host, port)), NOW)


@pytest.mark.parametrize(
    ("made", "host", "wanted"),
    [
        (rule("network", ALLOW, "api.example.com"), "api.example.com", True),
        (rule("network", ALLOW, "*.example.com"), "data.example.com", True),
        (rule("network", ALLOW, "api.example.com"), "c2VjcmV0.evil.example", False),
        (rule("network", ASK, "api.example.com"), "api.example.com", True),
        (rule("network", ASK, "*"), "c2VjcmV0.evil.example", False),
        (rule("network", ASK, "*.evil.example"), "c2VjcmV0.evil.example", False),
        (rule("network", DENY, "*"), "c2VjcmV0.evil.example", False),
        (rule("network", DENY, "*.evil.example"), "c2VjcmV0.evil.example", False),
        (rule("network", DENY, "evil.example"), "evil.example", False),
        (rule("network", ASK, "api.example.com:8443"), "api.example.com", False),
    ],
)
def test_only_names_that_a_rule_knows_are_told(made: Rule, host: str, wanted: bool) -> None:
    """Allowed names and names that a rule spells out are; what wildcards ask or deny about is not."""
    assert looked_up(scope(made), host) is wanted


@pytest.mark.parametrize("otherwise", [ASK, DENY])
def test_a_name_that_no_rule_knows_is_not_told(otherwise: Effect) -> None:
    """Its labels may hold anything."""
    assert not looked_up(scope(network=otherwise), "c2VjcmV0.evil.example")
