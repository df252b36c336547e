"""The widget that draws the agent's terminal.

Rows come drawn from the emulator host; here they are only placed. A frame that comes is on the screen before the next
one is asked for, without waiting for Textual's own refresh timer: what a key does is seen at once.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from supervisor.console.pane.keys import key_of, mouse_of
from supervisor.console.pane.link import Event, ScreenLink
from supervisor.console.pane.rows import RESET, RowStrip, frame_of, with_cursor
from supervisor.emulator.engine import Action
from supervisor.emulator.wire import UNDERLINE, Frame, Row, State

_EMPTY = Row(b"", 0)
_REVERSED, _UNDERLINED = Style(reverse=True), Style(underline=True)
_PAGE = 0.5
"""Of the pane's height, scrolled at once by Shift+PageUp."""
LAST_SECONDS = 1.5
_SAID: dict[str, str] = {
    "lost": "the terminal's picture is being restored; the agent goes on",
    "gone": "the terminal cannot be drawn; the agent goes on",
}


class TerminalPane(Widget):
    """The screen behind `screen_socket`. `deaf` = look on only: no key, paste or mouse reaches the agent."""

    DEFAULT_CSS: ClassVar[str] = "TerminalPane { width: 1fr; height: 1fr; }"

    class TitleChanged(Message):
        """The agent's program set the terminal's title."""

        def __init__(self, title: str) -> None:
            super().__init__()
            self.title = title

    class Bell(Message):
        """The agent's program rang."""

    class Closed(Message):
        """The agent's program has ended; its last screen stays."""

    def __init__(self, screen_socket: str) -> None:
        super().__init__()
        self.deaf = False
        self._path = Path(screen_socket)
        self._link: ScreenLink | None = None
        self._rows: list[Row] = []
        self._strips: dict[int, Strip] = {}
        self._frame: Frame | None = None
        self._state = ""
        self._held_button = 0
        self._complete = asyncio.Event()

    # ── life ─────────────────────────────────────────────────────────────────────────────────────

    def on_mount(self) -> None:
        self._link = ScreenLink(self._path, self._framed, self._told, self._stated)
        self._link.open()
        self.watch(self.app, "app_focus", self._focused, init=False)
        self.watch(self.app, "theme", self._recoloured, init=False)

    def on_unmount(self) -> None:
        if self._link is not None:
            self._link.close()

    def _focused(self, gained: bool) -> None:
        if self._link is not None and not self.deaf and self._frame is not None and State.FOCUS in self._frame.state:
            self._link.focus(gained)

    def _recoloured(self) -> None:
        self._strips.clear()
        self.refresh()

    def on_resize(self) -> None:
        self._strips.clear()

    # ── what the host says ───────────────────────────────────────────────────────────────────────

    def _framed(self, frame: Frame) -> None:
        before, self._frame = self._frame, frame
        width = self.size.width
        if before is None or (before.columns, before.rows) != (frame.columns, frame.rows):
            self._rows = [_EMPTY] * frame.rows
            self._strips.clear()
            before = None
        changed = {y for y, _ in frame.changed}
        for y, row in frame.changed:
            self._rows[y] = row
            self._strips.pop(y, None)
        if before is None or (before.back == 0) != (frame.back == 0):
            self.refresh()
        else:
            changed |= {before.cursor[1], frame.cursor[1]}
            regions = [Region(0, y, width, 1) for y in sorted(changed) if y < self.size.height]
            if frame.back != before.back:
                regions.append(Region(0, 0, width, 1))
            if regions:
                self.refresh(*regions)
        self._draw_now()
        if self._link is not None:
            self._link.drawn()

    def _draw_now(self) -> None:
        """Put what was refreshed on the screen at once, where Textual would wait for its timer."""
        screen = self.screen
        if screen is not self.app.screen or not self.is_attached or not screen.is_current:
            return
        screen._compositor.update_widgets({self})
        screen._compositor_refresh()

    def _told(self, event: Event) -> None:
        kind = event.get("type")
        if kind == "title":
            self.post_message(self.TitleChanged(str(event.get("text", event.get("title", "")))))
        elif kind == "bell":
            self.post_message(self.Bell())

    def _stated(self, state: str) -> None:
        self._state = state
        if state == "closed":
            self._complete.set()
            self.post_message(self.Closed())
        self.refresh(Region(0, max(self.size.height - 1, 0), self.size.width, 1))

    # ── drawing ──────────────────────────────────────────────────────────────────────────────────

    @property
    def cursor_row(self) -> int | None:
        """The row of the agent's cursor, where it is shown."""
        frame = self._frame
        return frame.cursor[1] if frame is not None and State.CURSOR in frame.state and not frame.back else None

    async def left(self) -> list[str]:
        """What the agent leaves on the terminal when it has ended, as rows of SGR text; full-screen programs: nothing.

        Waits at most `LAST_SECONDS` for the last picture.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_SECONDS):
                await self._complete.wait()
        frame = self._frame
        if frame is None or frame.back or State.ALTERNATE in frame.state:
            return []
        rows = [row.text.decode("utf-8", "replace") for row in self._rows]
        while rows and not rows[-1]:
            rows.pop()
        return [row + RESET for row in rows]

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows of `crop`. Overridden as a whole: Textual's cache of styles would cost a third of each frame."""
        # Both are worked out anew each time they are asked for: once a frame, not once a row.
        width, base = self.size.width, self.rich_style
        lines = [self._line(y, width, base) for y in range(crop.y, crop.bottom)]
        if crop.x == 0 and crop.width >= width:
            return lines
        return [line.crop(crop.x, crop.x + crop.width) for line in lines]

    def _line(self, y: int, width: int, base: Style) -> Strip:
        frame = self._frame
        if self._state in _SAID and y == self.size.height - 1:
            said = f" {_SAID[self._state]} "
            return Strip([Segment(said, base + Style(reverse=True))]).adjust_cell_length(width, base)
        if frame is None or y >= len(self._rows):
            return Strip.blank(width, base)
        if frame.back and y == 0:
            here = f" {frame.back:,} rows back of {frame.history:,}, any key returns "
            return Strip([Segment(here, base + Style(reverse=True))]).adjust_cell_length(width, base)
        strip = self._strips.get(y)
        if strip is None:
            strip = RowStrip(self._rows[y], base, frame_of(base), frame.columns)
            if frame.columns != width:
                strip = strip.adjust_cell_length(width, base)
            self._strips[y] = strip
        if y == frame.cursor[1] and self.cursor_row is not None:
            look = _UNDERLINED if frame.shape == UNDERLINE else _REVERSED
            return with_cursor(strip, frame.cursor[0], width, look)
        return strip

    def render_line(self, y: int) -> Strip:
        """One row."""
        return self._line(y, self.size.width, self.rich_style)

    # ── what a human does ────────────────────────────────────────────────────────────────────────

    def send_key(self, event: events.Key) -> None:
        """A key for the agent; Shift+PageUp and Shift+PageDown look back where the program has no screen of its own."""
        if self._link is None or self.deaf:
            return
        page = max(int(self.size.height * _PAGE), 1)
        alternate = self._frame is not None and State.ALTERNATE in self._frame.state
        if event.key in ("shift+pageup", "shift+pagedown") and not alternate:
            self._link.scroll(page if event.key == "shift+pageup" else -page)
        elif key := key_of(event):
            self._link.key(key)

    def send_paste(self, text: str) -> None:
        """Pasted text for the agent; the host brackets it if the program asked for that, and takes escapes out."""
        if self._link is not None and not self.deaf:
            self._link.paste(text)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._held_button = event.button
        self._mouse(event, Action.PRESS)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        self._mouse(event, Action.RELEASE, event.button or self._held_button)
        self._held_button = 0

    def on_mouse_move(self, event: events.MouseMove) -> None:
        state = self._frame.state if self._frame is not None else State(0)
        if State.MOTION in state or (State.MOUSE in state and self._held_button):
            self._mouse(event, Action.MOVE, self._held_button)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._mouse(event, Action.PRESS, 4)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._mouse(event, Action.PRESS, 5)

    def _mouse(self, event: events.MouseEvent, action: Action, button: int | None = None) -> None:
        frame = self._frame
        if self._link is None or frame is None:
            return
        wheel = button in (4, 5)
        if wheel and self.deaf:
            self._link.scroll(3 if button == 4 else -3)
        elif not self.deaf and (wheel or State.MOUSE in frame.state):
            self._link.mouse(mouse_of(event, action, button))
