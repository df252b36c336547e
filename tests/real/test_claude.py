"""Claude Code, the real one, supervised; only its model is a script."""

from __future__ import annotations

import json

import pytest

from tests.e2e.headless import Desk
from tests.real.model import Model, Run, Say

pytestmark = pytest.mark.real


def test_in_print_mode_the_rule_reaches_the_model(desk: Desk) -> None:
    """It talks to its model through the gate, runs what it may, and is told in words what it may not."""
    with Model(Run("echo fine; ls"), Run("terraform destroy -auto-approve"), Say("I could not.")) as model:
        desk.environment["ANTHROPIC_BASE_URL"] = model.url
        done = desk.run("claude", "-p", "move the site")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "I could not." in done.stdout
    told = "\n".join(model.results)
    assert "fine" in told, told
    assert "nothing in this task destroys infrastructure" in told, told
    (folder,) = desk.sessions
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    denied = [line for line in lines if line["kind"] == "decision" and line["effect"] == "deny"]
    assert any("destroy" in json.dumps(line["request"]["action"]) for line in denied)
