"""The pseudo-terminal's master between the program and the emulator host."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import struct
import termios
from collections.abc import Callable
from typing import Final

from supervisor.emulator.handle import EmulatorHost

READ: Final = 64 << 10


class PtyPump:
    """Reads the master into `on_output` (the recording) and the host, writes keys and replies back to it.

    Reading pauses while the host is behind, so a flood waits in the program and not in our memory. Call from the
    running asyncio loop; the caller owns `master` and closes it after `stop`.
    """

    def __init__(
        self,
        master: int,
        host: EmulatorHost,
        on_output: Callable[[bytes], None],
        on_eof: Callable[[], None],
    ) -> None:
        self._master, self._host = master, host
        self._on_output, self._on_eof = on_output, on_eof
        self._unwritten = bytearray()
        self._running = False
        self._pause: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to read."""
        self._loop = asyncio.get_running_loop()
        os.set_blocking(self._master, False)
        self._running = True
        self._loop.add_reader(self._master, self._readable)

    def write(self, data: bytes) -> None:
        """Bytes for the program, as if typed; pass it to `EmulatorHost` as `on_input`."""
        if not self._running:
            return
        waiting = bool(self._unwritten)
        self._unwritten += data
        if not waiting:
            self._writable()

    def resize(self, columns: int, rows: int) -> None:
        """Set the terminal's size: the program gets SIGWINCH, the host the same size."""
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._host.resize(columns, rows)

    def stop(self) -> None:
        """Neither read nor write any more."""
        if self._running:
            self._running = False
            self._loop.remove_reader(self._master)
            self._loop.remove_writer(self._master)
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def _readable(self) -> None:
        parts, size, ended = [], 0, False
        # The kernel hands out at most a page at a time: one turn of the loop takes several.
        while size < READ:
            try:
                data = os.read(self._master, READ)
            except BlockingIOError:
                break
            except OSError:  # EIO: the last process of the terminal has closed it (pty(7))
                data = b""
            if not data:
                ended = True
                break
            parts.append(data)
            size += len(data)
        if parts:
            data = b"".join(parts)
            self._on_output(data)
            self._host.feed(data)
        if ended:
            self.stop()
            self._on_eof()
        elif self._host.full:
            self._loop.remove_reader(self._master)
            self._pause = self._loop.create_task(self._resume())

    async def _resume(self) -> None:
        await self._host.drain()
        self._pause = None
        if self._running:
            self._loop.add_reader(self._master, self._readable)

    def _writable(self) -> None:
        try:
            sent = os.write(self._master, self._unwritten)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._unwritten.clear()
            self._loop.remove_writer(self._master)
            return
        del self._unwritten[:sent]
        if self._unwritten:
            self._loop.add_writer(self._master, self._writable)
        else:
            self._loop.remove_writer(self._master)
