"""AWS calls in plain words, and all of a call on the card."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.console import words
from supervisor.console.aws_words import LISTED, headline, raw, short
from supervisor.console.card.draw import request_rows
from supervisor.console.fold import fold
from supervisor.console.look import UNICODE
from supervisor.console.story import Story
from supervisor.model.decision import Decision, RuleRef
from supervisor.model.effect import Effect
from supervisor.model.grant import AwsMatcher
from supervisor.model.request import AwsCall
from supervisor.model.visible import visible
from tests.scenarios import stories

EC2 = "arn:aws:ec2:eu-central-1:123456789012"
OBJECTS = tuple(f"arn:aws:s3:::shop-logs/2025/{number}.gz" for number in range(1204))


def call(action: str, *arns: str, **more: object) -> AwsCall:
    """A call by its IAM action."""
    service, _, operation = action.partition(":")
    return replace(AwsCall((action,), arns, service, operation), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (call("s3:DeleteObject", *OBJECTS), "Delete 1,204 objects under s3://shop-logs/2025/"),
        (call("s3:DeleteObject", OBJECTS[0]), "Delete the object s3://shop-logs/2025/0.gz"),
        (call("s3:PutObject", OBJECTS[0]), "Write the object s3://shop-logs/2025/0.gz"),
        (call("s3:DeleteBucket", "arn:aws:s3:::shop"), "Delete the S3 bucket shop"),
        (call("s3:PutBucketPolicy", "arn:aws:s3:::shop"), "Put bucket policy: the S3 bucket shop"),
        (
            call(
                "rds:DeleteDBInstance",
                "arn:aws:rds:e:1:db:prod",
                notes=("irreversible: no final snapshot is taken", "hands out credentials: x"),
            ),
            "Delete the RDS instance prod, without a final snapshot",
        ),
        (
            call("ec2:StopInstances", *(f"{EC2}:instance/i-{at}" for at in range(3))),
            "Stop 3 EC2 instances: i-0, i-1, i-2",
        ),
        (
            call("ec2:StopInstances", *(f"{EC2}:instance/i-{at}" for at in range(12))),
            "Stop 12 EC2 instances: i-0, i-1, i-2 and 9 more",
        ),
        (
            call("ec2:RunInstances", f"{EC2}:instance/*", f"{EC2}:image/ami-1"),
            "Run instances: 2 resources: instance/*, image/ami-1",
        ),
        (call("ec2:TerminateInstances", f"{EC2}:instance/*"), "Terminate any EC2 instance"),
        (call("ec2:CreateVpc", "*"), "Create vpc"),
        (call("rds:RebootDBInstance"), "Reboot DB instance: any resource (cannot be told)"),
        (call("iam:DeletePolicy", "arn:aws:iam::1:policy/a", "arn:aws:iam::1:policy/b"), "Delete 2 IAM policies: a, b"),
        (call("sqs:PurgeQueue", "arn:aws:sqs:e:1:jobs"), "Purge the SQS queue jobs"),
        (call("logs:DeleteLogGroup", "arn:aws:logs:e:1:log-group:/aws/x:*"), "Delete the log group /aws/x"),
        (
            call("ec2:CreateTags", f"{EC2}:instance/i-1", level="tagging", request_tags=(("env", "dev"),)),
            "Tag the EC2 instance i-1 with env=dev",
        ),
        (
            call("ec2:DeleteTags", f"{EC2}:instance/i-1", level="tagging", request_tags=(("env", ""),)),
            "Remove the tags env from the EC2 instance i-1",
        ),
        (
            call("s3:PutBucketTagging", "arn:aws:s3:::shop", level="tagging", request_tags=(("a", "b"), ("*", ""))),
            "Tag the S3 bucket shop with a=b, some that cannot be told",
        ),
        (AwsCall((), service="unheard", operation="DoThing"), "Do thing: any resource (cannot be told)"),
        (AwsCall(()), "Call any resource (cannot be told)"),
    ],
)
def test_what_happens_is_one_sentence(made: AwsCall, said: str) -> None:
    """The verb of the operation, what it is about, how many, and what a reader must not miss."""
    assert headline(made) == said


def test_many_things_are_told_short_and_listed_whole() -> None:
    """A list has one line of it; the call itself leaves nothing out."""
    made = call("s3:DeleteObject", *OBJECTS)
    assert short(made) == "s3:DeleteObject 1,204 objects under s3://shop-logs/2025/"
    amount, text = raw(made)
    assert amount == "1,204 resources" and text.count(".gz") == 1204


KEYS = st.lists(st.text("ab/ '\"\n\u202e", min_size=1, max_size=5), min_size=LISTED + 1, max_size=LISTED + 4)


@given(KEYS, KEYS)
def test_no_two_calls_read_the_same(one: list[str], other: list[str]) -> None:
    """What names the objects of a folder tells spaces, quotes and slashes apart."""
    first = call("s3:DeleteObject", *(f"arn:aws:s3:::b/{key}" for key in one))
    second = call("s3:DeleteObject", *(f"arn:aws:s3:::b/{key}" for key in other))
    assert (raw(first) == raw(second)) is (one == other)


def test_everything_that_was_found_is_on_the_card() -> None:
    """Account, region, tags, notes, facts, programs, rule: each stands in the question."""
    waiting = fold(Story(), stories.database().lines).queue()[0]
    text = " ".join(" ".join(row.plain.split()) for row in request_rows(waiting, 100, UNICODE))
    for part in (
        "Delete the RDS instance orders-prod, without a final snapshot, with its automated backups",
        "account 123456789012 · eu-central-1",
        "env=prod, owner=orders",
        "size 1,200 GB · deletion protection off · automated backups 7 days",
        "snapshots 2 · last snapshot 2026-01-25 03:00 UTC",
        "terraform-provider-aws 4402 ← make 4120 ← bash 4119 ← claude 4100",
        "a person looks before a database changes",
        "scopes/s3-static-site.yaml:23",
    ):
        assert part in text


def test_tags_of_some_are_told_apart() -> None:
    """What all have and what some have are two rows, and so is what the call would set."""
    made = call("x:Do", f"{EC2}:instance/i-1", tags=(), some_tags=(("env", "prod"),), request_tags=(("a", "b"),))
    assert [pair for pair in words.effects(made) if pair[0] in ("tags", "", "sets")] == [
        ("tags", "none that all have"),
        ("", "some have env=prod"),
        ("sets", "tags a=b"),
    ]


def test_facts_of_many_are_counted() -> None:
    """The first few values under a label, and how many more."""
    made = call("x:Do", facts=(("versioning", "on"), *(("size", f"{number} KB") for number in range(9))))
    assert words.effects(made)[-1] == ("found", "versioning on · size 0 KB, 1 KB, 2 KB and 6 more")


def test_what_comes_back_is_said() -> None:
    """A delete in a bucket with versions can be undone, one of a version cannot."""
    kept = call("s3:DeleteObject", OBJECTS[0], facts=(("versioning", "on"),))
    assert ("note", "can be undone: the bucket keeps a version of what is deleted") in words.effects(kept)
    gone = replace(kept, notes=("irreversible: this version is gone",))
    assert not any("can be undone" in text for _, text in words.effects(gone))


def test_why_a_tag_asks_is_said_instead_of_what_allows() -> None:
    """The rule that would allow the call is not the reason for which it asks."""
    allow = RuleRef("aws", Effect.ALLOW, "task.yaml", 1, "allow: ec2:*", "machines are fine")
    ask = RuleRef("aws", Effect.ASK, "task.yaml", 2, "ask: ec2:*", "look at machines")
    once = "it changes the tag `env`, which the rule at task.yaml:3 relies on"
    decision = Decision(Effect.ASK, (allow,), once=once)
    assert words.why(decision) == once and words.place(decision) == ""
    both = Decision(Effect.ASK, (ask, allow), once=once)
    assert words.why(both) == f"look at machines; {once}" and words.place(both) == "task.yaml:2"


def test_a_long_grant_is_told_short() -> None:
    """A grant on a hundred things names the first ones."""
    said = words.covers(AwsMatcher(("s3:PutObject",), OBJECTS[:100]))
    assert said.endswith("7.gz and 92 more")


@given(st.text(max_size=20), st.text(max_size=20))
def test_foreign_text_is_visible(name: str, value: str) -> None:
    """Whatever stands in names, tags and facts reaches the screen through `visible`."""
    made = call("x:Do", f"arn:aws:s3:::b/{name}", tags=((name, value),), facts=((name, value),), notes=(value,))
    for text in (headline(made), short(made), *(text for _, text in words.effects(made))):
        assert text == visible(text) or "⟨" in text
        assert text.isprintable()
