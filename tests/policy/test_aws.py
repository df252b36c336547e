"""AWS calls: IAM wildcards, ARNs, accounts, regions, tags, and what cannot be told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.model.effect import Effect
from supervisor.model.request import AwsCall
from supervisor.policy.glob import covers_arn, matches, overlaps
from tests.policy.build import ALLOW, ASK, DENY, judge, rule, scope

BUCKET, KEY = "arn:aws:s3:::site", "arn:aws:s3:::site/index.html"
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
        (AwsCall(("ec2:StopInstances",), (), tags=(("env", "test"), ("x", "y"))), ALLOW),
        (AwsCall(("ec2:StopInstances",), (), tags=(("env", "prod"),)), ASK),
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
    call = ("ec2:StopInstances",)
    assert judge(made, AwsCall(call)).effect is DENY
    assert judge(made, AwsCall(call, tags=(("env", "dev"),))).effect is ALLOW
    assert judge(made, AwsCall(call, tags=())).effect is ALLOW


def test_a_delete_wants_its_name_typed() -> None:
    """The name is what people call the thing; without a resource it is the action."""
    made = scope()
    named = AwsCall(("rds:DeleteDBInstance",), ("arn:aws:rds:eu-central-1:123456789012:db:orders-prod",))
    assert judge(made, named).irreversible == ("orders-prod",)
    assert judge(made, AwsCall(("rds:DeleteDBInstance",))).irreversible == ("rds:DeleteDBInstance",)
    assert judge(made, AwsCall(("ec2:DescribeInstances",))).irreversible == ()
    noted = AwsCall(("s3:PutBucketVersioning",), ("arn:aws:s3:::logs",), notes=("removes a guard",))
    assert judge(made, noted).irreversible == ("logs",)


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
