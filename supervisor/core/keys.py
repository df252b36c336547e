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
from typing import Final

from supervisor.errors import UsageError
from supervisor.model.visible import visible

DEFAULT_PREFIX: Final = "ctrl+right_square_bracket"
PREFIX_VARIABLE: Final = "AGENT_SUPERVISE_PREFIX"
"""The environment variable that names other prefixes, as `prefixes_of` reads them."""
_SIGNS: Final = {"]": "right_square_bracket", "\\": "backslash", "_": "underscore", "^": "circumflex_accent"}
_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz") - frozenset("hijm")
"""Not h, i, j, m: a terminal sends the same for Ctrl with these as for Backspace, Tab and Enter."""


def prefixes_of(text: str) -> tuple[str, ...]:
    """The prefixes of a text as people write it, `^]` or `ctrl+b`, one or two; the default where it is empty.

    Raises `UsageError`.
    """
    if not text.strip():
        return (DEFAULT_PREFIX,)
    words = text.split()
    if len(words) > 2:
        raise _no_prefix(text)
    return tuple(dict.fromkeys(_prefix(word) for word in words))


def _prefix(word: str) -> str:
    lower = word.lower()
    key = lower[1:] if lower.startswith("^") else lower.removeprefix("ctrl+").removeprefix("c-")
    if key == lower or (key not in _SIGNS and key not in _LETTERS):
        raise _no_prefix(word)
    return f"ctrl+{_SIGNS.get(key, key)}"


def _no_prefix(text: str) -> UsageError:
    fix = "name one or two of ctrl+a to ctrl+z (not h, i, j, m), ctrl+], ctrl+\\, ctrl+_, ctrl+^, as in `ctrl+] ctrl+b`"
    return UsageError(f"`{visible(text)}` cannot be the prefix key", where=PREFIX_VARIABLE, fix=fix)


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
