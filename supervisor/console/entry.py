"""One line of the timeline, as it is kept: what happened, why, who started it, and how it came out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from supervisor.console.look import Mark

NAMES_KEPT: Final = 6
WAITS: Final = "waits"
"""The outcome of a question that has none yet."""


class Kind(StrEnum):
    """What an entry is about; the filter of the timeline goes by it."""

    ALLOWED = "allowed"
    ASKED = "asked"
    ANSWERED = "answered"
    DENIED = "denied"
    GRANT = "grant"
    CREDENTIAL = "credential"
    FAULT = "fault"
    SESSION = "session"
    SAID = "said"


@dataclass(frozen=True, slots=True)
class Entry:
    """`number` counts entries of a session from 1 and never changes; `seq` is the journal line it began with.

    An entry that stands for several quiet allows has `count` > 1, the distinct `names` (at most `NAMES_KEPT`, the rest
    counted in `more`), and `until`, the time of the last. All text is visible already.
    """

    number: int
    seq: int
    time: datetime
    mark: Mark
    kind: Kind
    title: str
    why: str = ""
    place: str = ""
    who: str = ""
    gate: str = ""
    outcome: str = ""
    escalation: str = ""
    count: int = 1
    names: tuple[tuple[str, int], ...] = ()
    more: int = 0
    until: datetime | None = None

    def joined(self, other: Entry) -> Entry:
        """This run of quiet allows with one more."""
        names = dict(self.names)
        (name, _), *_ = other.names or ((other.title, 1),)
        more = self.more
        if name in names or len(names) < NAMES_KEPT:
            names[name] = names.get(name, 0) + 1
        else:
            more += 1
        return replace(
            self, count=self.count + 1, names=tuple(names.items()), more=more, until=other.time, title=other.title
        )

    def line(self, times: str = "×") -> str:
        """The entry in one line: the title, or the names of a run with how often each."""
        if self.count == 1:
            return self.title
        listed = ", ".join(f"{name} {times}{count}" if count > 1 else name for name, count in self.names)
        return f"{listed}, {self.more:,} more" if self.more else listed

    def has(self, text: str) -> bool:
        """True if `text` (lower case) occurs in anything that the entry shows."""
        shown = (self.title, self.why, self.place, self.who, self.outcome, *(name for name, _ in self.names))
        return any(text in part.lower() for part in shown)


Filter = Callable[[Entry], bool]

FILTERS: Final[tuple[tuple[str, Filter], ...]] = (
    ("all", lambda entry: True),
    ("denied", lambda entry: entry.kind in (Kind.DENIED, Kind.FAULT) or "denied" in entry.outcome),
    ("asked", lambda entry: entry.kind in (Kind.ASKED, Kind.ANSWERED)),
    ("allowed", lambda entry: entry.kind is Kind.ALLOWED or "allowed" in entry.outcome),
    ("grants and keys", lambda entry: entry.kind in (Kind.GRANT, Kind.CREDENTIAL)),
    ("faults", lambda entry: entry.kind is Kind.FAULT),
)


def chosen(entries: list[Entry], filter_name: str, search: str) -> list[Entry]:
    """The entries that a filter and a search text leave, in order."""
    keep = dict(FILTERS)[filter_name]
    text = search.lower()
    return [entry for entry in entries if keep(entry) and (not text or entry.has(text))]


DECISIONS: Final = frozenset({Kind.ASKED, Kind.ANSWERED, Kind.DENIED, Kind.FAULT})
"""What "next decision" stops at: quiet allows are passed over."""
