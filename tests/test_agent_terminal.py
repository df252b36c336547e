"""The agent's pseudo-terminal: everything is recorded first, nothing is read faster than it is shown."""

from __future__ import annotations

import asyncio
import os
import pty
import tty
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from supervisor.agent_terminal import MOST_INPUT, AgentTerminal


class Shown:
    """What takes the output, and can be behind."""

    def __init__(self, log: list[tuple[str, bytes]]) -> None:
        self._log = log
        self._room = asyncio.Event()
        self._room.set()
        self.limit = 1 << 30
        self.size = 0

    @property
    def full(self) -> bool:
        return not self._room.is_set()

    def feed(self, data: bytes) -> None:
        self._log.append(("shown", data))
        self.size += len(data)
        if self.size > self.limit:
            self._room.clear()

    async def drain(self) -> None:
        await self._room.wait()

    def take(self) -> None:
        self.limit = 1 << 30
        self._room.set()


class Stage:
    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.log: list[tuple[str, bytes]] = []
        self.screen = Shown(self.log)
        self.terminal = AgentTerminal(self.master, self.screen, lambda data: self.log.append(("recorded", data)))

    def said(self, which: str) -> bytes:
        return b"".join(data for name, data in self.log if name == which)

    def hang_up(self) -> None:
        if self.slave >= 0:
            os.close(self.slave)
            self.slave = -1


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    here = Stage()
    here.terminal.start()
    try:
        yield here
    finally:
        here.terminal.close()
        here.hang_up()
        os.close(here.master)


async def until(condition: Callable[[], object], what: str) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 10
    while not condition():
        assert loop.time() < deadline, f"never: {what}"
        await asyncio.sleep(0.002)


async def test_output_is_recorded_and_shown() -> None:
    """Every byte of the program reaches the recording and the screen, once and in order."""
    async with stage() as here:
        os.write(here.slave, b"one ")
        await until(lambda: here.said("shown") == b"one ", "the first")
        os.write(here.slave, b"two")
        await until(lambda: here.said("shown") == b"one two", "the second")
        assert here.said("recorded") == b"one two"


async def test_a_screen_that_is_behind_stops_the_reading() -> None:
    """While the screen is full the program waits in its own write; afterwards nothing is missing."""
    async with stage() as here:
        here.screen.limit = 0
        os.set_blocking(here.slave, False)
        os.write(here.slave, b"first")
        await until(lambda: here.screen.full, "full")
        sent, before = 0, len(here.log)
        try:
            while True:
                sent += os.write(here.slave, b"x" * 4096)
        except BlockingIOError:
            pass
        assert 0 < sent < 1 << 20 and len(here.log) == before
        here.screen.take()
        await until(lambda: here.screen.size == sent + 5, "the rest")
        assert here.said("recorded") == here.said("shown")


async def test_keys_reach_the_program_in_order() -> None:
    """Input waits for a program that does not read, and arrives whole and in order."""
    async with stage() as here:
        text = b"".join(b"%07d\n" % number for number in range(10_000))
        for at in range(0, len(text), 999):
            here.terminal.write(text[at : at + 999])
        got = bytearray()
        os.set_blocking(here.slave, False)

        def read() -> bool:
            try:
                got.extend(os.read(here.slave, 65536))
            except BlockingIOError:
                return False
            return len(got) >= len(text)

        await until(read, "all input")
        assert bytes(got) == text


async def test_waiting_input_has_a_limit() -> None:
    """A program that never reads its keys costs a megabyte and no more; output goes on."""
    async with stage() as here:
        for _ in range(40):
            here.terminal.write(b"k" * (64 << 10))
        assert len(here.terminal._pending) <= MOST_INPUT
        os.write(here.slave, b"alive")
        await until(lambda: here.said("shown") == b"alive", "output")


async def test_the_end_keeps_the_last_words() -> None:
    """What the program wrote just before it ended is taken, and then the terminal is let go of."""
    async with stage() as here:
        os.write(here.slave, b"last words")
        here.hang_up()
        await here.terminal.finish()
        assert here.said("shown") == here.said("recorded") == b"last words"
        here.terminal.write(b"too late")
        assert here.terminal.ended.is_set()


async def test_a_terminal_that_somebody_keeps_open_ends_all_the_same() -> None:
    """A process left behind with the terminal open does not hold the session's end up."""
    async with stage() as here:
        os.write(here.slave, b"x")
        async with asyncio.timeout(5):
            await here.terminal.finish()
        assert here.said("shown") == b"x" and here.terminal.ended.is_set()
