"""Every key of the panel, as one table: the footer, the help, the palette and the README are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Where(StrEnum):
    """What holds the keyboard. TYPING is a line of text; SURE asks whether the agent is to be killed."""

    AGENT = "the agent's terminal"
    CARD = "a question"
    GRANT = "choosing a grant"
    TYPING = "a line of text"
    TIMELINE = "the timeline"
    TEXT = "a page of text"
    PALETTE = "the palette"
    SURE = "killing the agent"
    OVER = "a session that is over"
    REVIEW = "a review"


@dataclass(frozen=True, slots=True)
class Binding:
    """One key at one place. `does` is the action's name, `label` what the footer says, `help` the sentence."""

    key: str
    does: str
    label: str
    help: str
    where: frozenset[Where]
    shown: bool = True

    @property
    def cap(self) -> str:
        """The key as people read it."""
        return _CAPS.get(self.key, self.key)


_CAPS: Final = {
    "escape": "esc",
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "space": "space",
    "enter": "enter",
    "plus": "+",
    "minus": "-",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


def cap_of(prefix: str) -> str:
    """A prefix key as people read it: `^]`."""
    name = prefix.removeprefix("ctrl+")
    sign = {"right_square_bracket": "]", "backslash": "\\", "left_square_bracket": "[", "underscore": "_"}.get(
        name, name
    )
    return f"^{sign}" if prefix.startswith("ctrl+") else sign


def _bind(key: str, does: str, label: str, help: str, *where: Where, shown: bool = True) -> Binding:
    return Binding(key, does, label, help, frozenset(where), shown)


_READING = (Where.CARD, Where.GRANT, Where.TEXT)
_PANEL = (Where.CARD, Where.GRANT, Where.TIMELINE)

BINDINGS: Final[tuple[Binding, ...]] = (
    _bind("y", "once", "once", "allow this one request", Where.CARD),
    _bind("s", "task", "task…", "allow it and what is like it for the rest of the task: choose the grant", Where.CARD),
    _bind("n", "deny", "deny", "deny it", Where.CARD),
    _bind("r", "say", "deny+say", "deny it with a message that reaches the agent", Where.CARD),
    _bind("v", "whole", "whole", "show the whole request on the whole screen", Where.CARD),
    _bind("s", "grant", "grant this", "give the grant that is chosen", Where.GRANT),
    _bind("up", "offer(-1)", "", "a narrower or a wider grant", Where.GRANT, shown=False),
    _bind("down", "offer(1)", "choose", "a narrower or a wider grant", Where.GRANT),
    _bind("e", "edit", "edit", "edit the words and the minutes of the grant", Where.GRANT),
    _bind("left", "turn(-1)", "", "the question before or after", Where.CARD, shown=False),
    _bind("right", "turn(1)", "next", "the question before or after", Where.CARD),
    _bind("enter", "open", "details", "everything about the entry", Where.TIMELINE),
    _bind("f", "filter", "filter", "show only one kind of entry", Where.TIMELINE),
    _bind("slash", "search", "search", "show only entries that contain a text", Where.TIMELINE),
    _bind("n", "decision(1)", "next decision", "the next or the last entry that is not a quiet allow", Where.TIMELINE),
    _bind("p", "decision(-1)", "", "the next or the last entry that is not a quiet allow", Where.TIMELINE, shown=False),
    _bind("x", "end_grant", "end grant", "end the grant of this entry", Where.TIMELINE),
    _bind("up", "scroll(-1)", "", "a row up or down", Where.CARD, Where.TIMELINE, Where.TEXT, shown=False),
    _bind("down", "scroll(1)", "", "a row up or down", Where.CARD, Where.TIMELINE, Where.TEXT, shown=False),
    _bind("pageup", "page(-1)", "", "a page up or down", *_READING, Where.TIMELINE, shown=False),
    _bind("pagedown", "page(1)", "", "a page up or down", *_READING, Where.TIMELINE, shown=False),
    _bind("space", "page(1)", "read on", "a page up or down", Where.CARD, Where.TEXT),
    _bind("home", "edge(-1)", "", "to the beginning or the end", *_READING, Where.TIMELINE, shown=False),
    _bind("end", "edge(1)", "", "to the beginning or the end", *_READING, Where.TIMELINE, shown=False),
    _bind("t", "timeline", "timeline", "what happened so far", Where.CARD, Where.GRANT),
    _bind("a", "card", "questions", "back to what waits", Where.TIMELINE),
    _bind("y", "kill", "kill it", "kill the agent and end the session", Where.SURE),
    _bind("question_mark", "help", "help", "the keys that work here", *_PANEL, Where.TEXT),
    _bind("colon", "palette", "palette", "everything that can be done, by name", *_PANEL),
    _bind("d", "detach", "detach", "leave; the agent goes on, `agent-supervise attach` comes back", *_PANEL),
    _bind("k", "sure", "kill", "end the session (asks first)", *_PANEL),
    _bind("space", "play", "play/pause", "play the recording, or hold it", Where.REVIEW),
    _bind("n", "decision(1)", "next decision", "to the next or the last decision", Where.REVIEW),
    _bind("p", "decision(-1)", "", "to the next or the last decision", Where.REVIEW, shown=False),
    _bind("left", "seek(-5)", "", "five seconds back or on", Where.REVIEW, shown=False),
    _bind("right", "seek(5)", "±5 s", "five seconds back or on", Where.REVIEW),
    _bind("plus", "speed(1)", "speed", "play faster or slower", Where.REVIEW),
    _bind("minus", "speed(-1)", "", "play faster or slower", Where.REVIEW, shown=False),
    _bind("up", "scroll(-1)", "", "the entry before or after, and the screen at its time", Where.REVIEW, shown=False),
    _bind("down", "scroll(1)", "", "the entry before or after, and the screen at its time", Where.REVIEW, shown=False),
    _bind("pageup", "scroll(-10)", "", "ten entries back or on", Where.REVIEW, shown=False),
    _bind("pagedown", "scroll(10)", "", "ten entries back or on", Where.REVIEW, shown=False),
    _bind("home", "edge(-1)", "", "to the beginning or the end", Where.REVIEW, shown=False),
    _bind("end", "edge(1)", "", "to the beginning or the end", Where.REVIEW, shown=False),
    _bind("enter", "open", "details", "everything about the entry", Where.REVIEW),
    _bind("f", "filter", "filter", "show only one kind of entry", Where.REVIEW),
    _bind("slash", "search", "search", "show only entries that contain a text", Where.REVIEW),
    _bind("question_mark", "help", "help", "the keys that work here", Where.REVIEW),
    _bind("q", "leave", "leave", "leave the console", Where.OVER, Where.REVIEW),
    _bind("escape", "back", "back", "one step back; at last to the agent, undecided", *_READING, Where.TIMELINE,
          Where.TYPING, Where.PALETTE, Where.SURE),
)  # fmt: skip


def at(where: Where) -> tuple[Binding, ...]:
    """The keys that work at a place."""
    return tuple(binding for binding in BINDINGS if where in binding.where)


def lookup(where: Where, key: str) -> Binding | None:
    """What a key does at a place; Enter never allows, so no binding of it may answer a question."""
    return next((binding for binding in at(where) if binding.key == key), None)
