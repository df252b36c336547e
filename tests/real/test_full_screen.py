"""Real agent CLIs in the console, with a human at it; only their model is a script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.e2e.conftest import Open
from tests.e2e.headless import Desk
from tests.e2e.screen import answer
from tests.real.model import Model, Run, Say
from tests.real.record import effects_of, verified, with_remote
from tests.real.test_opencode import MODEL

pytestmark = pytest.mark.real


@dataclass(frozen=True)
class Agent:
    """How one is started, how it shows that it is ready and that it drew itself anew at 100 columns."""

    words: tuple[str, ...]
    ready: str
    drawn: Callable[[str], bool]
    seconds: float


AGENTS = {
    "claude": Agent(("claude",), "for shortcuts", lambda text: "─" * 100 in text, 60.0),
    # opencode takes twenty seconds of computing for its first screen and its first prompt, supervised or not.
    "opencode": Agent(("opencode", *MODEL), "Ask anything", lambda text: "That is all." in text, 120.0),
}


@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_works_in_the_console(request: pytest.FixtureRequest, opened: Open, name: str) -> None:
    """It draws, takes a prompt, is refused with a reason, waits for a `y` in the panel, follows a new size, ends."""
    desk: Desk = request.getfixturevalue(name)
    agent = AGENTS[name]
    pushed = with_remote(desk)
    turns = Run("terraform destroy -auto-approve"), Run("git push origin HEAD; echo code-$?"), Say("That is all.")
    with Model(*turns) as model:
        desk.environment["ANTHROPIC_BASE_URL"] = model.url
        terminal = opened(*desk.options, *agent.words)
        terminal.until(agent.ready, seconds=agent.seconds)
        terminal.type("move the site")
        terminal.until("move the site")
        terminal.type("\r")
        answer(terminal, "y", seconds=agent.seconds)
        terminal.until("That is all.", seconds=agent.seconds)
        denied, allowed = model.results
        assert "nothing in this task destroys infrastructure" in denied
        assert "ran terraform" not in denied
        assert "code-0" in allowed, allowed
        terminal.resize(100, 30)
        terminal.until(lambda text: "▏" not in text and agent.drawn(text))
        terminal.resize(140, 40)
        terminal.until(lambda text: "▏" in text and "That is all." in text)
        terminal.type("/exit")
        terminal.until("/exit")
        terminal.type("\r")
        assert terminal.end(seconds=30) == 0, terminal.text
    assert pushed()
    assert effects_of(desk, "destroy") == {"deny"}
    assert effects_of(desk, "^git push") == {"ask"}
    verified(desk)
