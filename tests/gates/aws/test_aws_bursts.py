"""A burst of real calls, from boto3 through gate and session core to an embedded AWS and back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from supervisor.console.fold import fold
from supervisor.console.story import Story
from supervisor.console.words import headline
from supervisor.core.session import Session
from supervisor.gates.aws import AwsGate
from supervisor.gates.aws.authority import SessionAuthority
from supervisor.gates.aws.lookups import Lookups
from supervisor.gates.aws.placeholder import Placeholder
from supervisor.gates.aws.terms import Terms
from supervisor.gates.network import NetworkGate
from supervisor.model.codec import Json, rfc3339, to_json
from supervisor.model.event import Record
from supervisor.model.grant import Answer
from supervisor.model.request import AwsCall, Process
from supervisor.policy.decide import decide
from supervisor.policy.finding import needs_tags
from supervisor.policy.scope import Scope
from supervisor.runtime import Runtime
from tests.gates.aws.gate_stage import ACCOUNT, REGION, Broker
from tests.gates.network.stage import listening, wait_for
from tests.policy.build import ALLOW, ASK, DENY, rule, scope

CLI = (Process(10, "/usr/bin/aws", ("aws", "s3", "rm")),)
SCOPE = scope(
    rule("aws", ASK, "s3:DeleteObject"),
    rule("aws", ALLOW, "s3:PutObject", "s3:ListBucket", line=2),
    rule("aws", ALLOW, "ec2:*", line=3, where=(("env", ("dev",)),)),
    rule("aws", DENY, "ec2:*", line=4, where=(("env", ("prod",)),)),
)


class Paper:
    """A journal in memory, as the lines that a console reads."""

    def __init__(self) -> None:
        self.lines: list[Json] = []

    def append(self, record: Record, *, now: datetime) -> Json:
        self.lines.append({"seq": len(self.lines), "time": rfc3339(now), **to_json(record)})
        return self.lines[-1]


@dataclass
class Site:
    """A session with a gate in front of a cloud."""

    runtime: Runtime
    paper: Paper
    port: int
    placeholder: Placeholder
    cloud: str

    def agent(self, service: str) -> Any:
        """A client of the agent's."""
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name=REGION,
            aws_access_key_id=self.placeholder.access_key,
            aws_secret_access_key=self.placeholder.secret_key,
            aws_session_token=self.placeholder.token,
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=40),
        )

    def owner(self, service: str) -> Any:
        """A client that goes to the cloud itself."""
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        return boto3.client(service, endpoint_url=self.cloud, region_name=REGION, **keys)

    def story(self) -> Story:
        """What a console has read so far."""
        return fold(Story(), list(self.paper.lines))

    def answer(self, choice: Any) -> None:
        """A human reads the only question and answers it."""
        (waiting,) = self.story().queue()
        self.runtime.shown(waiting.id, "console")
        typed = " ".join(waiting.decision.irreversible)
        taken = self.runtime.answer(Answer(waiting.id, choice, waiting.digest, typed=typed, by="dev"))
        assert taken.accepted, taken.why


@contextmanager
def site(cloud: str, made: Scope) -> Iterator[Site]:
    """A session under a scope, with real look-ups."""
    paper = Paper()
    runtime = Runtime(Session(made), paper, session_id="s", agent="bash", wake=lambda moment: None)
    broker, placeholder = Broker(), Placeholder.create()
    authority = SessionAuthority("test", datetime.now(UTC))
    lookups = Lookups(lambda: broker.keys, cloud, longest_seconds=60)
    terms = Terms(
        placeholder=placeholder,
        broker=broker,
        lookups=lookups,
        would=lambda call: decide(made, (), runtime.preview("aws", call), datetime.now(UTC)).effect,
        needs_tags=lambda call: needs_tags(made, call),
        chain_of=lambda peer: CLI,
        endpoint=cloud,
    )
    gate = AwsGate(terms, context_for=authority.context_for)
    proxy = listening()
    network = NetworkGate({"proxy": proxy}, aws=gate.take)
    for one in (gate, network):
        runtime.attach(one)
        one.start(runtime)
    try:
        yield Site(runtime, paper, proxy.getsockname()[1], placeholder, cloud)
    finally:
        network.stop()
        gate.stop()
        lookups.close()


@pytest.mark.parametrize("choice", ["once", "deny"])
def test_a_burst_is_answered_once(cloud: str, choice: str) -> None:
    """Thirty deletes at once are one question; its answer reaches every one of them."""
    bucket = f"burst-{choice}"
    with site(cloud, SCOPE) as here:
        owner, agent = here.owner("s3"), here.agent("s3")
        owner.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        for number in range(30):
            owner.put_object(Bucket=bucket, Key=f"logs/{number}", Body=b"x")
        with ThreadPoolExecutor(30) as threads:
            calls = [threads.submit(agent.delete_object, Bucket=bucket, Key=f"logs/{number}") for number in range(30)]
            wait_for(lambda: sum(one.merged + 1 for one in here.story().queue()) == 30, "all are held", 60)
            (waiting,) = here.story().queue()
            assert headline(waiting.request.action) == f"Delete 30 objects under s3://{bucket}/logs/"
            assert isinstance(waiting.request.action, AwsCall)
            assert ("versioning", "off") in waiting.request.action.facts
            here.answer(choice)
            failed = [call.exception(60) for call in calls]
        left = owner.list_objects_v2(Bucket=bucket).get("KeyCount")
        if choice == "once":
            assert failed == [None] * 30 and left == 0
        else:
            assert all(isinstance(error, ClientError) for error in failed) and left == 30
            with pytest.raises(ClientError, match="dev denied this"):
                agent.delete_object(Bucket=bucket, Key="logs/3")
        for client in (owner, agent):
            client.close()


def test_dev_and_not_prod(cloud: str) -> None:
    """Tags that we looked up decide, and who would change them is denied or asked about."""
    with site(cloud, replace(SCOPE, aws=replace(SCOPE.aws, otherwise=DENY))) as here:
        owner, agent = here.owner("ec2"), here.agent("ec2")
        image = owner.describe_images()["Images"][0]["ImageId"]
        machines = {}
        for env in ("dev", "prod"):
            made = owner.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
            owner.create_tags(Resources=[made], Tags=[{"Key": "env", "Value": env}])
            machines[env] = made
        agent.stop_instances(InstanceIds=[machines["dev"]])
        for change in (
            lambda: agent.stop_instances(InstanceIds=[machines["prod"]]),
            lambda: agent.stop_instances(InstanceIds=[machines["prod"], machines["dev"]]),
            lambda: agent.create_tags(Resources=[machines["prod"]], Tags=[{"Key": "env", "Value": "dev"}]),
            lambda: agent.delete_tags(Resources=[machines["prod"]], Tags=[{"Key": "env"}]),
            lambda: agent.delete_tags(Resources=[machines["prod"]]),
        ):
            with pytest.raises(ClientError) as error:
                change()
            assert error.value.response["Error"]["Code"] == "UnauthorizedOperation" or "denied" in str(error.value)
        with ThreadPoolExecutor(1) as thread:
            wanted = [{"Key": "env", "Value": "test"}]
            asked = thread.submit(agent.create_tags, Resources=[machines["dev"]], Tags=wanted)
            wait_for(lambda: here.story().queue(), "it is asked about", 60)
            (waiting,) = here.story().queue()
            assert waiting.offers == () and "env" in waiting.decision.once
            assert headline(waiting.request.action) == f"Tag the EC2 instance {machines['dev']} with env=test"
            here.answer("once")
            asked.result(60)
        with pytest.raises(ClientError):
            agent.stop_instances(InstanceIds=[machines["dev"]])
        assert here.runtime.broken is None and waiting.request.action.account == ACCOUNT  # type: ignore[union-attr]
        for client in (owner, agent):
            client.close()
