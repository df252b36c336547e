"""What a reader learns about the gates: which hold, how that was shown, when, and in the end which one failed."""

from __future__ import annotations

from supervisor.console.fold import fold
from supervisor.console.look import UNICODE
from supervisor.console.pages import farewell, gates_rows
from supervisor.console.panel.draw import count_parts, head_rows
from supervisor.console.story import Story
from supervisor.model.event import GatesChecked, GateStatus, SessionEnded
from tests.scenarios import stories
from tests.scenarios.journal import Lines


def told(lines: Lines) -> Story:
    return fold(Story(), lines.lines)


def page(story: Story) -> str:
    return "\n".join(row.plain for row in gates_rows(story, 200, UNICODE))


def test_canaries_are_no_entries_of_the_timeline() -> None:
    """A day of them leaves what happened as it was."""
    lines = stories.quiet()
    before = len(told(lines).timeline)
    for _ in range(500):
        lines.wait(60).add(GatesChecked((GateStatus("exec", True, "held"),)))
    story = told(lines)
    assert len(story.timeline) == before and story.proved["exec"].at == story.last


def test_each_gate_says_how_it_was_shown_to_hold() -> None:
    """One without a canary says what it is, one that is weakened says so, whatever a canary showed."""
    lines = stories.quiet(weakened=True)
    lines.add(GatesChecked((GateStatus("exec", True, "a start was refused\x1b[2J"),)))
    text = page(told(lines))
    assert "exec           holds: a start was refused" in text and "\x1b" not in text
    assert "WEAK" in text and "network namespaces" not in text.partition("exec")[2]
    assert page(Story()) == ""


def test_a_failed_gate_is_said_in_panel_footer_and_farewell() -> None:
    """By name, with the reason; and the panel no longer claims that anything was proven."""
    story = told(stories.gate_failed().add(SessionEnded(70, "the network gate failed the canary: let through")))
    head = "\n".join(row.plain for row in head_rows(story, story.last, 60, UNICODE))
    assert "network FAILED" in head and "proven" not in head
    foot = "".join(part if isinstance(part, str) else part[0] for part in count_parts(story, UNICODE))
    assert "FAILED network" in foot
    said = farewell(story, 70, detached=False, vanished=False)
    assert "stopped: the network gate failed the canary: let through" in said and "review" in said


def test_gates_that_hold_are_proven_in_the_panel() -> None:
    """With the time of the last round, where there was one."""
    lines = stories.quiet()
    assert "proven" not in "".join(row.plain for row in head_rows(told(lines), lines.now, 60, UNICODE))
    lines.add(GatesChecked((GateStatus("exec", True, "held"),)))
    assert "proven" in "".join(row.plain for row in head_rows(told(lines), lines.now, 60, UNICODE))
    assert "ended with 0" in farewell(told(lines), 0, detached=False, vanished=False)
