"""Connections: names, addresses and zones."""

from __future__ import annotations

import pytest

from supervisor.model.effect import Effect
from supervisor.model.request import Connect
from tests.policy.build import ALLOW, ASK, DENY, connect, judge, rule, scope

NET = scope(
    rule("network", ALLOW, "api.example.com:443", "*.cdn.example.com", "intranet.corp.example:443"),
    rule("network", ALLOW, "10.1.0.0/16:5432", "localhost:8080", "[fd00:1::/64]:443"),
    rule("network", DENY, "evil.cdn.example.com", "192.0.2.0/24:*"),
)


@pytest.mark.parametrize(
    ("host", "port", "addresses", "effect"),
    [
        ("api.example.com", 443, ("93.184.215.14",), ALLOW),
        ("api.example.com", 80, ("93.184.215.14",), ASK),
        ("API.example.com.", 443, ("93.184.215.14",), ALLOW),
        ("a.cdn.example.com", 443, ("93.184.215.14",), ALLOW),
        ("cdn.example.com", 443, ("93.184.215.14",), ASK),
        ("evil.cdn.example.com", 443, ("93.184.215.14",), DENY),
        ("unknown.example.org", 443, ("93.184.215.14",), ASK),
        ("unknown.example.org", 443, (), ASK),
        # a name that its rule names may be private, but nothing worse: its DNS may be somebody else's
        ("intranet.corp.example", 443, ("10.9.9.9",), ALLOW),
        ("intranet.corp.example", 443, ("169.254.169.254",), DENY),
        ("intranet.corp.example", 443, ("127.0.0.1",), DENY),
        ("intranet.corp.example", 443, ("10.9.9.9", "169.254.169.254"), DENY),
        ("a.cdn.example.com", 443, ("10.9.9.9",), DENY),
        ("unknown.example.org", 443, ("10.9.9.9",), DENY),
        # ranges and addresses speak of names through what they resolve to
        ("db.corp.example", 5432, ("10.1.2.3",), ALLOW),
        ("db.corp.example", 5432, ("10.1.2.3", "10.2.2.3"), DENY),
        ("db.corp.example", 5433, ("10.1.2.3",), DENY),
        ("10.1.2.3", 5432, (), ALLOW),
        ("fd00:1::7", 443, (), ALLOW),
        ("fd00:2::7", 443, (), DENY),
        ("localhost", 8080, ("127.0.0.1", "::1"), ALLOW),
        ("localhost", 8081, ("127.0.0.1",), DENY),
        ("localhost", 8080, ("10.0.0.1",), DENY),
        ("169.254.169.254", 80, (), DENY),
        ("169.254.10.10", 80, (), DENY),
        ("::ffff:169.254.169.254", 80, (), DENY),
    ],
)
def test_a_place_inside_is_reached_only_by_its_name(
    host: str, port: int, addresses: tuple[str, ...], effect: Effect
) -> None:
    """Private, loopback, link-local and metadata addresses are denied unless a rule names exactly them."""
    assert judge(NET, connect(host, port, *addresses)).effect is effect


def test_any_host_is_no_inner_host() -> None:
    """`*` and wide ranges do not open the metadata address; naming it does."""
    wide = scope(rule("network", ALLOW, "*", "169.254.0.0/16:80", "0.0.0.0/0:80"))
    assert judge(wide, connect("example.com", 443, "93.184.215.14")).effect is ALLOW
    assert judge(wide, connect("169.254.169.254", 80)).effect is DENY
    exact = scope(rule("network", ALLOW, "169.254.169.254:80"))
    assert judge(exact, connect("169.254.169.254", 80)).effect is ALLOW


def test_a_deny_of_a_range_reaches_names() -> None:
    """One address in a denied range is enough."""
    made = scope(rule("network", ALLOW, "*"), rule("network", DENY, "93.184.0.0/16:*"))
    assert judge(made, connect("a.example", 443, "8.8.8.8", "93.184.215.14")).effect is DENY


def test_the_zone_that_the_gate_found_counts() -> None:
    """One of this host's own public addresses is its loopback: only the address itself opens it."""
    own = Connect("me.example.com", 443, addresses=("93.184.215.14",), zone="loopback")
    assert judge(scope(rule("network", ALLOW, "me.example.com:443")), own).effect is DENY
    assert judge(scope(rule("network", ALLOW, "93.184.215.14:443")), own).effect is ALLOW


def test_the_need_of_an_inner_place_names_its_address() -> None:
    """A name would not open a loopback address, so the proposal is the address."""
    decision = judge(scope(), connect("app.test", 3000, "127.0.0.1"))
    assert decision.effect is DENY and "127.0.0.1:3000" in decision.needs and "loopback" in decision.explain
