"""The recording of a session's terminal: asciicast v3, written as it happens.

One JSON array a line after the header: [seconds since the event before, code, data], where the code is `o` output,
`r` resize (`80x24`), `m` a marker with its label, `x` the exit status. What a human types is never recorded (`i`).
Source: asciinema's "asciicast v3" file format.
"""

from __future__ import annotations

import codecs
import json
import os
import threading
from collections import deque
from hashlib import sha256
from pathlib import Path
from typing import Final

from supervisor.errors import JournalError
from supervisor.journal.private import FILE_MODE
from supervisor.journal.redact import Redactor
from supervisor.journal.stream import StreamRedactor

BATCH: Final = 1 << 16
"""Characters that are gathered before they are looked through and written without being asked to."""

WORD_SECONDS: Final = 2.0
"""How long the last word of the output is kept back in case that it becomes a secret."""


class CastWriter:
    """Writes `terminal.cast`; safe to call from any thread. All times are seconds since the recording's start.

    Events are gathered and written by `flush`, which the caller's timer calls at least once a second. The first fault
    of the disk ends the recording: it and every later call raise `JournalError`, so that the session can stop.
    """

    def __init__(
        self,
        path: Path,
        columns: int,
        rows: int,
        *,
        redact: Redactor | None = None,
        timestamp: int | None = None,
        term: str = "xterm-256color",
    ) -> None:
        """Create the file; `timestamp` is the start in Unix seconds. Raises `JournalError` where it exists already."""
        self._path, self._lock = path, threading.Lock()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._redactor = redact or Redactor()
        self._stream = StreamRedactor(self._redactor)
        self._held: deque[tuple[int, str, str]] = deque()  # milliseconds, code, data: not yet looked through
        self._lines: list[str] = []
        self._gathered = self._last = self._now = 0
        self._hash = sha256()
        self._broken: JournalError | None = None
        self._closed = False
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            self._file = os.open(path, flags, FILE_MODE)
        except OSError as error:
            raise self._failure(error) from error
        header: dict[str, object] = {"version": 3, "term": {"cols": columns, "rows": rows, "type": term}}
        if timestamp is not None:
            header["timestamp"] = timestamp
        self._lines.append(json.dumps(header, separators=(",", ":")))
        try:
            self._write()
        except JournalError:
            os.close(self._file)
            raise

    def output(self, data: bytes, at: float) -> None:
        """What the agent's terminal got. Raises `JournalError`."""
        with self._lock:
            text = self._decoder.decode(data)
            if text:
                self._add(at, "o", text)
                if self._gathered >= BATCH:
                    self._settle()
                    self._write()

    def resize(self, columns: int, rows: int, at: float) -> None:
        """The terminal has another size from now on. Raises `JournalError`."""
        with self._lock:
            self._add(at, "r", f"{columns}x{rows}")

    def marker(self, label: str, at: float) -> None:
        """Something that a viewer jumps to: a decision, an answer. `label` has gone through `visible`."""
        with self._lock:
            self._add(at, "m", self._redactor.text(label))

    def exit(self, status: int, at: float) -> None:
        """The agent ended with this exit status."""
        with self._lock:
            self._add(at, "x", str(status))

    def flush(self, at: float) -> None:
        """Write what is settled: for the caller's timer, at least once a second. Raises `JournalError`."""
        with self._lock:
            if self._closed:
                return
            self._now = max(self._now, round(at * 1000))
            oldest = next((when for when, code, _ in self._held if code == "o"), self._now)
            self._settle(release=self._now - oldest >= WORD_SECONDS * 1000)
            self._write()

    def close(self) -> str:
        """Write the rest, make it durable, and return the hex SHA-256 of the file. Raises `JournalError`."""
        with self._lock:
            if self._closed:
                return self._hash.hexdigest()
            try:
                if rest := self._decoder.decode(b"", final=True):
                    self._add(self._now / 1000, "o", rest)
                self._settle(final=True)
                self._write()
                os.fsync(self._file)
            except OSError as error:
                raise self._break(error) from error
            finally:
                self._closed = True
                os.close(self._file)
            return self._hash.hexdigest()

    def _add(self, at: float, code: str, data: str) -> None:
        if self._broken is not None:
            raise self._broken
        if self._closed:
            raise JournalError("the recording is closed", where=str(self._path))
        self._now = max(self._now, round(at * 1000))  # a recording's time never goes back
        self._held.append((self._now, code, data))
        self._gathered += len(data)

    def _settle(self, *, release: bool = False, final: bool = False) -> None:
        """Turn what may be written into lines, in the order in which it happened."""
        pending = "".join(data for _, code, data in self._held if code == "o")
        count, edits = self._stream.decide(pending, release=release, final=final)
        self._gathered = len(pending) - count
        done = 0  # characters of `pending` that were dealt with
        left = deque(edits)
        while self._held and (self._held[0][1] != "o" or done < count):
            when, code, data = self._held.popleft()
            if code == "o":
                if len(data) > count - done:
                    self._held.appendleft((when, code, data[count - done :]))
                    data = data[: count - done]
                start, done = done, done + len(data)
                data = _edited(data, start, left)
            if data or code == "m":
                self._lines.append(
                    f"[{self._interval(when)},{json.dumps(code)},{json.dumps(data, ensure_ascii=False)}]"
                )

    def _interval(self, when: int) -> str:
        passed, self._last = when - self._last, when
        return f"{passed // 1000}.{passed % 1000:03d}"

    def _write(self) -> None:
        """Write the finished lines, each whole. Raises `JournalError`, from then on always."""
        if self._broken is not None:
            raise self._broken
        if not self._lines:
            return
        # Lone surrogates cannot come out of the decoder, and labels of ours are valid text; `replace` is for neither.
        data = ("\n".join(self._lines) + "\n").encode("utf-8", "replace")
        self._lines.clear()
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            raise self._break(error) from error
        self._hash.update(data)

    def _break(self, error: OSError) -> JournalError:
        self._broken = self._broken or self._failure(error)
        return self._broken

    def _failure(self, error: OSError) -> JournalError:
        fix = "free some disk space or make the sessions folder writable; `--no-record` starts without a recording"
        return JournalError(
            f"the terminal cannot be recorded: {error.strerror or error}", where=str(self._path), fix=fix
        )


def _edited(data: str, start: int, edits: deque[tuple[int, int, str]]) -> str:
    """`data`, which stands at `start` of the text that `edits` are about; what reaches beyond it stays in `edits`."""
    parts, done, end = [], start, start + len(data)
    while edits and edits[0][0] < end:
        begin, until, instead = edits.popleft()
        parts += [data[done - start : max(begin, done) - start], instead]
        done = min(until, end)
        if until > end:
            edits.appendleft((end, until, ""))
            break
    return "".join(parts) + data[done - start :]
