"""When to ring, what the window's title says, and when to notify: as bytes for the terminal.

One bell for a burst; a notification (OSC 9) only while the window is not looked at; never a word of what is asked:
notifications end up in logs of other programs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

BURST_MS: Final = 3000
PUSH_TITLE: Final = "\x1b[22;0t"
POP_TITLE: Final = "\x1b[23;0t"


@dataclass(slots=True)
class Alerts:
    """What has been rung for. `name` is what the title says while nothing waits."""

    name: str
    looked_at: bool = True
    _rung: int | None = None
    _known: set[str] = field(default_factory=set)
    _title: str = ""

    def update(self, waiting: list[str], ms: int) -> str:
        """What to write to the terminal now that these escalations wait; usually nothing."""
        out = ""
        fresh = [escalation for escalation in waiting if escalation not in self._known]
        self._known = set(waiting)
        if fresh:
            if self._rung is None or ms - self._rung > BURST_MS:
                out += "\a"
                if not self.looked_at:
                    out += f"\x1b]9;agent-supervise: {_questions(len(waiting))}\a"
            self._rung = ms
        return out + self._retitle()

    def rename(self, name: str) -> str:
        """The agent calls its window something else; `name` holds no control character."""
        self.name = name
        return self._retitle()

    def _retitle(self) -> str:
        count = len(self._known)
        title = f"▲ {count} waiting · {self.name}" if count else self.name
        if title == self._title:
            return ""
        self._title = title
        return f"\x1b]2;{title}\a"


def _questions(count: int) -> str:
    return "1 question waits" if count == 1 else f"{count} questions wait"
