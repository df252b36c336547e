"""The Textual app: it switches screens, and nothing else."""

from __future__ import annotations

import os
import sys
from typing import ClassVar

# Textual reads this when it is imported: how many ms a lone Esc waits to be told from a sequence (escape-time of tmux).
os.environ.setdefault("ESCDELAY", "20")

from textual.app import App
from textual.screen import Screen

from supervisor.console.alerts import POP_TITLE, PUSH_TITLE
from supervisor.console.look import ASCII, UNICODE, Look
from supervisor.console.theme import DARK, LIGHT


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

    def on_unmount(self) -> None:
        if self._driver is not None and not self.is_headless:
            self._driver.write(POP_TITLE)


def look_of_terminal() -> Look:
    """ASCII where the terminal's encoding has no more, or where it was asked for."""
    encoding = (getattr(sys.stdout, "encoding", "") or "").lower()
    wanted = os.environ.get("AGENT_SUPERVISE_ASCII") == "1"
    return ASCII if wanted or "utf" not in encoding else UNICODE
