"""A console's connection to the emulator host: frames in, keys out, tried again while the host is being restarted."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

from supervisor.emulator.consoles import write_key, write_mouse
from supervisor.emulator.engine import Key, Mouse
from supervisor.emulator.sockets import connect
from supervisor.emulator.wire import SCROLL, VERSION, Frame, FromScreen, ToScreen, Unframer, pack, unpack_frame

READ: Final = 256 << 10
PAUSE: Final = 0.05
PATIENCE: Final = 15.0
"""Seconds without a host after which the pane says that it has none."""

Event = dict[str, object]


class ScreenLink:
    """Follows one screen. Callbacks come on the running loop: `on_frame`, `on_event`, `on_state` (connected or not)."""

    def __init__(
        self,
        path: Path,
        on_frame: Callable[[Frame], None],
        on_event: Callable[[Event], None],
        on_state: Callable[[str], None],
    ) -> None:
        self._path, self._on_frame, self._on_event, self._on_state = path, on_frame, on_event, on_state
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None
        self._out = bytearray()
        self._lost = self._loop.time()
        self._again: asyncio.TimerHandle | None = None
        self._ended = False

    def open(self) -> None:
        """Connect, now or as soon as there is a host."""
        self._again = None
        try:
            self._socket = connect(self._path)
        except OSError:
            waited = self._loop.time() - self._lost
            if waited > PATIENCE:
                self._on_state("gone")
            self._again = self._loop.call_later(PAUSE if waited < PATIENCE else 1.0, self.open)
            return
        self._unframer = Unframer()
        self._out.clear()
        self._loop.add_reader(self._socket, self._readable)
        self._send(pack(ToScreen.HELLO, struct.pack("!H", VERSION)))
        self._on_state("here")

    def drawn(self) -> None:
        """The last frame is on the screen: the next may come."""
        self._send(pack(ToScreen.NEXT))

    def key(self, key: Key) -> None:
        self._send(pack(ToScreen.KEY, write_key(key)))

    def mouse(self, mouse: Mouse) -> None:
        self._send(pack(ToScreen.MOUSE, write_mouse(mouse)))

    def paste(self, text: str) -> None:
        self._send(pack(ToScreen.PASTE, text.encode("utf-8", "replace")))

    def focus(self, gained: bool) -> None:
        self._send(pack(ToScreen.FOCUS, b"\1" if gained else b"\0"))

    def scroll(self, rows: int) -> None:
        """Look back by rows (positive), forward, or to the live screen (0)."""
        self._send(pack(ToScreen.SCROLL, SCROLL.pack(rows)))

    def close(self) -> None:
        """Leave; the host goes on."""
        self._ended = True
        if self._again is not None:
            self._again.cancel()
        self._unplug()

    def _unplug(self) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()
            self._socket = None

    def _broken(self) -> None:
        self._unplug()
        if not self._ended:
            self._lost = self._loop.time()
            self._on_state("lost")
            self._again = self._loop.call_later(PAUSE, self.open)

    def _readable(self) -> None:
        assert self._socket is not None
        try:
            data = self._socket.recv(READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._broken()
            return
        try:
            for kind, payload in self._unframer.feed(data):
                self._take(kind, payload)
        except ValueError:
            self._broken()  # a host that cannot be understood is none

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == FromScreen.FRAME:
            self._on_frame(unpack_frame(payload))
        elif kind == FromScreen.EVENT:
            event = json.loads(payload)
            if isinstance(event, dict):
                self._on_event(event)
        elif kind == FromScreen.CLOSED:
            self._ended = True
            self._on_state("closed")

    def _send(self, data: bytes) -> None:
        if self._socket is None:
            return
        waiting = bool(self._out)
        self._out += data
        if not waiting:
            self._flush()

    def _flush(self) -> None:
        if self._socket is None:
            return
        try:
            sent = self._socket.send(self._out)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._broken()
            return
        del self._out[:sent]
        if self._out:
            self._loop.add_writer(self._socket, self._flush)
        else:
            self._loop.remove_writer(self._socket)
