"""The emulator host's loop: bytes of the program in, changed rows to the consoles, keys back to the program."""

from __future__ import annotations

import contextlib
import json
import select
import selectors
import socket
from collections.abc import Callable
from time import monotonic
from typing import Final

from supervisor.emulator.consoles import Input, read_input
from supervisor.emulator.engine import Action, Engine, Key, Mouse, Theme
from supervisor.emulator.events import EventTray
from supervisor.emulator.viewer import OUTBOX_LIMIT, Screen, Viewer
from supervisor.emulator.wire import OFFSET, SIZE, FromHost, FromScreen, State, ToHost, Unframer, pack

FRAME: Final = 1 / 60
SLOWEST: Final = 1 / 30
DRAWS: Final = 2.0
"""Of this many parts of the time a console draws in one at most: a flood is for the program, not for its picture."""
URGENT: Final = 0.003
"""Seconds between frames while an answer to a key is awaited."""
AWAIT_ECHO: Final = 0.06
HOLD: Final = 1.0
"""Seconds that a synchronised update may hide the screen."""
SLICE: Final = 16 << 10
READ: Final = 64 << 10
LATE: Final = 1.0
"""Seconds that the last screen waits for a console that is still on its way to it."""
WHEEL_ROWS: Final = 3
SNAPSHOT_BYTES: Final = 8 << 20
LATEST_SNAPSHOT: Final = 12 << 20
"""A snapshot takes as long as some frames: it waits until no key is waiting, up to here."""
MAX_VIEWERS: Final = 16
LARGEST: Final = 1000
"""Columns or rows."""


class Host:
    """One engine, one session process (or player), any number of consoles."""

    def __init__(self, engine: Engine, link: socket.socket, listener: socket.socket) -> None:
        self._engine, self._link, self._listener = engine, link, listener
        self._screen = Screen(engine)
        self._events = EventTray()
        self._viewers: set[Viewer] = set()
        self._selector = selectors.DefaultSelector()
        self._unframer = Unframer()
        self._linkbox = bytearray()
        self._running = True
        self._awaited = False
        self._dirty = True
        self._framed = self._urgent = self._held_since = -10.0
        self._consumed = self._quiet = self._snapped = 0
        engine.on_hold = self._before_hold
        for sock in (link, listener):
            sock.setblocking(False)
        self._selector.register(link, selectors.EVENT_READ, self._on_link)
        self._selector.register(listener, selectors.EVENT_READ, self._on_listener)

    def run(self) -> None:
        """Serve until the session process closes its end."""
        self._send(FromHost.READY, self._engine.name.encode())
        while self._running:
            for key, mask in self._selector.select(self._timeout()):
                call: Callable[[int], None] = key.data
                call(mask)
            self._report()
            self._show()
        self._say_closed()

    def _say_closed(self) -> None:
        """The last screen for everybody, whether they have drawn the one before or not."""
        if self._awaited and not self._viewers and select.select([self._listener], [], [], LATE)[0]:
            self._on_listener(selectors.EVENT_READ)
        self._screen.refresh()
        for viewer in self._viewers:
            if not viewer.back:
                viewer.outbox += viewer.frame(self._screen)
            viewer.sock.setblocking(True)
            viewer.sock.settimeout(0.5)
            with contextlib.suppress(OSError):
                viewer.sock.sendall(bytes(viewer.outbox) + pack(FromScreen.CLOSED))

    # Time

    def _timeout(self) -> float | None:
        now = monotonic()
        waits = []
        if any(viewer.ready and not viewer.outbox and (viewer.stale or self._dirty) for viewer in self._viewers):
            waits.append(self._due() - now)
        if (event := self._events.due) is not None:
            waits.append(event - now)
        return max(0.0, min(waits)) if waits else None

    def _due(self) -> float:
        """When the next frame may go out."""
        if self._engine.held:
            return self._held_since + HOLD
        return self._framed + (URGENT if monotonic() < self._urgent else self._pace())

    def _pace(self) -> float:
        """Seconds from one frame to the next: as the fastest console can follow."""
        took = min((viewer.took for viewer in self._viewers), default=0.0)
        return min(max(FRAME, DRAWS * took), SLOWEST)

    def _before_hold(self) -> None:
        """A synchronised update begins: what stands now is whole. In a flood this is the only whole moment."""
        now = monotonic()
        self._held_since = now
        if now >= self._due():
            self._draw(now)

    def _show(self) -> None:
        now = monotonic()
        if now >= self._due():
            self._draw(now)

    def _draw(self, now: float) -> None:
        ready = [viewer for viewer in self._viewers if viewer.ready and not viewer.outbox]
        if not ready or not (self._dirty or any(viewer.stale for viewer in ready)):
            return
        if self._dirty:
            self._screen.refresh()
            self._dirty = False
            for viewer in self._viewers:
                viewer.stale |= not viewer.back or viewer.lost(self._screen.look)
        self._framed = now
        for viewer in ready:
            if viewer.stale:
                viewer.stale = False
                if frame := viewer.frame(self._screen):
                    viewer.ready, viewer.sent = False, now
                    self._tell(viewer, frame)

    # The session process

    def _on_link(self, mask: int) -> None:
        if mask & selectors.EVENT_WRITE:
            self._flush_link()
        if not mask & selectors.EVENT_READ:
            return
        try:
            data = self._link.recv(READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._running = False
            return
        for kind, payload in self._unframer.feed(data):
            self._from_session(kind, payload)

    def _from_session(self, kind: int, payload: bytes) -> None:
        engine = self._engine
        self._dirty = True
        match kind:
            case ToHost.DATA:
                self._feed(payload)
            case ToHost.RESIZE:
                columns, rows = (min(max(side, 1), LARGEST) for side in SIZE.unpack(payload))
                if (columns, rows) != (engine.columns, engine.rows):
                    engine.resize(columns, rows)
                    self._screen.resized()
                    for viewer in self._viewers:
                        viewer.stale = True
                    self._replied(new=self._consumed >= self._quiet)
            case ToHost.RESTORE:
                (self._quiet,) = OFFSET.unpack_from(payload)
                snapshot = payload[OFFSET.size :]
                if snapshot:
                    engine.restore(snapshot)
                    self._screen.resized()
                    self._replied()
            case ToHost.RESET:
                engine.reset()
                engine.out.replies.clear()
                engine.out.events.clear()
                self._screen.resized()
            case ToHost.THEME:
                engine.set_theme(Theme((payload[0], payload[1], payload[2]), (payload[3], payload[4], payload[5])))
            case ToHost.CLOSE:
                self._awaited = bool(payload)
                self._running = False

    def _feed(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            # What was answered before a crash and what was not must not share a slice.
            before = self._quiet - self._consumed
            part = data[at : at + (min(SLICE, before) if before > 0 else SLICE)]
            at += len(part)
            self._engine.feed(part)
            self._consumed += len(part)
            self._replied(new=self._consumed > self._quiet)
            self._send(FromHost.CONSUMED, OFFSET.pack(self._consumed))
            self._dirty = True
            if len(data) > SLICE:
                self._show()
        since = self._consumed - self._snapped
        if since >= LATEST_SNAPSHOT or (since >= SNAPSHOT_BYTES and monotonic() >= self._urgent):
            self._snap()

    def _snap(self) -> None:
        self._snapped = self._consumed
        if snapshot := self._engine.snapshot():
            self._send(FromHost.SNAPSHOT, OFFSET.pack(self._consumed) + snapshot)

    def _replied(self, *, new: bool = False) -> None:
        """Hand on what parsing produced, unless it was handed on before a crash."""
        out = self._engine.out
        if new:
            if out.replies:
                self._send(FromHost.INPUT, bytes(out.replies))
            self._events.add(out.events)
        else:
            self._events.remember(out.events)
            if self._consumed >= self._quiet:
                for viewer in list(self._viewers):
                    self._tell_standing(viewer)
        out.replies.clear()
        out.events.clear()

    def _report(self) -> None:
        for event in self._events.take(monotonic()):
            data = json.dumps(event).encode()
            self._send(FromHost.EVENT, data)
            for viewer in list(self._viewers):
                self._tell(viewer, pack(FromScreen.EVENT, data))

    def _send(self, kind: FromHost, payload: bytes) -> None:
        waiting = bool(self._linkbox)
        self._linkbox += pack(kind, payload)
        if not waiting:
            self._flush_link()

    def _flush_link(self) -> None:
        try:
            sent = self._link.send(self._linkbox)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._running = False
            return
        del self._linkbox[:sent]
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._linkbox else 0)
        if self._selector.get_key(self._link).events != wanted:
            self._selector.modify(self._link, wanted, self._on_link)

    # The consoles

    def _on_listener(self, mask: int) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return
        if len(self._viewers) >= MAX_VIEWERS:
            sock.close()
            return
        sock.setblocking(False)
        viewer = Viewer(sock, self._engine)
        self._viewers.add(viewer)
        self._selector.register(sock, selectors.EVENT_READ, lambda mask: self._on_viewer(viewer, mask))
        self._tell_standing(viewer)

    def _tell_standing(self, viewer: Viewer) -> None:
        for event in self._events.standing():
            self._tell(viewer, pack(FromScreen.EVENT, json.dumps(event).encode()))

    def _on_viewer(self, viewer: Viewer, mask: int) -> None:
        if mask & selectors.EVENT_WRITE:
            self._flush(viewer)
        if not mask & selectors.EVENT_READ or viewer not in self._viewers:
            return
        try:
            data = viewer.sock.recv(READ)
            for kind, payload in viewer.unframer.feed(data):
                self._from_viewer(viewer, read_input(kind, payload))
        except BlockingIOError:
            return
        except (OSError, ValueError):
            data = b""
        if not data:
            self._drop(viewer)

    def _from_viewer(self, viewer: Viewer, said: Input) -> None:
        match said:
            case "next":
                viewer.ready = True
                if viewer.sent:
                    viewer.took = monotonic() - viewer.sent
            case Key():
                self._typed(viewer, self._engine.encode_key(said))
            case Mouse():
                self._mouse(viewer, said)
            case ("paste", str(text)):
                self._typed(viewer, self._engine.encode_paste(text))
            case ("focus", bool(gained)):
                self._to_program(self._engine.encode_focus(gained))
            case ("scroll", int(rows)):
                self._scroll(viewer, rows)

    def _typed(self, viewer: Viewer, data: bytes) -> None:
        if viewer.back:
            self._scroll(viewer, 0)
        self._urgent = monotonic() + AWAIT_ECHO
        self._to_program(data)

    def _mouse(self, viewer: Viewer, mouse: Mouse) -> None:
        if data := self._engine.encode_mouse(mouse):
            self._urgent = monotonic() + AWAIT_ECHO
            self._to_program(data)
        elif mouse.action is Action.PRESS and mouse.button in (4, 5):
            up = mouse.button == 4
            if self._screen.look.state & State.ALTERNATE:
                self._typed(viewer, self._engine.encode_key(Key("up" if up else "down")) * WHEEL_ROWS)
            else:
                self._scroll(viewer, WHEEL_ROWS if up else -WHEEL_ROWS)

    def _scroll(self, viewer: Viewer, rows: int) -> None:
        self._screen.refresh()
        viewer.scroll(rows, self._screen.look.history)
        for other in self._viewers:
            other.stale = True
        self._framed = 0.0

    def _to_program(self, data: bytes) -> None:
        if data:
            self._send(FromHost.INPUT, data)

    def _tell(self, viewer: Viewer, data: bytes) -> None:
        waiting = bool(viewer.outbox)
        viewer.outbox += data
        if len(viewer.outbox) > OUTBOX_LIMIT:
            self._drop(viewer)
        elif not waiting:
            self._flush(viewer)

    def _flush(self, viewer: Viewer) -> None:
        try:
            sent = viewer.sock.send(viewer.outbox)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(viewer)
            return
        del viewer.outbox[:sent]
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if viewer.outbox else 0)
        key = self._selector.get_key(viewer.sock)
        if key.events != wanted:
            self._selector.modify(viewer.sock, wanted, key.data)

    def _drop(self, viewer: Viewer) -> None:
        if viewer in self._viewers:
            self._viewers.discard(viewer)
            self._selector.unregister(viewer.sock)
            viewer.close()
