"""opencode, the real one, supervised; only its model is a script."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Open
from tests.e2e.headless import Desk
from tests.e2e.screen import answer
from tests.real.model import Model, Run, Say
from tests.real.record import effects_of, verified, with_remote

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


def test_full_screen_in_the_console(desk: Desk, opened: Open) -> None:
    """It draws, takes a prompt, is refused with a reason, waits for a `y` in the panel, follows a new size, ends."""
    pushed = with_remote(desk)
    turns = Run("terraform destroy -auto-approve"), Run("git push origin HEAD; echo code-$?"), Say("That is all.")
    with Model(*turns) as model:
        desk.environment["ANTHROPIC_BASE_URL"] = model.url
        terminal = opened(*desk.options, "opencode", *MODEL)
        terminal.until("Ask anything", seconds=SLOW)
        terminal.type("move the site")
        terminal.until("move the site")
        terminal.type("\r")
        answer(terminal, "y", seconds=SLOW)
        terminal.until("That is all.", seconds=SLOW)
        denied, allowed = model.results
        assert "nothing in this task destroys infrastructure" in denied
        assert "ran terraform" not in denied
        assert "code-0" in allowed, allowed
        terminal.resize(100, 30)
        terminal.until(lambda text: "▏" not in text and "That is all." in text)
        terminal.resize(140, 40)
        terminal.until(lambda text: "▏" in text and "That is all." in text)
        terminal.type("/exit")
        terminal.until("/exit")
        terminal.type("\r")
        assert terminal.end(seconds=30) == 0, terminal.text
    assert pushed()
    assert effects_of(desk, "terraform destroy") == {"deny"}
    assert effects_of(desk, "^git push") == {"ask"}
    verified(desk)
