"""A session at a real Keycloak: a login through its own pages, an exchange, a role by token, and the end of it all."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import pytest

from supervisor.demo.cloud import EmbeddedAws
from tests.aws_stage import SITE, AwsDesk, production
from tests.e2e.aws_session import SECONDS, AwsSession
from tests.e2e.headless import Desk
from tests.e2e.test_identity import configure, page_of
from tests.real.keycloak_browser import Browser
from tests.real.keycloak_server import Keycloak, running
from tests.real.keycloak_stage import SECRET, TASKS, realm

pytestmark = pytest.mark.real

ROLE = "arn:aws:iam::123456789012:role/agents"
LISTS = f's3 list_objects_v2 {{"Bucket": "{SITE}"}}'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    """One server for all tests of this module."""
    with running(tmp_path_factory.mktemp("keycloak"), {"tests": realm()}) as made:
        yield made


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedAws]:
    """Production, and buckets to work in."""
    with production() as aws:
        yield aws


@pytest.fixture
def session(desk: Desk, cloud: EmbeddedAws, server: Keycloak) -> AwsSession:
    """A session that is configured for the server, and has no key of the developer."""
    made = AwsSession(AwsDesk(desk, cloud), cloud.url)
    configure(desk, server.issuer("tests"), task=TASKS[0], secret=SECRET, more=f'aws: {{role: "{ROLE}"}}\n')
    made.without_keys()
    made.environment["BROWSER"] = "/bin/true"
    return made


def test_from_the_login_to_the_call_and_to_the_end(session: AwsSession, server: Keycloak) -> None:
    """The call is signed for ann's session of the role; who she is, and that the token was revoked, is on record."""
    process = session.start(sys.executable, "calls.py", LISTS)
    Browser("ann").open(page_of(process))
    out, err = process.communicate(timeout=SECONDS)
    assert "list_objects_v2 went well" in out, out + err
    folder = session.newest()
    assert folder is not None
    text = (folder / "journal.jsonl").read_text()
    assert "assumed-role/agents/ann@" in text and "eyJ" not in text
    lines = [json.loads(line) for line in text.splitlines()]
    (token,) = [line for line in lines if line["kind"] == "credential.minted" and "issuer" in line]
    assert (token["acts_as"], token["issuer"]) == ("ann", server.issuer("tests"))
    (ended,) = [line for line in lines if line.get("credential") == token["credential"] and "why" in line]
    assert ended["why"].startswith("revoked: ")
    assert "GOOD" in session.desk.desk.command("verify", folder.name).stderr


def test_a_user_without_the_role_starts_nothing(session: AwsSession, server: Keycloak) -> None:
    """Keycloak itself gives eve no scope for the task; nothing runs, and she is told what to ask for."""
    process = session.start(sys.executable, "calls.py", LISTS)
    Browser("eve").open(page_of(process))
    out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out) == (2, "") and "fix:" in err, err
    assert session.newest() is None
