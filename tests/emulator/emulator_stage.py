"""A real emulator host in its own process, with consoles on it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from supervisor.console.pane.link import ScreenLink
from supervisor.emulator.handle import EmulatorHost
from supervisor.emulator.wire import Frame, Row

SECONDS = 20.0
_SEQUENCE = re.compile(r"\x1b\[[0-9;:]*[A-Za-z]|\x1b\]8;;[^\x1b]*\x1b\\")


async def until(condition: Callable[[], object], what: str = "") -> None:
    """Wait for a condition, with a deadline."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SECONDS
    while not condition():
        assert loop.time() < deadline, f"never: {what}"
        await asyncio.sleep(0.005)


class Console:
    """Draws nothing, and says that it did (as long as `draws` holds)."""

    def __init__(self, path: Path) -> None:
        self.rows: list[Row] = []
        self.frame: Frame | None = None
        self.frames = 0
        self.events: list[dict[str, object]] = []
        self.states: list[str] = []
        self.draws = True
        self.link = ScreenLink(path, self._framed, self.events.append, self.states.append)
        self.link.open()

    def _framed(self, frame: Frame) -> None:
        self.frames += 1
        if self.frame is None or (self.frame.columns, self.frame.rows) != (frame.columns, frame.rows):
            self.rows = [Row(b"", 0)] * frame.rows
        self.frame = frame
        for y, row in frame.changed:
            self.rows[y] = row
        if self.draws:
            self.link.drawn()

    @property
    def back(self) -> int:
        return self.frame.back if self.frame is not None else 0

    @property
    def text(self) -> list[str]:
        return [_SEQUENCE.sub("", row.text.decode()) for row in self.rows]

    async def sees(self, text: str) -> list[str]:
        """Wait until a row contains the text."""
        await until(lambda: any(text in row for row in self.text), text)
        return self.text


class Stage:
    """The host, what it wrote to the program, what it told, its consoles."""

    def __init__(self, folder: Path, columns: int, rows: int) -> None:
        self.input = bytearray()
        self.events: list[dict[str, object]] = []
        self.path = folder / "screen.sock"
        self.host = EmulatorHost(columns, rows, self.path, self.input.extend, self.events.append)
        self._consoles: list[Console] = []

    def console(self) -> Console:
        made = Console(self.path)
        self._consoles.append(made)
        return made

    @property
    def pid(self) -> int:
        process = self.host._process
        return process.pid if process is not None else 0

    def count(self, state: str) -> int:
        return sum(event.get("state") == state for event in self.events)

    async def parsed(self) -> None:
        """Wait until the host has parsed all that it was fed."""
        tail = self.host._tail
        await until(lambda: tail.parsed >= tail.fed, "parsed")

    async def crash(self) -> None:
        """SIGKILL the host's process, and wait for the next one."""
        process, before = self.host._process, self.count("ready")
        assert process is not None
        process.kill()
        await until(lambda: self.count("ready") > before, "restarted")

    async def close(self) -> None:
        for console in self._consoles:
            console.link.close()
        self.host.kill()


@asynccontextmanager
async def stage(folder: Path, columns: int = 40, rows: int = 6) -> AsyncIterator[Stage]:
    """A host that runs while the block does."""
    made = Stage(folder, columns, rows)
    made.host.start()
    try:
        yield made
    finally:
        await made.close()
