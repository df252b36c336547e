"""The terminal around a console: a PTY whose output is only looked through, so that it costs next to nothing."""

from __future__ import annotations

import json
import os
import select
import signal
import time
from pathlib import Path
from typing import Any

from supervisor.emulator.engine import Theme, open_engine
from tests.e2e.screen import on_terminal

SECONDS = 120.0


class Outer:
    """Runs `words`, which run the program of `pane_program` with `folder`."""

    def __init__(self, words: list[str], folder: Path, environment: dict[str, str], columns: int, rows: int) -> None:
        self._folder, self._jobs, self.longest = folder, 0, 0.0
        self._seen, self._last = b"", time.perf_counter()
        self._pid, self._fd = on_terminal(words, folder, environment, columns, rows)
        engine = open_engine(columns, rows, Theme())
        ready, deadline = folder / "done-ready.json", time.monotonic() + 30
        while not ready.exists():
            if time.monotonic() > deadline:
                raise TimeoutError(f"the program never ran under {words[:4]}")
            # A terminal is asked what it is before it is used, and is believed.
            if data := self.read(0.05):
                engine.feed(data)
                if engine.out.replies:
                    os.write(self._fd, bytes(engine.out.replies))
                    engine.out.replies.clear()
        self.size: tuple[int, int] = tuple(json.loads(ready.read_text())["size"])
        self.drain(1.0)

    def read(self, seconds: float) -> bytes:
        """What is written within that time; keeps the longest time without anything."""
        if not select.select([self._fd], [], [], seconds)[0]:
            return b""
        data = os.read(self._fd, 1 << 16)
        now = time.perf_counter()
        self.longest, self._last = max(self.longest, now - self._last), now
        return data

    def drain(self, seconds: float) -> None:
        """Read on for that time."""
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            self.read(left)

    def watch(self) -> None:
        """Count silences from now on."""
        self.longest, self._last = 0.0, time.perf_counter()

    def begin(self) -> None:
        """The next job."""
        os.write(self._fd, b"g")

    def done(self) -> dict[str, Any]:
        """Read on until the job is done; what came of it."""
        path, deadline = self._folder / f"done-{self._jobs}.json", time.monotonic() + SECONDS
        while not path.exists():
            if time.monotonic() > deadline:
                raise TimeoutError(f"job {self._jobs} never ended")
            self.read(0.02)
        self._jobs += 1
        came: dict[str, Any] = json.loads(path.read_text())
        self.drain(0.3)
        return came

    def echo(self, number: int) -> float:
        """Seconds from the key to its `number`th echo."""
        token, tail = b"<key-%05d>" % number, b""
        before = time.perf_counter()
        os.write(self._fd, b"x")
        while True:
            data = self.read(5.0)
            now = time.perf_counter()
            if token in (tail := tail + data):
                return now - before
            tail = tail[-len(token) :]
            if now - before > 10:
                raise TimeoutError(f"key {number} was never answered")

    def stop_echo(self) -> None:
        """No more keys."""
        os.write(self._fd, b"q")

    def close(self) -> None:
        """The window is closed."""
        os.kill(self._pid, signal.SIGTERM)
        os.close(self._fd)
        os.waitpid(self._pid, 0)
