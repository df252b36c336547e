"""What a new host must be told to stand where the crashed one stood: a snapshot and everything after it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from supervisor.emulator.wire import OFFSET, SIZE, ToHost, pack

KEPT: Final = 16 << 20
"""Bytes. A host sends a snapshot twice as often."""
SKIPPED: Final = 16 << 10
"""Bytes that are left out when the same place has crashed the emulator twice."""


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: int
    payload: bytes
    end: int  # bytes of output up to here


class Tail:
    """The end of a session's output, and how far it was parsed. Offsets count bytes of output since the start."""

    def __init__(self, columns: int, rows: int) -> None:
        self._size = SIZE.pack(columns, rows)  # what the terminal had where the entries begin
        self._answered = 0  # the furthest that any host has parsed: up to there the program has its answers
        self._entries: deque[_Entry] = deque()
        self._kept = 0
        self.fed = 0
        self.parsed = 0
        self._snapshot = b""
        self._base = 0
        self._crashed_at = -1

    def add(self, kind: ToHost, payload: bytes) -> None:
        """A frame that was given to the host."""
        if kind is ToHost.DATA:
            self.fed += len(payload)
        self._entries.append(_Entry(kind, payload, self.fed))
        self._kept += len(payload)
        while self._kept > KEPT and len(self._entries) > 1:
            self._drop()

    def _drop(self) -> None:
        entry = self._entries.popleft()
        self._kept -= len(entry.payload)
        if entry.kind == ToHost.RESIZE:
            self._size = entry.payload

    def parsed_to(self, count: int) -> None:
        """The running host has parsed that many bytes since it started."""
        self.parsed = self._base + count
        self._answered = max(self._answered, self.parsed)

    def snapshot(self, count: int, snapshot: bytes) -> None:
        """What the running host was like after that many bytes."""
        at = self._base + count
        self._snapshot = snapshot
        # A change of size that stands just behind these bytes came after the snapshot.
        while self._entries and (
            self._entries[0].end < at or (self._entries[0].end == at and self._entries[0].kind == ToHost.DATA)
        ):
            self._drop()
        if self._entries and self._entries[0].kind == ToHost.DATA:
            first = self._entries.popleft()
            rest = first.payload[max(len(first.payload) - (first.end - at), 0) :]
            self._kept -= len(first.payload) - len(rest)
            self._entries.appendleft(_Entry(first.kind, rest, first.end))

    def replay(self) -> list[bytes]:
        """Frames for a new host. A place that crashed two hosts in a row is left out."""
        if self.parsed == self._crashed_at and self.parsed < self.fed:
            self._skip(self.parsed, self.parsed + SKIPPED)
        self._crashed_at = self.parsed
        first = next((entry for entry in self._entries if entry.kind == ToHost.DATA), None)
        self._base = first.end - len(first.payload) if first else self.fed
        quiet = max(self._answered - self._base, 0)
        frames = [pack(ToHost.RESTORE, OFFSET.pack(quiet) + self._snapshot), pack(ToHost.RESIZE, self._size)]
        return frames + [pack(entry.kind, entry.payload) for entry in self._entries]

    def forget(self) -> None:
        """Start again from an empty screen, with what comes next."""
        while self._entries:
            self._drop()
        self._snapshot, self._kept, self.parsed = b"", 0, self.fed

    def _skip(self, start: int, end: int) -> None:
        """Blank the bytes from `start` to `end`: offsets stay true, nothing is shown."""
        for at, entry in enumerate(self._entries):
            begin = entry.end - len(entry.payload)
            if entry.kind == ToHost.DATA and begin < end and entry.end > start:
                cut, rest = max(start - begin, 0), max(entry.end - end, 0)
                gap = len(entry.payload) - cut - rest
                payload = entry.payload[:cut] + b"\x18" * gap + entry.payload[len(entry.payload) - rest :]
                self._entries[at] = _Entry(entry.kind, payload, entry.end)
