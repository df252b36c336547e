"""AWS calls: IAM wildcards, ARNs, accounts, regions, tags, and what cannot be told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.model.effect import Effect
from supervisor.model.grant import AwsMatcher, Grant
from supervisor.model.request import AwsCall
from supervisor.policy.finding import needs_tags
from supervisor.policy.glob import covers_arn, matches, may_name, overlaps
from supervisor.policy.irreversible import VERSIONED
from supervisor.policy.offers import offers
from supervisor.policy.resources import common_folder, parent
from tests.policy.build import ALLOW, ASK, DENY, NOW, judge, request, rule, scope

BUCKET, KEY = "arn:aws:s3:::site", "arn:aws:s3:::site/index.html"
INSTANCE = "arn:aws:ec2:eu-central-1:123456789012:instance/i-1"
CLOUD = scope(
    rule("aws", ALLOW, "s3:Get*", "s3:PutObject", on=(BUCKET, f"{BUCKET}/*")),
    rule("aws", ALLOW, "ec2:*", where=(("env", ("dev", "test")),)),
    rule("aws", DENY, "rds:*", "*:Delete*Snapshot*", except_=("rds:Describe*",)),
    rule("aws", DENY, "sqs:PurgeQueue", on=("arn:aws:sqs:*:*:prod-*",)),
    account="123456789012",
    regions=("eu-central-1",),
)


@pytest.mark.parametrize(
    ("call", "effect"),
    [
        (AwsCall(("s3:GetObject",), (KEY,)), ALLOW),
        (AwsCall(("S3:getobject",), (KEY,)), ALLOW),
        (AwsCall(("s3:GetObject",), ("arn:aws:s3:::other/x",)), ASK),
        (AwsCall(("s3:GetObject",), (KEY, "arn:aws:s3:::other/x")), ASK),
        (AwsCall(("s3:GetObject", "s3:DeleteObject"), (KEY,)), ASK),
        (AwsCall(("s3:GetObject",)), ASK),
        (AwsCall(("s3:GetObject",), ("*",)), ASK),
        (AwsCall(("rds:DeleteDBInstance",)), DENY),
        (AwsCall(("rds:DescribeDBInstances",)), ASK),
        (AwsCall(("ec2:DeleteSnapshot",), tags=(("env", "dev"),)), DENY),
        (AwsCall(("ec2:StopInstances",), ("arn:aws:ec2:eu-central-1:123456789012:instance/i",)), ASK),
        (AwsCall(("ec2:StopInstances",), (INSTANCE,), tags=(("env", "test"), ("x", "y"))), ALLOW),
        (AwsCall(("ec2:StopInstances",), (INSTANCE,), tags=(("env", "prod"),)), ASK),
        (AwsCall(("ec2:StopInstances",), (INSTANCE,), tags=(), some_tags=(("env", "dev"),)), ASK),
        (AwsCall(("ec2:StopInstances",), (), tags=(("env", "test"),)), ASK),
        (AwsCall(("sqs:PurgeQueue",), ("arn:aws:sqs:eu-central-1:123456789012:dev-a",)), ASK),
        (AwsCall(("sqs:PurgeQueue",), ("arn:aws:sqs:eu-central-1:123456789012:prod-a",)), DENY),
        (AwsCall(("sqs:PurgeQueue",), ("arn:aws:sqs:eu-central-1:123456789012:*",)), DENY),
        (AwsCall(("sqs:PurgeQueue",)), DENY),
        (AwsCall((), service="rds", operation="Anything"), DENY),
        (AwsCall((), service="s3", operation="GetObject", resources=(KEY,)), ASK),
        (AwsCall(("s3:GetObject",), (KEY,), account="999999999999"), DENY),
        (AwsCall(("s3:GetObject",), (KEY,), region="us-west-2"), DENY),
        (AwsCall(("s3:GetObject",), (KEY,), region="eu-central-1", account="123456789012"), ALLOW),
        (AwsCall(("ec2:StopInstances",), ("arn:aws:ec2:us-west-2:123456789012:instance/i",)), DENY),
        (AwsCall(("lambda:Invoke",), ("arn:aws:lambda:eu-central-1:111111111111:function:f",)), DENY),
    ],
)
def test_calls(call: AwsCall, effect: Effect) -> None:
    """An allow covers every action on every resource for certain; a deny reaches whatever it may be about."""
    assert judge(CLOUD, call).effect is effect


def test_two_allows_cover_together() -> None:
    """One rule for each resource is enough."""
    made = scope(
        rule("aws", ALLOW, "s3:GetObject", on=("arn:aws:s3:::a/*",)),
        rule("aws", ALLOW, "s3:*Object", on=("arn:aws:s3:::b/*",)),
    )
    both = AwsCall(("s3:GetObject",), ("arn:aws:s3:::a/1", "arn:aws:s3:::b/1"))
    assert judge(made, both).effect is ALLOW
    assert judge(made, AwsCall(("s3:PutObject",), both.resources)).effect is ASK


def test_a_deny_by_tag_holds_while_tags_are_unknown() -> None:
    """Tags that nobody looked up may be the ones that the deny is about."""
    made = scope(rule("aws", ALLOW, "ec2:*"), rule("aws", DENY, "ec2:*", where=(("env", ("prod",)),)))
    call = AwsCall(("ec2:StopInstances",), (INSTANCE,))
    assert judge(made, call).effect is DENY
    assert judge(made, replace(call, tags=(("env", "dev"),))).effect is ALLOW
    assert judge(made, replace(call, tags=())).effect is ALLOW
    assert judge(made, replace(call, tags=(), some_tags=(("env", "prod"),))).effect is DENY, "one of them is enough"


@pytest.mark.parametrize("level", ["", "write", "permissions", "tagging"])
def test_a_change_of_nobody_knows_what_is_never_allowed(level: str) -> None:
    """A rule for everything does not cover a call that changes something which cannot be told."""
    made = scope(rule("aws", ALLOW, "*"))
    unknown = AwsCall(("ec2:StopInstances",), level=level)  # type: ignore[arg-type]
    decision = judge(made, unknown)
    assert decision.effect is ASK and "cannot be told" in decision.explain
    assert judge(scope(rule("aws", ALLOW, "*"), aws=DENY), unknown).effect is DENY
    assert judge(made, replace(unknown, resources=("*",))).effect is ALLOW, "its action has no resource"
    assert judge(made, replace(unknown, level="read")).effect is ALLOW


def test_a_delete_wants_its_name_typed() -> None:
    """The name is what people call the thing; without a resource it is the action."""
    made = scope()
    named = AwsCall(("rds:DeleteDBInstance",), ("arn:aws:rds:eu-central-1:123456789012:db:orders-prod",))
    assert judge(made, named).irreversible == ("orders-prod",)
    assert judge(made, AwsCall(("rds:DeleteDBInstance",))).irreversible == ("rds:DeleteDBInstance",)
    assert judge(made, AwsCall(("ec2:DescribeInstances",))).irreversible == ()
    noted = AwsCall(("s3:PutBucketVersioning",), ("arn:aws:s3:::logs",), notes=("removes a guard: versions",))
    assert judge(made, noted).irreversible == ("logs",)
    said = AwsCall(("lambda:Invoke",), ("arn:aws:lambda:e:1:function:f",), notes=("runs anything: your code",))
    assert judge(made, said).irreversible == ()
    assert judge(made, replace(said, notes=(*said.notes, "irreversible: so"))).irreversible == ("f",)


def test_many_objects_want_their_folder_typed() -> None:
    """More than three objects of one folder are named by it; things without a folder are counted."""
    objects = tuple(f"arn:aws:s3:::shop/logs/{number}/x" for number in range(5))
    assert judge(scope(), AwsCall(("s3:DeleteObject",), objects)).irreversible == ("shop/logs/",)
    tables = tuple(f"arn:aws:dynamodb:e:1:table/t{number}" for number in range(5))
    assert judge(scope(), AwsCall(("dynamodb:DeleteTable",), tables)).irreversible == ("5 resources",)


def test_what_a_bucket_keeps_is_not_gone() -> None:
    """A delete in a bucket with versions can be granted; one of a version, or one that is noted as final, cannot."""
    kept = AwsCall(("s3:DeleteObject",), (KEY,), facts=(VERSIONED,))
    assert judge(scope(), kept).irreversible == () and offers(request(kept), judge(scope(), kept))
    for worse in (
        replace(kept, facts=()),
        replace(kept, actions=("s3:DeleteObject", "s3:DeleteObjectVersion")),
        replace(kept, notes=("irreversible: a version is named",)),
    ):
        assert judge(scope(), worse).irreversible and not offers(request(worse), judge(scope(), worse))


RELYING = (
    rule("aws", ALLOW, "*"),
    rule("aws", ALLOW, "ec2:*", line=2, where=(("env", ("dev",)),)),
    rule("aws", DENY, "rds:*", line=3, where=(("stage", ("prod", "live")),)),
)
RETAG = AwsCall(
    ("ec2:CreateTags",), (INSTANCE,), "ec2", "CreateTags", tags=(), level="tagging", request_tags=(("env", "dev"),)
)
CREATE = replace(
    RETAG, actions=("ec2:RunInstances", "ec2:CreateTags"), operation="RunInstances", level="write", tags=None
)


@pytest.mark.parametrize(
    ("call", "effect"),
    [
        (RETAG, ASK),
        (replace(RETAG, request_tags=(("Env", "dev"),)), ASK),
        (replace(RETAG, request_tags=(("name", "x"),)), ALLOW),
        (replace(RETAG, request_tags=(("name", ""),)), ALLOW),
        (replace(RETAG, request_tags=(("env", ""),)), ASK),
        (replace(RETAG, request_tags=()), ASK),
        (replace(RETAG, request_tags=(("a", "b"), ("*", ""))), ASK),
        (replace(RETAG, level="write", operation="RunInstances", actions=("ec2:RunInstances", "ec2:CreateTags")), ASK),
        (replace(CREATE, request_tags=(("stage", "dev"),)), ASK),
        (replace(CREATE, request_tags=(("name", "x"),)), ALLOW),
        (replace(CREATE, request_tags=()), ASK),
        (replace(RETAG, request_tags=(("name", "x"),), actions=("s3:PutBucketTagging",), operation=""), ASK),
        (replace(RETAG, actions=("apigateway:PUT",), operation="TagResource", level="write", request_tags=()), ASK),
        (replace(RETAG, request_tags=(("stage", "dev"),), tags=(("stage", "prod"),)), DENY),
        (replace(RETAG, request_tags=(("stage", "dev"),), some_tags=(("stage", "live"),)), DENY),
        (replace(RETAG, request_tags=(("stage", "dev"),), tags=(("stage", "test"),)), ASK),
        (replace(RETAG, request_tags=(("stage", "live"),), tags=(("stage", "prod"),)), ASK),
        (replace(RETAG, request_tags=(("stage", ""),), tags=(("stage", "prod"),)), DENY),
        (replace(RETAG, request_tags=(("stage", ""),), tags=None), DENY),
        (replace(RETAG, request_tags=(("a", "b"), ("*", "")), tags=(("stage", "prod"),)), DENY),
        (replace(RETAG, request_tags=(("stage", "prod"),)), ASK),
        (replace(RETAG, actions=("ec2:DescribeTags",), operation="DescribeTags", level="list", request_tags=()), ALLOW),
    ],
)
def test_a_change_of_a_tag_that_a_rule_relies_on(call: AwsCall, effect: Effect) -> None:
    """It asks whatever allows it, and it is denied where a resource would leave what a deny protects."""
    decision = judge(scope(*RELYING), call)
    assert decision.effect is effect
    assert bool(decision.once) is (effect is ASK)
    if effect is not ALLOW:
        assert "task.yaml:" in decision.explain and "tag" in decision.explain


def test_no_grant_answers_for_a_tag_that_a_rule_relies_on() -> None:
    """Who allowed one tag on a thing did not allow another one: nothing is offered, and no grant covers it."""
    made = scope(*RELYING)
    grant = Grant("g1", AwsMatcher(RETAG.actions, RETAG.resources), NOW + timedelta(hours=1), "dev")
    assert judge(made, RETAG, (grant,)).effect is ASK
    assert offers(request(RETAG), judge(made, RETAG)) == ()


def test_a_call_on_many_things_is_told_in_one_line() -> None:
    """What would allow it names their folder, and the line for the program stays a line."""
    objects = tuple(f"arn:aws:s3:::shop/logs/{number}/{number}.gz" for number in range(1204))
    decision = judge(scope(), AwsCall(("s3:PutObject",), objects))
    assert "1,204 resources under arn:aws:s3:::shop/logs/" in decision.explain
    assert decision.needs == 'aws: {rules: [{allow: ["s3:PutObject"], on: ["arn:aws:s3:::shop/logs/*"]}]}' or (
        decision.needs == 'aws: {rules: [{allow: [s3:PutObject], on: ["arn:aws:s3:::shop/logs/*"]}]}'
    )
    labels = [offer.matcher.resources for offer in offers(request(AwsCall(("s3:PutObject",), objects)), decision)]
    assert labels == [("arn:aws:s3:::shop/logs/*",)]


def test_a_wildcard_in_a_name_is_not_one_character() -> None:
    """`?` in a pattern covers one character, and never all that a `*` in a resource may stand for."""
    assert covers_arn("arn:aws:ec2:e:1:instance/?", "arn:aws:ec2:e:1:instance/i")
    assert not covers_arn("arn:aws:ec2:e:1:instance/?", "arn:aws:ec2:e:1:instance/*")
    assert covers_arn("arn:aws:ec2:e:1:instance/*", "arn:aws:ec2:e:1:instance/*")


def test_an_arn_wildcard_stays_in_its_part() -> None:
    """`arn:aws:rds:*:db:x` does not reach over the account, as in IAM."""
    arn = "arn:aws:rds:eu-central-1:123456789012:db:x"
    assert covers_arn("arn:aws:rds:*:*:db:*", arn)
    assert not covers_arn("arn:aws:rds:*:db:*", arn)
    assert not covers_arn("arn:aws:s3:::*", arn)
    assert covers_arn("*", arn)


GLOBS = st.text("ab*?", max_size=7)
PLAIN = st.text("ab", max_size=7)


@given(GLOBS, PLAIN)
def test_overlap_and_match_agree_on_plain_names(pattern: str, name: str) -> None:
    """A pattern overlaps a name without wildcards exactly when it matches it."""
    assert overlaps(pattern, name) is matches(pattern, name) is overlaps(name, pattern)


@given(GLOBS, GLOBS, PLAIN)
def test_what_both_match_is_an_overlap(one: str, other: str, name: str) -> None:
    """No name is matched by two patterns that do not overlap."""
    if matches(one, name) and matches(other, name):
        assert overlaps(one, other)


@given(st.lists(GLOBS, min_size=6, max_size=6), st.lists(PLAIN, min_size=6, max_size=6))
def test_compiled_patterns_say_what_the_slow_way_says(patterns: list[str], names: list[str]) -> None:
    """Part by part for what an allow covers, over the whole text for what a deny may name."""
    pattern, name = ":".join(patterns), ":".join(names)
    slow = all(matches(one, other) for one, other in zip(patterns, names, strict=True))
    assert covers_arn(pattern, name) is slow
    assert may_name(pattern, name) is overlaps(pattern, name)


@pytest.mark.parametrize(
    ("arn", "among"),
    [
        ("arn:aws:s3:::shop/logs/2025/a", "arn:aws:s3:::shop/logs/"),
        ("arn:aws:s3:::shop/a", "arn:aws:s3:::shop/"),
        ("arn:aws:s3:::shop", "arn:aws:s3:::"),
        ("arn:aws:ec2:e:1:instance/i-1", "arn:aws:ec2:e:1:instance/"),
        ("arn:aws:rds:e:1:db:prod", "arn:aws:rds:e:1:db:"),
        ("arn:aws:sqs:e:1:queue", "arn:aws:sqs:e:1:"),
        ("arn:aws:ec2:e:1:instance/*", ""),
        ("*", ""),
    ],
)
def test_what_a_thing_stands_among(arn: str, among: str) -> None:
    """An object stands in its top folder, other things among their kind; a pattern nowhere."""
    assert parent(arn) == among


@given(st.lists(st.lists(st.sampled_from("ab"), min_size=1, max_size=4).map("/".join), min_size=1, max_size=5))
def test_a_common_folder_holds_all_and_no_deeper_one_does(keys: list[str]) -> None:
    """Every object begins with it, and the next step down leaves one out."""
    arns = [f"arn:aws:s3:::b/{key}" for key in keys]
    shared = common_folder(arns)
    assert shared.endswith("/") and all(arn.startswith(shared) for arn in arns)
    deeper = {arn[len(shared) :].partition("/")[0::1][:2] for arn in arns}
    assert len(deeper) > 1 or not next(iter(deeper))[1]


def test_tags_are_wanted_where_they_may_matter() -> None:
    """A rule with `where` that may speak of the call wants them, and so does a change of tags."""
    read = AwsCall(("s3:GetObject",), (KEY,), "s3", "GetObject", level="read")
    stop = AwsCall(("ec2:StopInstances",), (INSTANCE,), "ec2", "StopInstances", level="write")
    made = scope(rule("aws", ALLOW, "ec2:*", where=(("env", ("dev",)),)))
    assert needs_tags(made, stop) and not needs_tags(made, read)
    assert needs_tags(made, replace(RETAG, actions=("rds:AddTagsToResource",), operation="AddTagsToResource"))
    assert not needs_tags(scope(rule("aws", ALLOW, "ec2:*")), RETAG)
    abroad = scope(rule("aws", ALLOW, "ec2:*", on=("arn:aws:ec2:us-east-1:*:*",), where=(("env", ("dev",)),)))
    assert not needs_tags(abroad, stop)
