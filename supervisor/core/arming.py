"""The guards that stand between a key and an answer.

Approvals that take a stray key have deleted people's files. A question is answered only if nothing bars it, and the
bars are asked in this order, each with its own words:

    bar      | holds while                                                        | bars
    ---------+--------------------------------------------------------------------+-----------------
    CLOSED   | the question changed, expired, was withdrawn or answered elsewhere | every answer
    SENT     | an answer is on its way to the session                             | every answer
    UNREAD   | the request was not on screen from its first row to its last       | allow
    UNQUIET  | less than `QUIET_MS` since the later of shown and last key         | every answer but a deny whose
             |                                                                    | message was typed: no stray key
    UNNAMED  | it cannot be undone and its name has not been typed exactly        | allow

There is no ceiling: who keeps typing never arms anything. Every question starts unread and unquiet, so that a double
tap on one cannot answer the next. The guard "keys exist only in the panel" is `core.keys`; "no default, Enter never
allows" is that no table here or in the console maps Enter to an allow.

    phase  | SENT      | REFUSED | GONE      | anything else
    -------+-----------+---------+-----------+--------------
    OPEN   | -> SENT   | OPEN    | -> CLOSED | OPEN
    SENT   | SENT      | -> OPEN | -> CLOSED | SENT
    CLOSED | CLOSED    | CLOSED  | CLOSED    | CLOSED
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal

from supervisor.model.grant import Answer, Matcher
from supervisor.model.visible import visible

QUIET_MS: Final = 400
Choice = Literal["once", "task", "deny"]


class Bar(StrEnum):
    """What stands in the way of an answer."""

    CLOSED = "closed"
    SENT = "sent"
    UNREAD = "unread"
    UNQUIET = "unquiet"
    UNNAMED = "unnamed"


class Phase(StrEnum):
    """A question's life as one console sees it."""

    OPEN = "open"
    SENT = "sent"
    CLOSED = "closed"


class Turn(StrEnum):
    """What moves a question from phase to phase."""

    SENT = "sent"
    REFUSED = "refused"
    GONE = "gone"


LIFE: Final[dict[tuple[Phase, Turn], Phase]] = {
    (Phase.OPEN, Turn.SENT): Phase.SENT,
    (Phase.OPEN, Turn.GONE): Phase.CLOSED,
    (Phase.SENT, Turn.REFUSED): Phase.OPEN,
    (Phase.SENT, Turn.GONE): Phase.CLOSED,
}


def phrase(names: tuple[str, ...]) -> str:
    """What has to be typed for an act that cannot be undone: the names as they are shown, one space between them."""
    return " ".join(visible(name) for name in names)


@dataclass(frozen=True, slots=True)
class Arming:
    """The guards of one question. Times are milliseconds of one clock that never goes back.

    `rows` is the height of the whole request as it is laid out now, `seen` the rows of it that have been on screen;
    `read` is true once all of them were, in one layout.
    """

    escalation: str
    digest: str
    names: tuple[str, ...] = ()
    phase: Phase = Phase.OPEN
    rows: int = 0
    seen: frozenset[int] = frozenset()
    read: bool = False
    quiet_from: int | None = None
    typed: str = ""
    why: str = ""

    @property
    def unread(self) -> int:
        """How many rows have not been on screen."""
        return 0 if self.read else self.rows - len(self.seen)

    @property
    def named(self) -> bool:
        """True when nothing has to be typed, or it was, exactly."""
        return self.typed == phrase(self.names)

    def saw(self, first: int, last: int, rows: int, digest: str, now: int) -> Arming:
        """Rows `first`..`last` (last excluded) of `rows` were drawn, from the request whose digest is `digest`.

        Another height is another layout, where an unfinished reading begins again; another digest is another request.
        """
        if digest != self.digest:
            return self.turn(Turn.GONE, "the request changed after it was shown")
        before = self.seen if rows == self.rows else frozenset()
        seen = before | frozenset(range(max(first, 0), min(last, rows)))
        if rows == self.rows and len(seen) == len(before):
            return self
        read = self.read or 0 < rows == len(seen)
        quiet_from = self.quiet_from if self.read and self.quiet_from is not None else now
        return replace(self, rows=rows, seen=seen, read=read, quiet_from=quiet_from)

    def pressed(self, now: int) -> Arming:
        """A key or a click, to whomever it went."""
        return self if self.quiet_from is None else replace(self, quiet_from=max(now, self.quiet_from))

    def name(self, typed: str) -> Arming:
        """What stands in the field for the name."""
        return replace(self, typed=typed)

    def turn(self, turn: Turn, why: str = "") -> Arming:
        """Move along `LIFE`; a pair that is not in the table changes nothing."""
        phase = LIFE.get((self.phase, turn))
        return self if phase is None else replace(self, phase=phase, why=why)

    def quiet_in(self, now: int) -> int:
        """Milliseconds until keys can answer, if no further key is pressed; 0 = now."""
        return QUIET_MS if self.quiet_from is None else max(0, self.quiet_from + QUIET_MS - now)

    def bar(self, choice: Choice, now: int) -> Bar | None:
        """The first thing that bars this answer now, or None: then the key answers."""
        if self.phase is Phase.CLOSED:
            return Bar.CLOSED
        if self.phase is Phase.SENT:
            return Bar.SENT
        if choice != "deny" and not self.read:
            return Bar.UNREAD
        if self.quiet_in(now) > 0:
            return Bar.UNQUIET
        if choice != "deny" and not self.named:
            return Bar.UNNAMED
        return None

    def answer(
        self, choice: Choice, now: int, *, message: str = "", matcher: Matcher | None = None, minutes: int = 0
    ) -> Answer | Bar:
        """The answer that this key gives, with the digest of what was shown; or what bars it."""
        bar = self.bar(choice, now)
        if bar is Bar.UNQUIET and choice == "deny" and message and self.quiet_from is not None:
            bar = None
        if bar is not None:
            return bar
        typed = "" if choice == "deny" else self.typed
        return Answer(self.escalation, choice, self.digest, message, typed, matcher, minutes)
