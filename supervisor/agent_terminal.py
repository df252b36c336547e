"""The agent's pseudo-terminal as the session process sees it: bytes out go to the emulator and the recording, keys in.

Everything here runs on the session's loop and never blocks on it: output is read no faster than the emulator takes it,
input waits in a bounded buffer for the program to read it.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from typing import Final, Protocol

READ: Final = 64 << 10
MOST_INPUT: Final = 16 << 20
"""Bytes: as much as the largest paste that a console may send."""
DRAIN_SECONDS: Final = 0.5


class Screen(Protocol):
    """What takes the output (`emulator.handle.EmulatorHost`)."""

    @property
    def full(self) -> bool: ...

    def feed(self, data: bytes) -> None: ...

    async def drain(self) -> None: ...


class AgentTerminal:
    """Pumps one pty master. `screen` and `record(data)` get all output."""

    def __init__(self, master: int, screen: Screen, record: Callable[[bytes], None]) -> None:
        self._fd, self._screen, self._record = master, screen, record
        self._loop = asyncio.get_running_loop()
        self._pending = bytearray()
        self._reading = self._closed = False
        self._resume: asyncio.Task[None] | None = None
        self.ended = asyncio.Event()
        os.set_blocking(master, False)

    def start(self) -> None:
        """Read from now on."""
        self._listen()

    def write(self, data: bytes) -> None:
        """Keys, pastes and answers for the program. What does not fit into `MOST_INPUT` of waiting input is dropped."""
        if self._closed or len(self._pending) + len(data) > MOST_INPUT:
            return
        was_idle = not self._pending
        self._pending += data
        if was_idle:
            self._writable()

    async def finish(self) -> None:
        """The program has ended: take what it left in the terminal, and let go of it."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self.ended.wait()
        except TimeoutError:
            pass
        self.close()

    def close(self) -> None:
        """Stop reading and writing; the descriptor stays its owner's."""
        if not self._closed:
            self._closed = True
            self._quiet()
            self._loop.remove_writer(self._fd)
            if self._resume is not None:
                self._resume.cancel()
            self.ended.set()

    def _listen(self) -> None:
        if not self._reading and not self._closed:
            self._reading = True
            self._loop.add_reader(self._fd, self._readable)

    def _quiet(self) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._fd)

    def _readable(self) -> None:
        parts, size, ended = [], 0, False
        # The kernel hands out a page at a time: a turn of the loop takes what is there, as one piece.
        while size < READ and not ended:
            try:
                data = os.read(self._fd, READ)
            except BlockingIOError:
                break
            except OSError as error:
                # EIO: nobody has the other end open (pty(7)).
                if error.errno != errno.EIO:
                    raise
                data = b""
            ended = not data
            parts.append(data)
            size += len(data)
        if size:
            data = b"".join(parts)
            # The emulator is another process: it parses while the recording is looked through for secrets.
            self._screen.feed(data)
            self._record(data)
        if ended:
            self._quiet()
            self.ended.set()
            return
        if self._screen.full:
            self._quiet()
            self._resume = self._loop.create_task(self._when_taken())

    async def _when_taken(self) -> None:
        await self._screen.drain()
        self._listen()

    def _writable(self) -> None:
        try:
            while self._pending:
                written = os.write(self._fd, self._pending[:4096])
                del self._pending[:written]
        except BlockingIOError:
            self._loop.add_writer(self._fd, self._writable)
            return
        except OSError:
            self._pending.clear()
        self._loop.remove_writer(self._fd)
