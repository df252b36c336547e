"""AWS questions as a person at a terminal meets them: a burst, a deletion, and calls that do not get through."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import pytest

from supervisor.demo.cloud import EmbeddedAws
from supervisor.demo.estate import DATABASE
from tests.aws_stage import SCOPE, SITE, AwsDesk, production, survives
from tests.e2e.aws_session import DESCRIBE, AwsSession, Told
from tests.e2e.conftest import Open
from tests.e2e.headless import Desk
from tests.e2e.screen import PREFIX, Terminal

pytestmark = pytest.mark.long

SLOW = 60.0
"""Seconds for a tool to load its SDK and to make its first call, on a host with other things to do."""
SIZES = [(80, 24), (120, 36), (200, 50)]
ASKS = SCOPE.replace(
    '    - deny: ["rds:*", "dynamodb:DeleteTable"]', '    - ask: ["rds:*", "s3:DeleteObject"]'
).replace('"s3:PutObject", "s3:DeleteObject"', '"s3:PutObject"')
BURST = """\
import concurrent.futures, boto3
from botocore.config import Config
s3 = boto3.client("s3", config=Config(max_pool_connections=24, retries={"total_max_attempts": 1}))


def delete(number):
    try:
        s3.delete_object(Bucket="trial-site", Key=f"logs/2025/{number:05}.gz")
        return "gone"
    except Exception as error:
        return str(error)


with concurrent.futures.ThreadPoolExecutor(24) as pool:
    for said in sorted(set(pool.map(delete, range(24)))):
        print(said, flush=True)
"""
DELETE = f'rds delete_db_instance {{"DBInstanceIdentifier": "{DATABASE}", "SkipFinalSnapshot": true}}'


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedAws]:
    """Production, and buckets to work in."""
    with production() as aws:
        yield aws


@pytest.fixture
def session(desk: Desk, cloud: EmbeddedAws, opened: Open) -> Iterator[AwsSession]:
    """Sessions that ask; production is whole after each."""
    at = AwsDesk(desk, cloud)
    desk.scope.write_text(ASKS)
    yield AwsSession(at, cloud.url)
    survives(cloud)


def _told(terminal: Terminal, columns: int) -> str:
    """What the panel says, on one line: beside the agent's screen at the wide sizes, over it at the small one."""
    rows = terminal.text.splitlines()
    if columns >= 118:
        rows = [row.partition("▏")[2] for row in rows]
    return re.sub(r"\s+", " ", " ".join(rows))


def _read(terminal: Terminal, columns: int) -> str:
    """Go to the panel and read the question to its end; everything that it said on the way."""
    terminal.until("^] to answer", SLOW)
    terminal.type(PREFIX)
    terminal.until("n  deny")
    seen = _told(terminal, columns)
    while "[n] deny" not in (text := terminal.text):
        if "space  read on" in text:
            terminal.type(" ")
        terminal.until(text.__ne__)
        seen += _told(terminal, columns)
    return seen + _told(terminal, columns)


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_a_deletion_shows_what_it_destroys(session: AwsSession, opened: Open, columns: int, rows: int) -> None:
    """Read to its end the question has said what goes, where, that it cannot be undone, and what was found of it."""
    terminal = opened(*session.command(sys.executable, "calls.py", DELETE, console=True), columns=columns, rows=rows)
    seen = _read(terminal, columns)
    for said in (
        f"Delete the RDS instance {DATABASE}, without a final snapshot",
        f"cannot be undone: {DATABASE}",
        "rds:DeleteDBInstance",
        "account 123456789012",
        "irreversible: no final snapshot is taken",
        "size 500 GB",
        "deletion protection off",
        "cannot be undone: y, then",
    ):
        assert said in seen, f"{said}\n{terminal.text}"
    terminal.type("n")
    terminal.until("AccessDenied", SLOW)
    terminal.end()


def test_a_burst_is_one_question_of_one_program(session: AwsSession, opened: Open) -> None:
    """Twenty-four deletions at once are counted, name their folder, and are denied together."""
    (session.desk.work / "burst.py").write_text(BURST)
    terminal = opened(*session.command(sys.executable, "burst.py", console=True), columns=80, rows=24)
    terminal.until("aws ×24", SLOW)
    screen = terminal.until(f"Delete 24 objects under s3://{SITE}/logs/2025/")
    assert "ASK 1 of 1" in screen, screen
    _read(terminal, 80)
    terminal.type("n")
    terminal.until("AccessDenied", SLOW)
    terminal.end()
    told = Told(0, "", "", session.newest())
    assert len(told.of("escalation.opened")) == 1
    chains = {tuple(process["pid"] for process in line["request"]["subject"]["chain"]) for line in told.of("decision")}
    assert len(chains) == 1 and chains != {()}
    assert not told.of("aws.answered")


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_calls_that_do_not_get_through_are_told(session: AwsSession, opened: Open, columns: int, rows: int) -> None:
    """The status line counts it, the timeline says what is the matter, and the agent's tool says it too."""
    session.endpoint = "http://127.0.0.1:9"
    held = [*session.command("sh", "-c", f"{sys.executable} calls.py '{DESCRIBE}'; cat", console=True)]
    terminal = opened(*held, columns=columns, rows=rows)
    terminal.until("describe_db_instances ClientError", SLOW)
    terminal.until("1 broke")
    terminal.type(PREFIX)
    terminal.until("FAULT aws: calls")
