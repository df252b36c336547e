"""The broker against moto's STS: shapes only, since moto checks and enforces nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from supervisor.identity.broker import Broker
from supervisor.identity.source import find_source
from supervisor.identity.sts import AwsSts
from supervisor.model.decision import By
from supervisor.model.event import CredentialEnded, CredentialMinted
from supervisor.model.request import AwsCall
from tests.policy.build import ALLOW, rule, scope

moto_server = pytest.importorskip("moto.server", reason="moto is part of the demo extra")


@pytest.fixture
def endpoint() -> Iterator[str]:
    """A moto on loopback."""
    server = moto_server.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.mark.parametrize(
    "environment",
    [
        {"HOME": "/nowhere"},
        {"HOME": "/nowhere", "AGENT_SUPERVISE_AWS_ROLE": "arn:aws:iam::123456789012:role/agents"},
    ],
)
def test_moto_gives_sessions(endpoint: str, environment: dict[str, str]) -> None:
    """By federation and by a role, with credentials that say when they end."""
    if "AGENT_SUPERVISE_AWS_ROLE" in environment:
        environment = environment | {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "s"}
    source = find_source(environment, endpoint=endpoint)
    records: list[CredentialMinted | CredentialEnded] = []
    broker = Broker(
        source,
        AwsSts(source),
        scope=scope(rule("aws", ALLOW, "s3:GetObject")),
        session="s",
        user="dev",
        deadline=datetime.now(UTC) + timedelta(hours=1),
        on_record=records.append,
    )
    call = AwsCall(("s3:GetObject",), ("arn:aws:s3:::site/x",))
    for by in (By.POLICY, By.HUMAN):
        made = broker.for_call(call, by=by, request_id="r1", escalation="e1")
        assert made.access_key and made.secret_key and made.token and made.expires is not None
        assert made.expires > datetime.now(UTC) + timedelta(minutes=10)
    assert broker.account() == "123456789012" and broker.reader().token
    broker.end("done")
    minted = [record.credential for record in records if isinstance(record, CredentialMinted)]
    # Every federated user of moto has the same keys.
    ended = [record.credential for record in records if isinstance(record, CredentialEnded)]
    assert len(minted) == 3 and ended == list(dict.fromkeys(minted))
