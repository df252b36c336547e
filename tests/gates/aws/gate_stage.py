"""An aws gate behind the network gate's proxy, in front of a moto server, with a desk that answers as told."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config

from supervisor.demo.cloud import embedded_aws
from supervisor.gates.aws import AwsGate
from supervisor.gates.aws.authority import SessionAuthority
from supervisor.gates.aws.placeholder import Placeholder
from supervisor.gates.aws.terms import Tags, Terms
from supervisor.gates.network import NetworkGate
from supervisor.identity.credentials import Credentials
from supervisor.model.decision import By
from supervisor.model.effect import Effect
from supervisor.model.request import AwsCall
from tests.gates.network.stage import Desk, listening, wait_for

ACCOUNT = "123456789012"
REGION = "eu-central-1"


@dataclass
class Broker:
    """Hands out fixed keys, or raises `error`; keeps what was asked of it."""

    keys: Credentials = field(default_factory=lambda: Credentials("testing", "testing", ""))
    error: Exception | None = None
    ready: bool = True
    asked: list[tuple[AwsCall, By]] = field(default_factory=list)
    rejections: list[tuple[str, str]] = field(default_factory=list)
    follows: str = "the next try has new ones"

    def account(self) -> str:
        return ACCOUNT

    def known_account(self) -> str:
        return ACCOUNT

    def at_hand(self, call: AwsCall, *, by: By) -> Credentials | None:
        if self.error is not None or not self.ready:
            return None
        self.asked.append((call, by))
        return self.keys

    def for_call(self, call: AwsCall, *, by: By, request_id: str, escalation: str = "") -> Credentials:
        self.asked.append((call, by))
        if self.error is not None:
            raise self.error
        return self.keys

    def rejected(self, access_key: str, code: str) -> str:
        self.rejections.append((access_key, code))
        return self.follows


@dataclass
class Lookups:
    """Knows what it is told."""

    known: tuple[Tags, Tags] | None = None
    facts: Tags = ()
    forgotten: list[str] = field(default_factory=list)

    def tags(self, call: AwsCall) -> tuple[Tags, Tags] | None:
        return self.known

    def consequences(self, call: AwsCall) -> Tags:
        return self.facts

    def forget(self, arns: tuple[str, ...]) -> None:
        self.forgotten += arns


@dataclass
class Stage:
    """`upstream` is the cloud's URL, `port` the proxy's."""

    desk: Desk
    gate: AwsGate
    port: int
    upstream: str
    placeholder: Placeholder
    authority: SessionAuthority
    broker: Broker
    lookups: Lookups
    effect: list[Effect]
    moved: list[timedelta]

    def client(self, service: str, **more: Any) -> Any:
        """A boto3 client as an agent in the cell would have it; `config` on top of no retries."""
        config = Config(retries={"total_max_attempts": 1}).merge(more.pop("config", Config()))
        return boto3.client(
            service,
            endpoint_url=more.pop("endpoint_url", f"http://127.0.0.1:{self.port}"),
            region_name=more.pop("region_name", REGION),
            aws_access_key_id=self.placeholder.access_key,
            aws_secret_access_key=self.placeholder.secret_key,
            aws_session_token=self.placeholder.token,
            config=config,
            **more,
        )

    def direct(self, service: str) -> Any:
        """A client that goes to the cloud itself."""
        return boto3.client(
            service,
            endpoint_url=self.upstream,
            region_name=REGION,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def calls(self) -> list[AwsCall]:
        """The calls that were asked about."""
        return [request.action for request in self.desk.requests if isinstance(request.action, AwsCall)]

    def connect(self) -> socket.socket:
        """A raw connection to the gate."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def answers(self, count: int = 1) -> list[tuple[str, int, str, str]]:
        """What the cloud said, once it was recorded `count` times."""
        wait_for(lambda: len(self.desk.answers) >= count, "the answer is on record")
        return self.desk.answers


@contextmanager
def aws_stage(upstream: str, reply: object = None, desk: Desk | None = None, **gate: Any) -> Iterator[Stage]:
    """A gate in front of the cloud at `upstream`, with a desk that answers `reply`, or another one."""
    desk, broker, lookups = desk or Desk(reply), Broker(), Lookups()
    is_free = gate.pop("is_free", lambda: False)
    placeholder = Placeholder.create()
    authority = SessionAuthority("test", datetime.now(UTC))
    effect, moved = [Effect.ALLOW], [timedelta()]
    terms = Terms(
        placeholder=placeholder,
        broker=broker,
        lookups=lookups,
        would=lambda call: effect[0],
        needs_tags=lambda call: lookups.known is not None,
        chain_of=lambda peer: (),
        endpoint=upstream,
        is_free=is_free,
        clock=lambda: datetime.now(UTC) + moved[0],
    )
    aws = AwsGate(terms, context_for=authority.context_for, **gate)
    proxy = listening()
    network = NetworkGate({"proxy": proxy}, aws=aws.take)
    aws.start(desk)
    network.start(desk)
    try:
        yield Stage(desk, aws, proxy.getsockname()[1], upstream, placeholder, authority, broker, lookups, effect, moved)
    finally:
        network.stop()
        aws.stop()


@contextmanager
def moto() -> Iterator[str]:
    """An embedded AWS; gives its URL."""
    with embedded_aws() as aws:
        yield aws.url
