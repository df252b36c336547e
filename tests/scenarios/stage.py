"""Puts a scenario on a real app of a given size and takes its picture, as text and as SVG."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.keys import key_to_character
from textual.pilot import Pilot
from textual.widget import Widget

from supervisor.console.app import ConsoleApp
from supervisor.console.look import UNICODE, Look
from supervisor.console.session.screen import SessionScreen
from tests.scenarios.journal import Lines
from tests.scenarios.session import FakeSession

AGENT_SCREEN = """
╭────────────────────────────────────────────────────╮
│ ✻ Welcome to the agent                             │
│   cwd: /home/dev/site                              │
╰────────────────────────────────────────────────────╯

> move the site to the new bucket and deploy it

● I'll build the site first, then apply the
  infrastructure and sync the files.

● Bash(npm run build)
  ⎿  built in 3.2s · 214 files

● Bash(make deploy)
  ⎿  Running…

  ✳ Deploying… (12s · esc to interrupt)

╭────────────────────────────────────────────────────╮
│ >                                                  │
╰────────────────────────────────────────────────────╯
""".strip("\n")


class FakePane(Widget):
    """Stands for the agent's terminal: shows a fixed screen, keeps the keys it got."""

    can_focus = False

    def __init__(self, socket: str) -> None:
        super().__init__()
        self.keys: list[str] = []
        self.pasted: list[str] = []
        self.sizes: list[Size] = []
        self.cursor_row: int | None = None

    def send_key(self, event: events.Key) -> None:
        self.keys.append(event.key)

    def send_paste(self, text: str) -> None:
        self.pasted.append(text)

    async def left(self) -> list[str]:
        return ["what the agent left"]

    def on_resize(self, event: events.Resize) -> None:
        self.sizes.append(event.size)

    def render(self) -> Content:
        return Content(AGENT_SCREEN)


class Ticks:
    """A clock in milliseconds that tests move."""

    def __init__(self) -> None:
        self.ms = 100_000

    def __call__(self) -> int:
        return self.ms


class Stage:
    """A console in front of a fake session."""

    def __init__(self, pilot: Pilot[int], screen: SessionScreen, session: FakeSession, ticks: Ticks) -> None:
        self.pilot, self.screen, self.session, self.ticks = pilot, screen, session, ticks
        self._handled = 0
        handle = screen.seat.key

        def counted(key: str, character: str | None, ms: int, now: datetime) -> Any:
            self._handled += 1
            return handle(key, character, ms, now)

        screen.seat.key = counted  # type: ignore[method-assign]

    @property
    def pane(self) -> FakePane:
        return self.screen.query_one(FakePane)

    def text(self) -> str:
        """The screen as plain text, without trailing blanks."""
        return frame(self.pilot.app)

    async def press(self, *keys: str, rest: int = 1000) -> None:
        """Press keys, each after `rest` milliseconds of quiet."""
        for key in keys:
            self.ticks.ms += rest
            before = self._handled
            event = events.Key(key, {"-": "-"}.get(key, key_to_character(key)))
            event.set_sender(self.pilot.app)
            self.pilot.app._driver.send_message(event)
            async with asyncio.timeout(5):
                while self._handled == before:
                    await asyncio.sleep(0)
            await asyncio.sleep(0.002)
        self.screen.draw_now()
        await self.pilot.pause()

    async def read_all(self) -> None:
        """Scroll to the end of the question, page by page."""
        for _ in range(10_000):
            arming = self.screen.seat.cards.arming
            if arming is None or arming.read:
                return
            await self.press("pagedown")

    async def until(self, true: Callable[[], Any], seconds: float = 5) -> None:
        """Wait for a condition."""
        async with asyncio.timeout(seconds):
            while not true():
                await self.pilot.pause(0.01)
        self.screen.draw_now()
        await self.pilot.pause()


async def resize(app: ConsoleApp, size: tuple[int, int]) -> None:
    """Give the window another size and wait until everything is drawn at it."""
    pilot = Pilot(app)
    if tuple(app.size) != size:
        await pilot.resize_terminal(*size)
    draw = getattr(app.screen, "draw_now", None) or app.screen.redraw
    for _ in range(2):  # what a row needs in height is known after it was laid out once
        draw()
        await pilot.pause()


def frame(app: Any) -> str:
    """The app's screen as plain text."""
    width, height = app.size
    lines = app.screen._compositor.render_strips(Size(width, height))
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in lines) + "\n"


@contextlib.asynccontextmanager
async def session_stage(
    lines: Lines, size: tuple[int, int], *, look: Look = UNICODE, read_only: bool = False
) -> AsyncIterator[Stage]:
    """A session screen that has heard `lines`, looked at at the time of the last one."""
    session, ticks = FakeSession(lines.lines, screen="/fake"), Ticks()

    def now() -> datetime:
        return lines.now

    with tempfile.TemporaryDirectory() as folder:
        control = Path(folder) / "control.sock"
        async with session.at(control):
            screen = SessionScreen(
                control, "console-1", pane=FakePane, now=now, ms=ticks, look=look, read_only=read_only
            )
            app = ConsoleApp(screen)
            async with app.run_test(size=size) as pilot:
                stage = Stage(pilot, screen, session, ticks)
                await stage.until(lambda: screen.story.next_seq >= len(lines.lines) and screen.query(FakePane))
                yield stage
                screen.link.close()
