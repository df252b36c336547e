"""The demo's scope allows the site and its CDN, and nothing else of AWS."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from supervisor.demo.estate import ACCOUNT, BUCKET, DATABASE, DISTRIBUTION, REGION, UPLOADS
from supervisor.demo.play import demo_scope
from supervisor.demo.world import make_world
from supervisor.model.effect import Effect
from supervisor.model.request import AwsCall, Connect, Exec, Request, Subject
from supervisor.policy.decide import decide
from supervisor.policy.scope import Scope

NOW = datetime(2026, 2, 26, tzinfo=UTC)
SYNC = Exec("/usr/bin/aws", ("aws", "s3", "sync", "site", f"s3://{BUCKET}"), "/", known_as=("aws",))


@pytest.fixture(params=[True, False], ids=["headless", "watched"])
def scope(request: pytest.FixtureRequest, tmp_path: Path) -> Scope:
    """As it is with and without a console."""
    return demo_scope(make_world(tmp_path), headless=request.param)


def _effect(scope: Scope, action: AwsCall | Connect | Exec) -> Effect:
    return decide(scope, (), Request("r1", "aws", Subject("s1", "demo-agent"), action), NOW).effect


def _call(action: str, resource: str, region: str = REGION) -> AwsCall:
    return AwsCall((action,), (resource,), action.partition(":")[0], "", region, ACCOUNT)


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("s3:PutObject", f"arn:aws:s3:::{BUCKET}/index.html", Effect.ALLOW),
        ("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", Effect.ALLOW),
        ("cloudfront:CreateInvalidation", f"arn:aws:cloudfront::{ACCOUNT}:distribution/{DISTRIBUTION}", Effect.ALLOW),
        ("sts:GetCallerIdentity", "*", Effect.ALLOW),
        ("s3:DeleteBucket", f"arn:aws:s3:::{BUCKET}", Effect.DENY),
        ("s3:DeleteObject", f"arn:aws:s3:::{BUCKET}/index.html", Effect.DENY),
        ("s3:PutObject", f"arn:aws:s3:::{UPLOADS}/avatars.tar", Effect.DENY),
        ("rds:DeleteDBInstance", f"arn:aws:rds:{REGION}:{ACCOUNT}:db:{DATABASE}", Effect.DENY),
        ("rds:DescribeDBInstances", f"arn:aws:rds:{REGION}:{ACCOUNT}:db:{DATABASE}", Effect.DENY),
        ("ec2:DeleteVpc", f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-1", Effect.DENY),
    ],
)
def test_a_call_is_judged_whoever_makes_it(scope: Scope, action: str, resource: str, expected: Effect) -> None:
    """The site's bucket and its distribution, and not one action more."""
    assert _effect(scope, _call(action, resource)) is expected


def test_there_is_no_way_around_the_gate(scope: Scope) -> None:
    """No port of this host is open to the agent: AWS is reached through its gate only."""
    assert _effect(scope, Connect("127.0.0.1", 5000, zone="loopback")) is Effect.DENY
    assert not scope.network.rules


def test_a_question_is_asked_where_somebody_can_answer(tmp_path: Path) -> None:
    """The upload waits for a human at a console; without one it goes by the rules of AWS alone."""
    world = make_world(tmp_path)
    assert _effect(demo_scope(world, headless=True), SYNC) is Effect.ALLOW
    assert _effect(demo_scope(world, headless=False), SYNC) is Effect.ASK
