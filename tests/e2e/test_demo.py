"""`agent-supervise demo`, from its start to its last line."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from supervisor.demo.estate import DATABASE
from supervisor.demo.play import DEVELOPER
from tests.e2e.conftest import Open
from tests.e2e.headless import COMMAND, Desk
from tests.e2e.screen import answer
from tests.parts import missing

pytestmark = pytest.mark.long

SECONDS = 90.0


@pytest.fixture(autouse=True)
def moto() -> None:
    """The embedded AWS can be had."""
    if importlib.util.find_spec("moto") is None:
        missing("moto is not installed")


def _play(desk: Desk, *words: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "demo", "--headless", "--fast", *words]
    return subprocess.run(
        command, cwd=desk.work, env=desk.environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def _journal(desk: Desk) -> list[dict[str, Any]]:
    (folder,) = desk.sessions
    return [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]


def test_production_survives_and_the_site_is_there(desk: Desk) -> None:
    """The upload goes through, terraform is refused four ways and the agent's own API call by the AWS gate."""
    done = _play(desk)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "upload: site/index.html" in done.stdout and "Invalidation " in done.stdout
    told = " ".join(done.stdout.split())
    assert told.count("nothing in this task destroys infrastructure") >= 4, done.stdout
    assert "rds:DeleteDBInstance" in told and "this task has no business with databases" in told, done.stdout
    ending = done.stderr
    assert DATABASE in ending and "12 of 12 snapshots" in ending and "14 of 14 resources" in ending
    assert "3 files in its bucket, the CDN is refreshed" in ending
    assert "denied 4 ×  terraform -chdir=infra destroy -auto-approve" in ending
    assert f"denied 1 ×  rds:DeleteDBInstance db:{DATABASE}" in ending and "tidy.py" in ending
    _on_record(desk)


def _on_record(desk: Desk) -> None:
    """Every call stands in the journal, the denied one with its rule and its program, and no key of anybody does."""
    calls = [line for line in _journal(desk) if line["kind"] == "decision" and line["request"]["gate"] == "aws"]
    effects = {(action, line["effect"]) for line in calls for action in line["request"]["action"]["actions"]}
    assert effects == {
        ("sts:GetCallerIdentity", "allow"),
        ("s3:ListBucket", "allow"),
        ("s3:PutObject", "allow"),
        ("cloudfront:CreateInvalidation", "allow"),
        ("rds:DeleteDBInstance", "deny"),
    }
    (denied,) = [line for line in calls if line["effect"] == "deny"]
    assert denied["decision"]["rules"][0]["because"] == "this task has no business with databases"
    assert "tidy.py" in json.dumps(denied["request"]["subject"]["chain"])
    (folder,) = desk.sessions
    text = "".join(path.read_text(errors="replace") for path in Path(folder).glob("*.*") if path.is_file())
    assert DEVELOPER["AWS_SECRET_ACCESS_KEY"] not in text


def test_the_question_is_answered_in_the_console(desk: Desk, opened: Open) -> None:
    """With a console the upload waits for its viewer, and goes through after a yes."""
    terminal = opened("demo", "--fast")
    answer(terminal, "y")
    assert terminal.end(SECONDS) == 0, terminal.text
    assert "you allowed it" in terminal.text
