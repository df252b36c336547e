"""The Textual app: it switches screens, and nothing else."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

# Textual reads this when it is imported: how many ms a lone Esc waits to be told from a sequence (escape-time of tmux).
os.environ.setdefault("ESCDELAY", "20")

from textual.app import App
from textual.screen import Screen

from supervisor.console.alerts import POP_TITLE, PUSH_TITLE
from supervisor.console.left import left_lines
from supervisor.console.look import ASCII, UNICODE, Look
from supervisor.console.pages import farewell
from supervisor.console.picker.choice import Chosen, HostCheck, ScopeChoice
from supervisor.console.picker.screen import LEFT, PickerScreen
from supervisor.console.review.tape import Tape
from supervisor.console.session.screen import DETACHED, VANISHED, SessionScreen
from supervisor.console.theme import DARK, LIGHT
from supervisor.core.keys import PREFIX_VARIABLE, prefixes_of

__all__ = [
    "DETACHED",
    "LEFT",
    "VANISHED",
    "Chosen",
    "HostCheck",
    "ScopeChoice",
    "pick_scope",
    "run_console",
    "run_review",
    "run_session",
]


REVIEW_KEPT = 200_000
REVIEW_DETAIL_BYTES = 128 << 20


class ConsoleApp(App[int], inherit_bindings=False):
    """Shows one screen after another; its return value is the exit code."""

    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    ESCAPE_TO_MINIMIZE = False
    AUTO_FOCUS = None
    TITLE = "agent-supervise"
    CSS: ClassVar[str] = "Screen { background: $background; }"

    def __init__(self, first: Screen[int]) -> None:
        super().__init__()
        self._first = first
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = LIGHT.name if os.environ.get("AGENT_SUPERVISE_THEME") == "light" else DARK.name

    def on_mount(self) -> None:
        self.push_screen(self._first)
        if self._driver is not None and not self.is_headless:
            self._driver.write(PUSH_TITLE)

    def on_ready(self) -> None:
        if not self.is_headless:
            gc.freeze()  # what was made for the start stays: neither a key nor a frame waits for a walk through it

    def on_unmount(self) -> None:
        if self._driver is not None and not self.is_headless:
            self._driver.write(POP_TITLE)


def look_of_terminal() -> Look:
    """ASCII where the terminal's encoding has no more, or where it was asked for."""
    encoding = (getattr(sys.stdout, "encoding", "") or "").lower()
    wanted = os.environ.get("AGENT_SUPERVISE_ASCII") == "1"
    return ASCII if wanted or "utf" not in encoding else UNICODE


def run_console(control: Path, *, read_only: bool = False) -> int:
    """A console on a running session. The agent's exit code, `DETACHED` if the human left, `VANISHED` if it is gone."""
    screen = _session(control, read_only)
    return _told(screen, _result(ConsoleApp(screen)))


def run_session(
    choices: Sequence[ScopeChoice],
    checks: Sequence[HostCheck],
    start: Callable[[Chosen], Path],
    *,
    chosen: str = "",
) -> int:
    """The picker, then the session that `start` began (its control socket), on one screen without a flicker.

    `start` runs in a thread and may raise `SuperviseError`, which the picker shows. Exit code as `run_console`; `LEFT`
    if nothing was picked.
    """

    began: list[SessionScreen] = []

    def then(what: Chosen, control: Path | None) -> None:
        if control is not None:
            began.append(_session(control, False))
            app.switch_screen(began[0])

    picker = PickerScreen(choices, checks, start, then, chosen=chosen, look=look_of_terminal())
    app = ConsoleApp(picker)
    code = _result(app)
    return _told(began[0], code) if began else code


def pick_scope(choices: Sequence[ScopeChoice], checks: Sequence[HostCheck], *, chosen: str = "") -> Chosen | None:
    """The picker alone: what was chosen, or None."""
    picked: list[Chosen] = []

    def start(what: Chosen) -> None:
        picked.append(what)

    picker = PickerScreen(
        choices, checks, start, lambda what, control: app.exit(0), chosen=chosen, look=look_of_terminal()
    )
    app = ConsoleApp(picker)
    _result(app)
    return picked[0] if picked else None


def run_review(session_dir: Path, tape: Tape | None = None) -> int:
    """A past session from its folder; `tape` replays its terminal, None = it was not recorded. Raises `OSError`."""
    from supervisor.console.fold import fold
    from supervisor.console.review.screen import ReviewScreen
    from supervisor.console.review.tape import journal_lines
    from supervisor.console.story import Story
    from supervisor.console.timeline import Timeline

    story = Story(timeline=Timeline(kept=REVIEW_KEPT, detail_bytes=REVIEW_DETAIL_BYTES))
    fold(story, journal_lines(session_dir / "journal.jsonl"))
    return _result(ConsoleApp(ReviewScreen(story, tape, look=look_of_terminal())))


def _session(control: Path, read_only: bool) -> SessionScreen:
    console = f"console-{os.getpid()}"
    prefixes = prefixes_of(os.environ.get(PREFIX_VARIABLE, ""))
    return SessionScreen(control, console, prefixes=prefixes, read_only=read_only, look=look_of_terminal())


def _told(screen: SessionScreen, code: int) -> int:
    """Leave what the agent left, and say on stderr how it ended, for who sees the shell again."""
    for row in screen.left:
        print(row)
    sys.stdout.flush()
    line = farewell(screen.story, code, detached=code == DETACHED, vanished=screen.state == "vanished")
    print(line, file=sys.stderr)
    for row in left_lines(screen.story.left) if screen.story.left else ():
        print(row, file=sys.stderr)
    return code


def _result(app: ConsoleApp) -> int:
    code = app.run()
    return code if code is not None else app.return_code or 1
