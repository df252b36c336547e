"""AWS by task token: a role that trusts the issuer gives the credentials, and no key of the developer is needed."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from supervisor.demo.cloud import EmbeddedAws
from tests.aws_stage import SITE, AwsDesk, production
from tests.e2e.aws_session import AwsSession
from tests.e2e.headless import SECONDS, Desk
from tests.e2e.test_identity import configure, page_of
from tests.identity.oidc.crooked import crooked, visit

pytestmark = pytest.mark.long

LISTS = f's3 list_objects_v2 {{"Bucket": "{SITE}"}}'
ROLE = "arn:aws:iam::123456789012:role/agents"


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedAws]:
    """Production, and buckets to work in."""
    with production() as aws:
        yield aws


def test_a_role_is_assumed_with_the_task_token(desk: Desk, cloud: EmbeddedAws) -> None:
    """The call goes well as the human's session of the role; the token is the gate's alone and ends with the task."""
    with crooked() as server:
        aws = AwsDesk(desk, cloud)
        session = AwsSession(aws, cloud.url)
        configure(desk, server.issuer, more=f'aws: {{role: "{ROLE}"}}\n')
        session.without_keys()
        session.environment["BROWSER"] = "/bin/true"
        process = session.start(sys.executable, "calls.py", LISTS)
        visit(server, page_of(process), "ann")
        out, err = process.communicate(timeout=SECONDS)
        assert "list_objects_v2 went well" in out, out + err
        found = session.newest()
        assert found is not None
        text = (found / "journal.jsonl").read_text()
        assert "assumed-role/agents/ann@" in text and "eyJ" not in text
        assert len(server.revoked) == 1 and not server.sessions
