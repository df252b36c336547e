"""The program's events (title, bell, notification …) on their way out, thinned so that a flood of them is a trickle."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

Event = dict[str, object]
STATES: Final = ("title", "directory", "status")
"""Only the last one counts; a console that connects later gets it too."""
EVERY: Final = 0.1
"""Seconds between reports."""
NOTES: Final = 4
"""Notifications and clipboard writes of one report."""


class EventTray:
    """Collects events and hands them out at most ten times a second."""

    def __init__(self) -> None:
        self._waiting: dict[str, Event] = {}
        self._notes: list[Event] = []
        self._last: dict[str, Event] = {}
        self._free_at = 0.0

    def add(self, events: Iterable[Event]) -> None:
        """New events, in order."""
        for event in events:
            kind = str(event["type"])
            if kind in STATES:
                if self._last.get(kind) != event or kind in self._waiting:
                    self._waiting[kind] = event
            elif kind == "bell":
                self._waiting[kind] = event
            elif len(self._notes) < NOTES:
                self._notes.append(event)

    def remember(self, events: Iterable[Event]) -> None:
        """Events that were reported before: only what stands is kept."""
        for event in events:
            if event["type"] in STATES:
                self._last[str(event["type"])] = event

    @property
    def due(self) -> float | None:
        """When `take` has something (monotonic seconds), None if nothing waits."""
        return self._free_at if self._waiting or self._notes else None

    def take(self, now: float) -> list[Event]:
        """What may go out now."""
        if (self._waiting or self._notes) and now >= self._free_at:
            out = [*self._waiting.values(), *self._notes]
            self.remember(self._waiting.values())
            self._waiting, self._notes = {}, []
            self._free_at = now + EVERY
            return out
        return []

    def standing(self) -> list[Event]:
        """The last title, directory and status."""
        return list(self._last.values())
