"""Who gets a key: the agent, or for a moment the panel.

tmux's contract: every key belongs to the agent but one prefix (and, if wanted, a second one), and the prefix pressed
twice reaches the agent as itself. No key is held back to see what comes next, none is lost and none is made up: each
press is delivered to exactly one side, or is the switch itself.

    keyboard | prefix                          | any other key
    ---------+---------------------------------+---------------------
    AGENT    | switch  -> ENTERED              | agent   -> AGENT
    ENTERED  | same prefix: agent -> AGENT     | panel   -> PANEL
             | other prefix: switch -> ENTERED |
    PANEL    | switch  -> AGENT                | panel   -> PANEL
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

DEFAULT_PREFIX = "ctrl+right_square_bracket"


class Keyboard(StrEnum):
    """Who holds the keyboard; ENTERED is the panel right after the prefix, before any other key."""

    AGENT = "agent"
    ENTERED = "entered"
    PANEL = "panel"


class To(StrEnum):
    """Where one press goes. SWITCH is the press that moves the keyboard and goes nowhere else."""

    AGENT = "agent"
    PANEL = "panel"
    SWITCH = "switch"


@dataclass(frozen=True, slots=True)
class Router:
    """The state of the keyboard. `prefixes` are key names as Textual writes them; none may be empty."""

    prefixes: tuple[str, ...] = (DEFAULT_PREFIX,)
    keyboard: Keyboard = Keyboard.AGENT
    entered_by: str = ""

    @property
    def in_panel(self) -> bool:
        """True while keys answer questions: false means that no key can."""
        return self.keyboard is not Keyboard.AGENT

    def press(self, key: str) -> tuple[Router, To]:
        """Route one press."""
        if key in self.prefixes:
            if self.keyboard is Keyboard.AGENT:
                return replace(self, keyboard=Keyboard.ENTERED, entered_by=key), To.SWITCH
            if self.keyboard is Keyboard.PANEL:
                return self.to_agent(), To.SWITCH
            if key == self.entered_by:
                return self.to_agent(), To.AGENT
            return replace(self, entered_by=key), To.SWITCH
        if self.keyboard is Keyboard.AGENT:
            return self, To.AGENT
        return self.to_panel(), To.PANEL

    def to_agent(self) -> Router:
        """The keyboard goes back to the agent (Esc, a click on the terminal, an answer given)."""
        return replace(self, keyboard=Keyboard.AGENT, entered_by="")

    def to_panel(self) -> Router:
        """The keyboard is the panel's (a key in it, a click on it)."""
        return replace(self, keyboard=Keyboard.PANEL, entered_by="")
