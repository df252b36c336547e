"""What no scope, request or grant can break."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.model.effect import Effect
from supervisor.model.grant import AwsMatcher, ConnectMatcher, ExecMatcher, Grant, ToolMatcher
from supervisor.model.request import Action, AwsCall, Exec, ToolCall
from supervisor.policy.decide import decide
from supervisor.policy.offers import covers, offers
from supervisor.policy.scope import Rule, Scope
from tests.policy.build import DENY, NOW, connect, judge, request, rule, scope

EFFECTS = st.sampled_from(list(Effect))
COMMANDS = (
    "git",
    "git push",
    "git push --force",
    "terraform",
    "terraform destroy",
    "make *",
    "*",
    "/usr/bin/git push",
    "a | b",
)
HOSTS = ("example.com:443", "*.example.com", "*", "10.0.0.0/8:*", "127.0.0.1:80", "localhost:80", "not a host")
ACTIONS = ("s3:*", "s3:GetObject", "*:Delete*", "rds:*", "*")
ARNS = ("arn:aws:s3:::a/*", "arn:aws:s3:::*", "*", "arn:aws:rds:*:*:db:*")
TOOLS = ("github/*", "github/get_*", "*/delete", "*")


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """A rule of any section."""
    section = draw(st.sampled_from(["commands", "network", "aws", "mcp"]))
    pool = {"commands": COMMANDS, "network": HOSTS, "aws": ACTIONS, "mcp": TOOLS}[section]
    more = {}
    if section == "aws":
        more["on"] = tuple(draw(st.lists(st.sampled_from(ARNS), max_size=1)))
        more["where"] = draw(st.sampled_from([(), (("env", ("dev",)),), (("env", ("prod", "live")),)]))
    patterns = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=2))
    except_ = tuple(draw(st.lists(st.sampled_from(pool), max_size=1)))
    return rule(section, draw(EFFECTS), *patterns, line=draw(st.integers(1, 50)), except_=except_, **more)  # type: ignore[arg-type]


WORDS = st.lists(
    st.sampled_from(
        ["push", "destroy", "--force", "-f", "-C", "x", "git", "terraform", "-c", "git push; terraform destroy"]
    ),
    max_size=4,
)
EXECS = st.builds(
    lambda program, called, words, known: Exec(
        f"/usr/bin/{program}", (called or program, *words), "/work", ("terraform",) if known else ()
    ),
    st.sampled_from(["git", "terraform", "make", "bash", "env", "ls"]),
    st.sampled_from(["", "", "", "git"]),
    WORDS,
    st.booleans(),
)
CONNECTS = st.builds(
    lambda host, port, addresses: connect(host, port, *addresses),
    st.sampled_from(["example.com", "a.example.com", "localhost", "10.0.0.1", "169.254.169.254"]),
    st.sampled_from([80, 443]),
    st.lists(st.sampled_from(["8.8.8.8", "10.0.0.1", "127.0.0.1", "169.254.169.254"]), max_size=2),
)
CALLS = st.builds(
    AwsCall,
    st.lists(st.sampled_from(["s3:GetObject", "rds:DeleteDBInstance", "ec2:RunInstances"]), max_size=2).map(tuple),
    st.lists(st.sampled_from(["arn:aws:s3:::a/1", "arn:aws:s3:::b/1", "arn:aws:rds:e:1:db:x", "*"]), max_size=2).map(
        tuple
    ),
    operation=st.sampled_from(["", "CreateTags", "PutBucketTagging"]),
    level=st.sampled_from(["", "list", "read", "tagging", "write", "permissions"]),
    tags=st.sampled_from([None, (), (("env", "dev"),)]),
    some_tags=st.sampled_from([(), (("env", "prod"),)]),
    request_tags=st.sampled_from([(), (("env", "prod"),), (("env", ""),), (("name", "x"),), (("*", ""),)]),
    notes=st.sampled_from([(), ("runs anything: code",), ("irreversible: gone",)]),
    facts=st.sampled_from([(), (("versioning", "on"),)]),
)
CALLED_TOOLS = st.builds(ToolCall, st.sampled_from(["github", "x"]), st.sampled_from(["get_me", "delete"]))
ANY: st.SearchStrategy[Action] = EXECS | CONNECTS | CALLS | CALLED_TOOLS
SCOPES = st.builds(
    lambda made, commands, other: scope(*made, commands=commands, aws=other, network=other, mcp=other),
    st.lists(rules(), max_size=6),
    EFFECTS,
    st.sampled_from([Effect.ASK, Effect.DENY]),
)
MATCHERS = st.sampled_from(
    [
        ExecMatcher("git", ("push",)),
        ExecMatcher("terraform", ("destroy",)),
        ExecMatcher("ls", (), exact=True),
        ConnectMatcher("example.com", 443),
        ConnectMatcher("*.example.com", 443),
        AwsMatcher(("*",), ("*",)),
        ToolMatcher("github", "delete"),
    ]
)


def _with(made: Scope, more: Rule) -> Scope:
    section = getattr(made, more.section)
    return replace(made, **{more.section: replace(section, rules=(*section.rules, more))})


@given(SCOPES, rules(), ANY)
def test_adding_an_ask_or_a_deny_never_weakens_a_decision(made: Scope, more: Rule, action: Action) -> None:
    """More rules of that kind, and nothing becomes easier; an allow rule never weakens what a rule said."""
    before, after = judge(made, action), judge(_with(made, more), action)
    if more.effect is not Effect.ALLOW or any(ref.effect is before.effect for ref in before.rules):
        # An ask may name a place inside (a private address), so it may turn the built-in deny into a question.
        named = before.effect is DENY and not before.rules
        assert after.effect >= before.effect or named


@given(SCOPES, ANY, MATCHERS, ANY)
def test_a_grant_only_answers_asks(made: Scope, action: Action, matcher: ExecMatcher, other: Action) -> None:
    """With any grant a deny stays a deny, an allow an allow, and an ask becomes an allow only if it is covered."""
    grant = Grant("g1", matcher, NOW + timedelta(minutes=1), "dev")
    before, after = judge(made, action), judge(made, action, (grant,))
    if before.effect is Effect.ASK and after.effect is Effect.ALLOW:
        assert covers(matcher, action) and after.grant == "g1"
        assert not before.irreversible and before.four_eyes <= 1 and not before.once
    else:
        assert after == before


@given(SCOPES, ANY, st.randoms(use_true_random=False))
def test_the_order_of_rules_does_not_matter(made: Scope, action: Action, shuffler: random.Random) -> None:
    """A shuffled scope decides the same."""
    shuffled = made
    for section in ("commands", "network", "aws", "mcp"):
        of = getattr(made, section)
        mixed = list(of.rules)
        shuffler.shuffle(mixed)
        shuffled = replace(shuffled, **{section: replace(of, rules=tuple(mixed))})
    assert judge(made, action).effect is judge(shuffled, action).effect


@given(SCOPES, ANY)
def test_decide_is_deterministic(made: Scope, action: Action) -> None:
    """The same scope, and an equal one, say the same about the same request, asked again and in between."""
    first = judge(made, action)
    equal = replace(made)
    assert decide(equal, (), request(action), NOW) == first
    assert judge(made, replace(action)) == first


@given(SCOPES, ANY)
def test_a_decision_explains_itself(made: Scope, action: Action) -> None:
    """There is a line that says why, and without an allow what would help; rules come strictest first."""
    decision = judge(made, action)
    assert decision.explain and decision.explain.isprintable() and decision.scope == "sha256:1"
    assert bool(decision.needs) is (decision.effect is not Effect.ALLOW)
    order = [ref.effect for ref in decision.rules]
    assert order == sorted(order, reverse=True)
    if decision.effect is not Effect.ASK:
        assert not decision.irreversible and not decision.once


@given(SCOPES, CALLS)
def test_what_changes_and_does_not_say_where_is_not_allowed(made: Scope, call: AwsCall) -> None:
    """No scope allows a change of something that cannot be told, nor one of a tag that one of its rules relies on."""
    effect = judge(made, call).effect
    if not call.resources and call.level not in ("list", "read"):
        assert effect is not Effect.ALLOW
    relied = any(rule.where and not rule.on for rule in made.aws.rules)
    if relied and any(key in ("env", "*") for key, _ in call.request_tags):
        assert effect is not Effect.ALLOW


@given(SCOPES, CALLS, st.sampled_from([(), (("env", "dev"),), (("env", "prod"),)]))
def test_not_knowing_tags_is_never_the_easier_way(
    made: Scope, call: AwsCall, tags: tuple[tuple[str, str], ...]
) -> None:
    """Whatever the tags turn out to be, a call whose tags were not looked up is decided at least as strictly."""
    unknown, known = replace(call, tags=None, some_tags=()), replace(call, tags=tags, some_tags=())
    if call.level == "tagging":  # what else sets tags makes a thing, which had none
        assert judge(made, unknown).effect >= judge(made, known).effect


@settings(max_examples=60)
@given(SCOPES, ANY)
def test_offers_cover_what_they_are_offered_for(made: Scope, action: Action) -> None:
    """Whatever is offered for an ask answers it."""
    decision = judge(made, action)
    for offer in offers(request(action), decision):
        assert covers(offer.matcher, action)
        if decision.effect is Effect.ASK:
            grant = Grant("g1", offer.matcher, NOW + timedelta(minutes=1), "dev")
            assert judge(made, action, (grant,)).effect is Effect.ALLOW
