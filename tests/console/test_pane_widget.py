"""The pane in an app, on a real emulator host."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual.app import App, ComposeResult
from textual.events import Key as Pressed
from textual.pilot import Pilot

from supervisor.console.pane import TerminalPane
from tests.emulator.emulator_stage import Stage, stage, until


class PaneApp(App[None]):
    """A pane and nothing else."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.pane = TerminalPane(str(path))
        self.said: list[object] = []

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_terminal_pane_title_changed(self, message: TerminalPane.TitleChanged) -> None:
        self.said.append(message.title)

    def on_terminal_pane_bell(self, message: TerminalPane.Bell) -> None:
        self.said.append("bell")

    def on_terminal_pane_closed(self, message: TerminalPane.Closed) -> None:
        self.said.append("closed")

    @property
    def text(self) -> list[str]:
        size = self.pane.size
        return ["".join(part.text for part in self.pane.render_line(y) if not part.control) for y in range(size.height)]


@asynccontextmanager
async def pane(folder: Path) -> AsyncIterator[tuple[PaneApp, Pilot[None], Stage]]:
    async with stage(folder, 40, 6) as here:
        app = PaneApp(here.path)
        async with app.run_test(size=(40, 6)) as pilot:
            await until(lambda: app.pane._frame is not None, "a frame")
            yield app, pilot, here


async def sees(app: PaneApp, text: str) -> None:
    await until(lambda: any(text in row for row in app.text), text)


async def test_the_pane_shows_the_program_and_gives_it_keys(tmp_path: Path) -> None:
    """Rows are drawn, keys and pastes arrive, and a deaf pane gives the program nothing."""
    async with pane(tmp_path) as (app, _, here):
        here.host.feed(b"hello [bold]")
        await sees(app, "hello [bold]")
        app.pane.send_key(Pressed("a", "a"))
        app.pane.send_paste("b\x1b[201~")
        await until(lambda: here.input == b"ab [201~", "the input")
        app.pane.deaf = True
        app.pane.send_key(Pressed("x", "x"))
        app.pane.send_paste("x")
        app.pane.deaf = False
        app.pane.send_key(Pressed("c", "c"))
        await until(lambda: here.input == b"ab [201~c", "the last key alone")


async def test_titles_and_bells_are_messages(tmp_path: Path) -> None:
    """A title with markup in it is told as text, and a bell is told."""
    async with pane(tmp_path) as (app, _, here):
        here.host.feed(b"\x1b]2;[@click=app.quit]t\x07\x07")
        await until(lambda: {"[@click=app.quit]t", "bell"} <= set(app.said), "title and bell")
        assert app.is_running


async def test_looking_back_says_so(tmp_path: Path) -> None:
    """Shift+PageUp looks back and says how far; any key returns to the live screen."""
    async with pane(tmp_path) as (app, _, here):
        here.host.feed(b"".join(b"line %d\r\n" % number for number in range(50)))
        await sees(app, "line 49")
        app.pane.send_key(Pressed("shift+pageup", None))
        await sees(app, "3 rows back of 45, any key returns")
        app.pane.send_key(Pressed("a", "a"))
        await sees(app, "line 49")


async def test_a_crash_of_the_host_is_seen_and_passes(tmp_path: Path) -> None:
    """The pane keeps its picture through a crash of the host and goes on by itself."""
    async with pane(tmp_path) as (app, _, here):
        here.host.feed(b"before")
        await sees(app, "before")
        await here.crash()
        here.host.feed(b" after")
        await sees(app, "before after")
        assert "restored" not in app.text[-1]


async def test_the_last_screen_is_left_behind(tmp_path: Path) -> None:
    """What the program printed last is what the pane leaves, without empty rows at its end."""
    async with pane(tmp_path) as (app, pilot, here):
        here.host.feed(b"one\r\n\x1b[31mtwo")
        await sees(app, "two")
        await here.host.close()
        left = await app.pane.left()
        assert [row.replace("\x1b[0m", "") for row in left] == ["one", "\x1b[38;5;1mtwo"]
        await pilot.pause()
        assert app.said[-1] == "closed"
