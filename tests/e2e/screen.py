"""A terminal with a person at it: a program on a PTY, its screen as text, keys typed into it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable
from pathlib import Path

from supervisor.emulator.engine import Theme, open_engine

SECONDS = 20.0
PREFIX = "\x1d"
_SEQUENCE = re.compile(r"\x1b\[[0-9;:]*[A-Za-z]|\x1b\]8;;[^\x1b]*\x1b\\")


def on_terminal(words: list[str], cwd: Path, environment: dict[str, str], columns: int, rows: int) -> tuple[int, int]:
    """Run `words` on a terminal of its own; its process id, and the terminal's other end."""
    pid, master = pty.fork()
    if pid == 0:
        try:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.chdir(cwd)
            os.execve(words[0], words, environment)
        finally:
            os._exit(127)
    return pid, master


class Terminal:
    """Runs `words`; everything waits for a condition with a deadline."""

    def __init__(self, words: list[str], cwd: Path, environment: dict[str, str], columns: int, rows: int) -> None:
        self._engine = open_engine(columns, rows, Theme())
        self.rows = rows
        self.pid, self._fd = on_terminal(words, cwd, environment, columns, rows)
        self._code: int | None = None

    def resize(self, columns: int, rows: int) -> None:
        """The window has another size."""
        self.rows = rows
        self._engine.resize(columns, rows)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def text(self) -> str:
        """The screen, a line a row."""
        look = (self._engine.changed(), self._engine.look())[1]
        rows = [self._engine.row(look.history + y).text.decode("utf-8", "replace") for y in range(self.rows)]
        return "\n".join(_SEQUENCE.sub("", row) for row in rows)

    def type(self, keys: str) -> None:
        """Keys, as a terminal sends them."""
        os.write(self._fd, keys.encode())

    def until(self, condition: str | Callable[[str], bool], seconds: float = SECONDS) -> str:
        """Wait for a text on the screen (or a condition on it); returns the screen. Fails with what is there."""
        holds = condition if callable(condition) else lambda text: condition in text
        deadline = time.monotonic() + seconds
        while not holds(text := self.text):
            assert time.monotonic() < deadline, f"never seen: {condition}\n{text}"
            if not self._read(0.1) and self._ended():
                text = self.text
                assert holds(text), f"it ended without: {condition}\n{text}"
                return text
        return text

    def end(self, seconds: float = SECONDS) -> int:
        """Wait for the program's end; returns its exit code."""
        deadline = time.monotonic() + seconds
        while not self._ended():
            assert time.monotonic() < deadline, f"it never ended\n{self.text}"
            self._read(0.05)
        while self._read(0):
            continue
        assert self._code is not None
        return self._code

    def kill(self) -> None:
        """kill -9, as when a window is torn down."""
        if not self._ended():
            os.kill(self.pid, signal.SIGKILL)
            self.end()

    def close(self) -> None:
        """Let go of everything."""
        self.kill()
        os.close(self._fd)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._fd, 65536)
        except OSError:
            return False
        self._engine.feed(data)
        if replies := bytes(self._engine.out.replies):
            self._engine.out.replies.clear()
            os.write(self._fd, replies)
        self._engine.out.events.clear()
        return bool(data)

    def _ended(self) -> bool:
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code is not None


def answer(terminal: Terminal, key: str, seconds: float = SECONDS) -> None:
    """Go to the panel when something waits there, read the question to its end, press `key`."""
    terminal.until("^] to answer", seconds)
    terminal.type(PREFIX)
    terminal.until("once")
    while "[y] once" not in (text := terminal.until(lambda text: "read to the end" in text or "[y] once" in text)):
        terminal.type(" ")
        terminal.until(text.__ne__)
    terminal.type(key)
