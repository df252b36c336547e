"""One console at the host: its view of the screen, and what is still to be sent to it."""

from __future__ import annotations

import socket
from typing import Final

from supervisor.emulator.engine import Anchor, Engine, Look
from supervisor.emulator.wire import Frame, Row, State, Unframer, pack_frame

FRAME_LIMIT: Final = 16 << 20
"""Bytes of one frame from a console: the largest paste."""
OUTBOX_LIMIT: Final = 32 << 20
EMPTY: Final = Row(b"", 0)


class Screen:
    """The live screen as rows with versions, shared by all viewers."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.rows: list[Row] = []
        self.versions: list[int] = []
        self.look = Look()
        self._version = 0
        self.resized()

    def resized(self) -> None:
        """The engine has another size: nothing is known."""
        self.rows = [EMPTY] * self._engine.rows
        self._version += 1
        self.versions = [self._version] * self._engine.rows

    def refresh(self) -> None:
        """Take what changed from the engine."""
        if len(self.rows) != self._engine.rows:
            self.resized()
        self._version += 1
        for y, row in self._engine.changed():
            if y < len(self.rows) and self.rows[y] != row:
                self.rows[y] = row
                self.versions[y] = self._version
        self.look = self._engine.look()


class Viewer:
    """One connected console. It gets a frame only after it has drawn the last one."""

    def __init__(self, sock: socket.socket, engine: Engine) -> None:
        self.sock, self._engine = sock, engine
        self.unframer = Unframer(FRAME_LIMIT)
        self.outbox = bytearray()
        self.ready = False
        """True once the console said hello or drew the last frame."""
        self.sent = self.took = 0.0
        """When the last frame went out (monotonic), and the seconds until it was drawn."""
        self.stale = True
        self._seen: list[int] = []
        self._size = (0, 0)
        self._told: tuple[object, ...] = ()
        self._anchor: Anchor | None = None
        self._scrolled: list[Row] = []

    @property
    def back(self) -> bool:
        """True while it looks at the scrollback."""
        return self._anchor is not None

    def scroll(self, rows: int, history: int) -> None:
        """Move by rows (positive: back in time); 0: to the live screen."""
        top = history
        if self._anchor is not None:
            kept = self._anchor.row()
            top = 0 if kept is None else kept
        top = min(max(top - rows, 0), history) if rows else history
        self._leave()
        if top < history:
            self._anchor = self._engine.anchor(top)
        self.stale = True

    def lost(self, look: Look) -> bool:
        """Back to the live screen, and True, if the scrollback that it looks at is no more, or not on this screen."""
        if self._anchor is None:
            return False
        top = self._anchor.row()
        gone = not look.history or State.ALTERNATE in look.state or (top is not None and top >= look.history)
        if gone:
            self._leave()
        return gone

    def _leave(self) -> None:
        if self._anchor is not None:
            self._anchor.free()
            self._anchor = None
            self._seen, self._scrolled = [], []

    def frame(self, screen: Screen) -> bytes:
        """The next frame, empty if there is nothing new."""
        look, size = screen.look, (self._engine.columns, self._engine.rows)
        if size != self._size:
            self._size, self._seen, self._scrolled = size, [], []
        self.lost(look)
        if self._anchor is not None:
            top = self._anchor.row()
            back = look.history - (top or 0)
            changed = self._history(top or 0)
        else:
            back, changed = 0, self._live(screen)
        told = (look.cursor, look.shape, look.state, look.history if back else 0, back, size)
        if not changed and told == self._told:
            return b""
        self._told = told
        return pack_frame(Frame(*size, look.cursor, look.shape, look.state, look.history, back, tuple(changed)))

    def _live(self, screen: Screen) -> list[tuple[int, Row]]:
        versions, seen = screen.versions, self._seen
        if len(seen) != len(versions):
            seen = [-1] * len(versions)
        changed = [(y, screen.rows[y]) for y, version in enumerate(versions) if version != seen[y]]
        self._seen = versions.copy()
        return changed

    def _history(self, top: int) -> list[tuple[int, Row]]:
        rows = [self._engine.row(top + y) for y in range(self._engine.rows)]
        old = self._scrolled
        self._scrolled = rows
        if len(old) != len(rows):
            return list(enumerate(rows))
        return [(y, row) for y, row in enumerate(rows) if row != old[y]]

    def close(self) -> None:
        """Free what is held for it."""
        self._leave()
        self.sock.close()
