"""The rows of the timeline, each entry laid out once."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from supervisor.console.entry import Entry
from supervisor.console.look import Look
from supervisor.console.panel.draw import entry_rows


class TimelineRows:
    """A cache of laid-out entries; one that changed, or another width, is laid out again."""

    def __init__(self) -> None:
        self._width = 0
        self._known: dict[int, tuple[Entry, list[Content]]] = {}

    def rows(
        self, entries: Sequence[Entry], width: int, look: Look, picked: int | None = None
    ) -> tuple[list[Content], int | None]:
        """All entries as rows, and the last row of the picked one."""
        if width != self._width or len(self._known) > 2 * len(entries) + 500:
            self._known, self._width = {}, width
        rows: list[Content] = []
        at_row = None
        for entry in entries:
            if entry.number == picked:
                rows += entry_rows(entry, width, look, here=True)
                at_row = len(rows) - 1
                continue
            known = self._known.get(entry.number)
            if known is None or known[0] is not entry:
                known = self._known[entry.number] = (entry, entry_rows(entry, width, look))
            rows += known[1]
        return rows, at_row
