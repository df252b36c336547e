"""The session process's end of the emulator host: feeds it, and starts it again when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from supervisor.emulator.engine import Theme
from supervisor.emulator.sockets import listen
from supervisor.emulator.tail import Tail
from supervisor.emulator.wire import OFFSET, SIZE, FromHost, ToHost, Unframer, pack

FULL: Final = 64 << 10
"""Unsent bytes above which the caller should pause reading the PTY: more would only be latency."""
SEND_BUFFER: Final = 64 << 10
READ: Final = 256 << 10
STUCK: Final = 10.0
"""Seconds without progress after which a host is killed."""
CRASHES_BEFORE_FORGETTING: Final = 6
CRASHES_BEFORE_GIVING_UP: Final = 12
CALM: Final = 60.0
"""Seconds after which earlier crashes no longer count."""
_ENVIRONMENT: Final = ("HOME", "PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

Event = dict[str, object]


class EmulatorHost:
    """One emulator host process. All methods belong to the running asyncio loop's thread.

    `on_input(data)` gets bytes to write to the PTY: keys, pastes, answers to queries. `on_event(event)` gets objects
    with a `type`: `title`, `directory` (text), `bell`, `notification` (title, body), `clipboard` (bytes: a write that
    was dropped), `status` (state, app, kind, message: OSC 7501) and `emulator` (state ready, restarted or failed;
    engine). Their texts hold no control characters; show them with `visible()` all the same.
    """

    def __init__(
        self,
        columns: int,
        rows: int,
        screen_socket: Path,
        on_input: Callable[[bytes], None],
        on_event: Callable[[Event], None],
        *,
        theme: Theme | None = None,
    ) -> None:
        self.columns, self.rows, self.screen_socket = columns, rows, screen_socket
        self._on_input, self._on_event = on_input, on_event
        self._theme = theme or Theme()
        self._tail = Tail(columns, rows)
        self._out: deque[memoryview] = deque()
        self._unsent = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._link: socket.socket | None = None
        self._listener: socket.socket | None = None
        self._writing = self._closed = self.failed = False
        self._room = asyncio.Event()
        self._room.set()
        self._crashes: list[float] = []
        self._watch: asyncio.TimerHandle | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._progress = (0, 0.0)

    def start(self) -> None:
        """Bind the screen socket and start the process. Raises `OSError`. What is fed meanwhile waits."""
        self._loop = asyncio.get_running_loop()
        self._listener = listen(self.screen_socket)
        self._spawn()
        self._look_after()

    def feed(self, data: bytes) -> None:
        """Output of the program. Never blocks; when `full` turns true, stop reading the PTY until `drain` returns."""
        if data and not self._closed and not self.failed:
            self._tell(ToHost.DATA, data)

    @property
    def full(self) -> bool:
        """True while the host is behind."""
        return not self._room.is_set()

    async def drain(self) -> None:
        """Wait until the host has taken what it was fed."""
        await self._room.wait()

    def resize(self, columns: int, rows: int) -> None:
        """The PTY has another size (the caller sets it there too)."""
        if (columns, rows) != (self.columns, self.rows):
            self.columns, self.rows = columns, rows
            self._tell(ToHost.RESIZE, SIZE.pack(columns, rows))

    def set_theme(self, theme: Theme) -> None:
        """The colours that programs are told."""
        self._theme = theme
        self._tell(ToHost.THEME, bytes((*theme.foreground, *theme.background)))

    def reset(self) -> None:
        """Forget everything that was fed (a player that seeks back)."""
        self._tail.forget()
        self._send(pack(ToHost.RESET))

    async def close(self, *, awaited: bool = False) -> None:
        """Tell the consoles that the program has ended, and end the process (2 s, then by force).

        `awaited`: where no console has come yet, one is on its way and shall see the last screen.
        """
        if self._closed:
            return
        self._closed = True
        self._send(pack(ToHost.CLOSE, b"\1" if awaited else b""))
        process = self._process
        if process is not None:
            deadline = self._loop.time() + 2
            while process.poll() is None and self._loop.time() < deadline:
                await asyncio.sleep(0.01)
        self.kill()

    def kill(self) -> None:
        """End the process now and remove the screen socket."""
        self._closed = True
        for timer in (self._watch, self._retry):
            if timer is not None:
                timer.cancel()
        self._unplug()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
            self.screen_socket.unlink(missing_ok=True)
        self._room.set()

    # The process

    def _spawn(self) -> None:
        assert self._listener is not None
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        ours.setblocking(False)
        colours = bytes((*self._theme.foreground, *self._theme.background)).hex()
        fds = theirs.fileno(), self._listener.fileno()
        # -P: nothing is ever imported from the folder that the agent works in.
        command = [sys.executable, "-P", "-m", "supervisor.emulator", *map(str, fds)]
        command += [str(self.columns), str(self.rows), colours]
        try:
            self._process = subprocess.Popen(
                command,
                pass_fds=fds,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=None if os.environ.get("AGENT_SUPERVISE_DEBUG") else subprocess.DEVNULL,
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                cwd="/",
            )
        finally:
            theirs.close()
        self._link, self._unframer = ours, Unframer()
        self._out.clear()
        self._unsent, self._writing = 0, False
        self._progress = self._tail.parsed, self._loop.time()
        self._loop.add_reader(ours, self._readable)
        for frame in self._tail.replay():
            self._send(frame)
        self._send(pack(ToHost.RESIZE, SIZE.pack(self.columns, self.rows)))

    def _unplug(self) -> None:
        if self._link is not None:
            self._loop.remove_reader(self._link)
            self._loop.remove_writer(self._link)
            self._link.close()
            self._link = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _died(self) -> None:
        """The host is gone: a crash costs a re-feed, and nothing else."""
        self._unplug()
        if self._closed:
            self._room.set()
            return
        now = self._loop.time()
        self._crashes = [at for at in self._crashes if now - at < CALM] + [now]
        count = len(self._crashes)
        if count >= CRASHES_BEFORE_GIVING_UP:
            self.failed = True
            self._room.set()
            self._on_event({"type": "emulator", "state": "failed"})
            return
        if count >= CRASHES_BEFORE_FORGETTING:
            # What is fed again crashes it again: better an empty screen than none.
            self._tail.forget()
        self._retry = self._loop.call_later(0.0 if count < 3 else 0.1 * count, self._again)

    def _again(self) -> None:
        try:
            self._spawn()
        except OSError:
            self._died()
            return
        self._on_event({"type": "emulator", "state": "restarted"})

    def _look_after(self) -> None:
        """Kill a host that has stopped making progress."""
        self._watch = self._loop.call_later(STUCK / 5, self._look_after)
        now, parsed = self._loop.time(), self._tail.parsed
        if parsed != self._progress[0] or parsed >= self._tail.fed:
            self._progress = parsed, now
        elif self._process is not None and now - self._progress[1] > STUCK:
            self._process.kill()

    # The link

    def _tell(self, kind: ToHost, payload: bytes) -> None:
        if self._closed or self.failed:
            return
        self._tail.add(kind, payload)
        if self._link is not None:
            self._send(pack(kind, payload))

    def _send(self, frame: bytes) -> None:
        self._out.append(memoryview(frame))
        self._unsent += len(frame)
        if not self._writing:
            self._writable()

    def _writable(self) -> None:
        link = self._link
        if link is None:
            return
        try:
            while self._out:
                sent = link.send(self._out[0])
                self._unsent -= sent
                if sent == len(self._out[0]):
                    self._out.popleft()
                else:
                    self._out[0] = self._out[0][sent:]
        except BlockingIOError:
            pass
        except OSError:
            self._out.clear()
            self._unsent = 0  # the reader sees the end too, and starts the host again
        if bool(self._out) != self._writing:
            self._writing = bool(self._out)
            if self._writing:
                self._loop.add_writer(link, self._writable)
            else:
                self._loop.remove_writer(link)
        if self._unsent > FULL:
            self._room.clear()
        elif self._unsent <= FULL // 2:
            self._room.set()

    def _readable(self) -> None:
        link = self._link
        if link is None:
            return
        try:
            data = link.recv(READ)
            frames = list(self._unframer.feed(data))
        except BlockingIOError:
            return
        except (OSError, ValueError):
            data, frames = b"", []
        for kind, payload in frames:
            with contextlib.suppress(ValueError):  # a frame that makes no sense says nothing
                self._heard(kind, payload)
        if not data:
            self._died()

    def _heard(self, kind: int, payload: bytes) -> None:
        match kind:
            case FromHost.INPUT:
                self._on_input(payload)
            case FromHost.CONSUMED if len(payload) == OFFSET.size:
                self._tail.parsed_to(OFFSET.unpack(payload)[0])
            case FromHost.SNAPSHOT if len(payload) > OFFSET.size:
                self._tail.snapshot(OFFSET.unpack_from(payload)[0], payload[OFFSET.size :])
            case FromHost.EVENT:
                event = json.loads(payload)
                if isinstance(event, dict) and isinstance(event.get("type"), str):
                    self._on_event(event)
            case FromHost.READY:
                self._on_event({"type": "emulator", "state": "ready", "engine": payload.decode("ascii", "replace")})
