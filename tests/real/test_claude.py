"""Claude Code, the real one, supervised; only its model is a script."""

from __future__ import annotations

import pytest

from tests.e2e.headless import Desk
from tests.real.model import Model, Run, Say
from tests.real.record import effects_of, verified

pytestmark = pytest.mark.real

SLOW = 60.0


@pytest.fixture
def desk(claude: Desk) -> Desk:
    """Its desk."""
    return claude


def test_in_print_mode_the_rule_reaches_the_model(desk: Desk) -> None:
    """It talks to its model through the gate, runs what it may, and is told in words what it may not."""
    with Model(Run("echo fine; ls"), Run("terraform destroy -auto-approve"), Say("I could not.")) as model:
        desk.environment["ANTHROPIC_BASE_URL"] = model.url
        done = desk.run("claude", "-p", "move the site", seconds=SLOW)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "I could not." in done.stdout
    told = "\n".join(model.results)
    assert "fine" in told, told
    assert "nothing in this task destroys infrastructure" in told, told
    assert effects_of(desk, "destroy") == {"deny"}
    verified(desk)
