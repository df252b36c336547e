"""A session process for tests: a real control socket that tells a scenario and takes what consoles say."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from supervisor.console.link import short_path
from supervisor.model.codec import Json


class FakeSession:
    """Serves `lines` to every console that says hello; `heard` is everything that consoles said."""

    def __init__(self, lines: list[Json], screen: str = "") -> None:
        self.lines, self.screen = list(lines), screen
        self.heard: list[Json] = []
        self.accept: Callable[[Json], tuple[bool, str]] = lambda answer: (True, "")
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    @contextlib.asynccontextmanager
    async def at(self, path: Path) -> AsyncIterator[FakeSession]:
        """Listen at a path."""
        await self.open(path)
        try:
            yield self
        finally:
            await self.close()

    async def open(self, path: Path) -> None:
        with short_path(path) as name:
            self._server = await asyncio.start_unix_server(self._serve, name)

    async def close(self) -> None:
        """Stop listening and hang up."""
        if self._server:
            self._server.close()
        self.hang_up()
        if self._server:
            await self._server.wait_closed()

    def hang_up(self) -> None:
        """Drop every connection, as a crash would."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    def say(self, message: Json) -> None:
        """Tell every console."""
        for writer in self._writers:
            writer.write(json.dumps(message).encode() + b"\n")

    def tell(self, *lines: Json) -> None:
        """Append journal lines and tell them."""
        self.lines += lines
        self.say({"type": "records", "records": list(lines)})

    def said(self, kind: str) -> list[Json]:
        """What consoles said of one type."""
        return [message for message in self.heard if message["type"] == kind]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with contextlib.suppress(OSError):
            while line := await reader.readline():
                message = json.loads(line)
                self.heard.append(message)
                if message["type"] == "hello":
                    self.say({"type": "welcome", "session": "s1", "screen": self.screen, "next": len(self.lines)})
                    unseen = [item for item in self.lines if item["seq"] >= message["since"]]
                    self.say({"type": "records", "records": unseen})
                elif message["type"] == "answer":
                    accepted, why = self.accept(message["answer"])
                    escalation = message["answer"]["escalation"]
                    self.say({"type": "answered", "escalation": escalation, "accepted": accepted, "why": why})
        with contextlib.suppress(OSError):
            writer.close()
