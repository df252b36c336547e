"""The console in a terminal, with a shell as the agent: what a developer sees and types."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Open
from tests.e2e.headless import Desk
from tests.e2e.screen import Terminal, answer
from tests.parts import need


def _shell(desk: Desk, opened: Open, **size: int) -> Terminal:
    terminal = opened(*desk.options, "bash", "--norc", **size)
    terminal.until("$")
    return terminal


def _at_home(terminal: Terminal) -> None:
    """The agent has the keyboard."""
    terminal.until("^] panel")


@pytest.mark.parametrize(("columns", "rows"), [(120, 36), (80, 24), (60, 16)])
def test_a_question_is_answered_in_the_panel(desk: Desk, opened: Open, columns: int, rows: int) -> None:
    """A held command waits, the panel says what it would do, `y` lets exactly it run, the agent gets its keys back."""
    terminal = _shell(desk, opened, columns=columns, rows=rows)
    terminal.type("git push; echo code-$?\r")
    answer(terminal, "y")
    terminal.until("code-1")
    _at_home(terminal)
    terminal.type("exit 5\r")
    assert terminal.end() == 5


def test_a_deny_with_a_word_reaches_the_agents_terminal(desk: Desk, opened: Open) -> None:
    """What the human says stands where the program would have printed."""
    terminal = _shell(desk, opened)
    terminal.type("git push; echo code-$?\r")
    answer(terminal, "r")
    terminal.type("use a branch\r")
    terminal.until("use a branch")
    terminal.until("code-126")


def test_the_keyboard_is_the_agents(desk: Desk, opened: Open) -> None:
    """Typing, Ctrl-C, job control and a new size reach the shell as without us."""
    terminal = _shell(desk, opened)
    terminal.type("sh -c 'echo go-$((1+1)); exec sleep 100'\r")
    terminal.until("go-2")
    terminal.type("\x1a")
    terminal.until("Stopped")
    terminal.type("fg\r")
    terminal.until(lambda text: text.count("exec sleep 100") == 3)
    terminal.type("\x03")
    terminal.until(lambda text: text.count("bash-5") + text.count("^C") >= 4)
    terminal.type("echo code-$?\r")
    terminal.until("code-130")
    terminal.resize(100, 30)
    terminal.until(lambda text: "▏" not in text)
    terminal.type("stty size; echo sized\r")
    terminal.until(lambda text: "29 100" in text and "sized" in text)


def test_signals_reach_what_is_held(desk: Desk, opened: Open) -> None:
    """Ctrl-Z, fg, Ctrl-C and a time limit work on a program that waits for an answer."""
    terminal = _shell(desk, opened)
    terminal.type("git push\r")
    terminal.until("1 waiting")
    terminal.type("\x1a")
    terminal.until("Stopped")
    terminal.type("fg\r")
    terminal.until(lambda text: text.count("git push") >= 3)
    terminal.type("\x03")
    terminal.type("echo code-$?\r")
    terminal.until("code-130")
    terminal.type("timeout 1 git push; echo limit-$?\r")
    terminal.until("limit-124")


def test_a_killed_console_costs_nothing(desk: Desk, opened: Open) -> None:
    """After kill -9 of the console the agent goes on and what waits waits; `attach` answers it."""
    terminal = _shell(desk, opened)
    terminal.type("git push; echo code-$?\r")
    terminal.until("1 waiting")
    terminal.kill()
    again = opened("attach")
    again.until("git push")
    answer(again, "n")
    again.until("code-126")
    _at_home(again)
    again.type("exit 3\r")
    assert again.end() == 3


def test_answer_works_from_another_terminal(desk: Desk, opened: Open) -> None:
    """A second terminal without a console reads the whole question and allows it once."""
    terminal = _shell(desk, opened)
    terminal.type("git push; echo code-$?\r")
    terminal.until("1 waiting")
    other = opened("answer")
    other.until("or skip")
    other.type("once\r")
    other.until("taken")
    terminal.until("code-1")
    assert other.end() == 0


@pytest.mark.parametrize("program", ["vim", "less", "htop"])
def test_full_screen_programs_run(desk: Desk, opened: Open, program: str) -> None:
    """They draw on the whole pane and leave the shell's screen as it was."""
    need(program)
    (desk.work / "text.txt").write_text("first line\n" + "more\n" * 200)
    terminal = _shell(desk, opened)
    terminal.type({"vim": "vim -u NONE text.txt", "less": "less text.txt", "htop": "htop"}[program] + "\r")
    terminal.until({"vim": "first line", "less": "first line", "htop": "F10"}[program])
    terminal.type(":q!\r" if program == "vim" else "q")
    terminal.until(lambda text: "first line" not in text and "F10" not in text)
    terminal.type("echo back-again\r")
    terminal.until("back-again")


def test_a_terminal_that_is_too_small_is_refused(desk: Desk, opened: Open) -> None:
    """It says how large a question is."""
    terminal = opened(*desk.options, "bash", columns=50, rows=12)
    assert terminal.end() == 2
    assert "60x16" in terminal.text


def test_the_picker_starts_what_is_picked(desk: Desk, opened: Open) -> None:
    """Without --scope the presets are offered; Enter on `developer` starts the agent."""
    terminal = opened("bash", "--norc")
    terminal.until("developer")
    terminal.type("\r")
    terminal.until("$")
    terminal.type("exit 4\r")
    assert terminal.end() == 4


def test_a_past_session_is_reviewed(desk: Desk, opened: Open) -> None:
    """Timeline beside the replay of the terminal."""
    desk.shell("terraform destroy")
    terminal = opened("review")
    terminal.until("terraform destroy")
    terminal.type("q")
    assert terminal.end() == 0


def test_what_a_program_printed_stays_on_the_terminal(desk: Desk, opened: Open) -> None:
    """A program that ends at once, in colour, with wide letters: its rows stay when the console is gone."""
    terminal = opened(*desk.options, "bash", "-c", r"printf '\033[31mred\033[0m 日本\n\nlast words\n'; exit 3")
    assert terminal.end() == 3
    rows = terminal.text.splitlines()
    at = next(y for y, row in enumerate(rows) if row.startswith("red 日本"))
    assert rows[at + 2].strip() == "last words"
    assert "the agent ended with 3" in rows[at + 3]


def test_a_full_screen_program_leaves_nothing(desk: Desk, opened: Open) -> None:
    """What was drawn on the alternate screen is gone with it."""
    terminal = opened(*desk.options, "bash", "-c", r"printf '\033[?1049hfull screen\n'; exit 0")
    assert terminal.end() == 0
    assert "full screen" not in terminal.text
