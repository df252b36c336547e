"""opencode, the real one, supervised; only its model is a script."""

from __future__ import annotations

import pytest

from tests.e2e.headless import Desk
from tests.real.model import Model, Run, Say
from tests.real.record import effects_of, verified

pytestmark = pytest.mark.real

MODEL = ("--model", "anthropic/claude-sonnet-4-5")
SLOW = 120.0
"""It takes twenty seconds of computing for its first screen and its first prompt, supervised or not."""


@pytest.fixture
def desk(opencode: Desk) -> Desk:
    """Its desk."""
    return opencode


def test_without_a_screen_the_rule_reaches_the_model(desk: Desk) -> None:
    """It talks to its model through the gate, runs what it may, and is told in words what it may not."""
    turns = Run("echo fine; ls"), Run("terraform destroy -auto-approve"), Run("sh ./task.sh"), Say("I could not.")
    (desk.work / "task.sh").write_text("terraform destroy\n")
    with Model(*turns) as model:
        desk.environment["ANTHROPIC_BASE_URL"] = model.url
        done = desk.run("opencode", "run", *MODEL, "move the site", seconds=SLOW)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "I could not." in done.stdout
    fine, plain, script = model.results
    assert "fine" in fine
    for told in (plain, script):
        assert "nothing in this task destroys infrastructure" in told, told
        assert "ran terraform" not in told
    assert effects_of(desk, "terraform destroy") == {"deny"}
    verified(desk)
