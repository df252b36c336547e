"""A recording read back: its events with the time since the start, from any moment on, in bounded memory.

The file is gone through once, when it is opened, to check it and to note places to start from. A last line without its
line feed was being written when the session died and is passed over; any other line that is no event is an error that
says where.
"""

from __future__ import annotations

import bisect
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from supervisor.errors import JournalError
from supervisor.journal.private import open_private

LONGEST_LINE: Final = 16 << 20
MOST_PLACES: Final = 4096


@dataclass(frozen=True, slots=True)
class CastEvent:
    """`at` seconds since the start; `code` is `o`, `r`, `m`, `x` or what else the file has; `data` is its text."""

    at: float
    code: str
    data: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Where reading can begin: the offset of a line, its number, the time and the terminal's size before it."""

    milliseconds: int
    offset: int
    line: int
    columns: int
    rows: int


class CastReader:
    """An asciicast v3 file; `length` is the time of its last event. Raises `JournalError` for any other file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._open() as file:
            self.columns, self.rows, self.timestamp = self._header(file)
            self._places = [_Place(0, file.tell(), 2, self.columns, self.rows)]
            self.markers: list[CastEvent] = []
            self.length = self._index(file) / 1000

    def events(self, since: float = 0.0) -> Iterator[CastEvent]:
        """The events from `since` seconds on (exactly those that are at or after it), in their order."""
        wanted = round(since * 1000)
        at = bisect.bisect_right(self._places, wanted - 1, key=lambda place: place.milliseconds) - 1
        place = self._places[max(at, 0)]
        with self._open() as file:
            file.seek(place.offset)
            for milliseconds, code, data in self._read(file, place.milliseconds, place.line):
                if milliseconds >= wanted:
                    yield CastEvent(milliseconds / 1000, code, data)

    def size_at(self, seconds: float) -> tuple[int, int]:
        """Columns and rows of the terminal at that moment."""
        wanted = round(seconds * 1000)
        at = bisect.bisect_right(self._places, wanted - 1, key=lambda place: place.milliseconds) - 1
        place = self._places[max(at, 0)]
        size = place.columns, place.rows
        with self._open() as file:
            file.seek(place.offset)
            for milliseconds, code, data in self._read(file, place.milliseconds, place.line):
                if milliseconds > wanted:
                    break
                if code == "r":
                    size = _size(data) or size
        return size

    def _open(self) -> BinaryIO:
        try:
            return os.fdopen(open_private(self._path), "rb")
        except OSError as error:
            why = f"the recording cannot be read: {error.strerror or error}"
            raise JournalError(why, where=str(self._path)) from error

    def _header(self, file: BinaryIO) -> tuple[int, int, int | None]:
        text = file.readline(LONGEST_LINE)
        try:
            header = json.loads(text)
            if header["version"] != 3:
                raise ValueError(f"version {header['version']}, not 3")
            columns, rows = int(header["term"]["cols"]), int(header["term"]["rows"])
            if not (0 < columns <= 10_000 and 0 < rows <= 10_000):
                raise ValueError(f"a terminal of {columns}x{rows}")
            timestamp = header.get("timestamp")
            return columns, rows, timestamp if isinstance(timestamp, int) else None
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            what = f"not an asciicast v3 recording: {_why(error)}"
            raise JournalError(what, where=f"{self._path}:1") from error

    def _index(self, file: BinaryIO) -> int:
        """Note where to start from, at most `MOST_PLACES` of them, and what is marked; the time of the last event."""
        last, stride, columns, rows = 0, 250, self.columns, self.rows
        offset, line = file.tell(), 2
        for milliseconds, code, data in self._read(file, 0, 2):
            if last - self._places[-1].milliseconds >= stride:
                self._places.append(_Place(last, offset, line, columns, rows))
                if len(self._places) > MOST_PLACES:
                    del self._places[1::2]
                    stride *= 2
            if code == "r":
                columns, rows = _size(data) or (columns, rows)
            elif code == "m" and len(self.markers) < 100_000:
                self.markers.append(CastEvent(milliseconds / 1000, code, data))
            last, offset, line = milliseconds, self._offset, self._line + 1
        return last

    def _read(self, file: BinaryIO, milliseconds: int, line: int) -> Iterator[tuple[int, str, str]]:
        offset = file.tell()
        while text := file.readline(LONGEST_LINE + 1):
            offset += len(text)
            if not text.endswith(b"\n"):
                if len(text) > LONGEST_LINE:
                    raise JournalError(f"a line is longer than {LONGEST_LINE >> 20} MiB", where=f"{self._path}:{line}")
                return
            if not text.startswith(b"#") and text.strip():
                interval, code, data = self._event(text, line)
                milliseconds += interval
                self._offset, self._line = offset, line
                yield milliseconds, code, data
            line += 1

    def _event(self, text: bytes, line: int) -> tuple[int, str, str]:
        try:
            event: Any = json.loads(text)
            if not isinstance(event, list) or len(event) != 3:
                raise ValueError("not [interval, code, data]")
            interval, code, data = event
            if isinstance(interval, bool) or not isinstance(interval, int | float) or not 0 <= interval < 1e9:
                raise ValueError(f"not an interval: {interval!r:.40}")
            if not isinstance(code, str) or not isinstance(data, str):
                raise ValueError("code and data must be text")
            return round(interval * 1000), code, data
        except (ValueError, RecursionError) as error:
            fix = "the lines before it can still be played: cut the file there in a copy"
            raise JournalError(f"not an event: {_why(error)}", where=f"{self._path}:{line}", fix=fix) from error


def _size(data: str) -> tuple[int, int] | None:
    columns, _, rows = data.partition("x")
    if (
        len(data) <= 11
        and columns.isdecimal()
        and rows.isdecimal()
        and 0 < int(columns) <= 10_000
        and 0 < int(rows) <= 10_000
    ):
        return int(columns), int(rows)
    return None


def _why(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
