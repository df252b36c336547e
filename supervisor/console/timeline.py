"""The newest entries of a session and the full record behind them, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from supervisor.console.entry import Entry
from supervisor.model.codec import Json

KEPT: Final = 2000
DETAIL_BYTES: Final = 8 << 20


class Timeline:
    """Entries in order; `dropped` says how many older ones are no longer here (the journal has them all)."""

    def __init__(self, kept: int = KEPT, detail_bytes: int = DETAIL_BYTES) -> None:
        self.dropped = 0
        self._kept, self._most = kept, detail_bytes
        self._entries: deque[Entry] = deque()
        self._details: dict[int, tuple[int, Json]] = {}
        self._bytes = 0

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def next_number(self) -> int:
        """The number of the entry that comes next."""
        return self.dropped + len(self._entries) + 1

    @property
    def newest(self) -> Entry | None:
        """The last entry."""
        return self._entries[-1] if self._entries else None

    @property
    def detail_bytes(self) -> int:
        """About how much the kept records weigh."""
        return self._bytes

    def get(self, number: int) -> Entry | None:
        """The entry with this number, if it is still kept."""
        at = number - self.dropped - 1
        return self._entries[at] if 0 <= at < len(self._entries) else None

    def detail(self, number: int) -> Json | None:
        """The journal line of an entry, if it is still kept."""
        kept = self._details.get(number)
        return kept[1] if kept else None

    def add(self, entry: Entry, line: Json | None = None) -> None:
        """Append an entry, which must have `next_number`."""
        self._entries.append(entry)
        if len(self._entries) > self._kept:
            self._forget(self._entries.popleft().number)
            self.dropped += 1
        if line is not None:
            self._remember(entry.number, line)

    def put(self, entry: Entry, line: Json | None = None) -> None:
        """Replace the entry of the same number, if it is still kept."""
        if self.get(entry.number) is None:
            return
        self._entries[entry.number - self.dropped - 1] = entry
        if line is not None:
            self._forget(entry.number)
            self._remember(entry.number, line)

    def _remember(self, number: int, line: Json) -> None:
        size = weight(line)
        self._details[number] = (size, line)
        self._bytes += size
        while self._bytes > self._most and self._details:
            self._forget(next(iter(self._details)))

    def _forget(self, number: int) -> None:
        kept = self._details.pop(number, None)
        if kept:
            self._bytes -= kept[0]


def weight(value: object) -> int:
    """About how many bytes a JSON value takes."""
    total, rest = 0, [value]
    while rest:
        item = rest.pop()
        total += 64
        if isinstance(item, str):
            total += len(item)
        elif isinstance(item, dict):
            rest += item.values()
        elif isinstance(item, list):
            rest += item
    return total
