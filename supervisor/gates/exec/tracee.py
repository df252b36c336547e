"""A program start that the kernel was told to go on with: stopped before its first instruction, compared, let go.

Everything here belongs to the one thread that traces (ptrace(2): a tracer is a thread).
"""

from __future__ import annotations

import os
import signal
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, NamedTuple

from supervisor.gates.exec import calls
from supervisor.gates.exec.caller import status_of
from supervisor.gates.exec.calls import Gone, Memory, Note
from supervisor.gates.exec.image import Image
from supervisor.gates.exec.steady import digest_of, key_of

After = Literal["exec", "failed", "gone"]
Variables = tuple[tuple[str, str], ...]

_CHUNK = 1 << 16
_TWO = struct.Struct("2Q")
_NULL = bytes(8)
_BETWEEN = 2 * calls.PAGE + 1024
"""At most so many bytes lie between pointers and strings: auxiliary values, and a random gap (fs/binfmt_elf.c)."""


def _mask(*numbers: signal.Signals) -> int:
    return sum(1 << (number - 1) for number in numbers)


_HARMLESS = _mask(signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH, signal.SIGCONT)
STOPPING = _mask(signal.SIGTSTP, signal.SIGSTOP, signal.SIGTTIN, signal.SIGTTOU)


class Approved(NamedTuple):
    """What was decided on, to be compared with what the kernel made of it. `cwd` is (device, inode).

    `env` are the watched variables among `entries`, the environment as it was asked for.
    """

    image: Image
    cwd: tuple[int, int]
    env: Variables
    entries: tuple[bytes, ...]


class Tracer:
    """What one thread traces. `watched` picks the variables that count from an environment's entries."""

    def __init__(self, watched: Callable[[tuple[bytes, ...]], Variables], memory: Memory) -> None:
        self._watched, self._memory = watched, memory
        self._registers = calls.Registers()
        self._others: list[tuple[int, int]] = []

    def begin(self, listener: int, note: Note) -> None:
        """Let the call go on, to be stopped before the new program runs; `finish` has to follow.

        Raises `OSError` where the caller cannot be traced, and `Gone`; then the call was not let go on.
        """
        calls.seize(note.tid)
        try:
            if not calls.still_waits(listener, note):
                raise Gone
            calls.let_continue(listener, note)
        except Gone:
            self._reap(note.tid)
            raise
        # A thread that was not the first may have taken over its process's pid by now, and be at its exec-stop.
        with suppress(Gone):
            calls.interrupt(note.tid)

    def finish(self, tid: int) -> tuple[After, int]:
        """Wait until the new program is stopped; returns how the call went, and the process's pid.

        An exec is reported before the interruption is, a call that failed by the interruption.
        """
        while True:
            try:
                pid, status = os.waitpid(-1, calls.WAIT_OWN)
            except ChildProcessError:
                return "gone", 0
            if os.WIFSTOPPED(status) and status >> 16 == calls.EVENT_EXEC:
                # A thread that was not the first takes over its process's pid (ptrace(2), "execve under ptrace").
                return "exec", pid
            if pid != tid:
                self._others.append((pid, status))
            elif not os.WIFSTOPPED(status):
                return "gone", 0
            else:
                signalled = 0 if status >> 16 == calls.EVENT_STOP else os.WSTOPSIG(status)
                try:
                    calls.detach(tid, signalled)
                except Gone:
                    continue
                return "failed", tid

    def _reap(self, tid: int) -> None:
        """A caller that died while it was being traced: its parent hears of it only after its tracer has."""
        with suppress(Gone):
            calls.interrupt(tid)
        while True:
            try:
                pid, status = os.waitpid(-1, calls.WAIT_OWN)
            except ChildProcessError:
                return
            if pid != tid:
                self._others.append((pid, status))
            elif not os.WIFSTOPPED(status):
                return
            else:
                try:
                    calls.detach(tid)
                except Gone:
                    continue
                return

    def news(self) -> list[tuple[int, int]]:
        """What held programs did since the last call: (pid, wait status)."""
        found, self._others = self._others, []
        while True:
            try:
                pid, status = os.waitpid(-1, calls.WAIT_OWN | os.WNOHANG)
            except ChildProcessError:
                return found
            if pid == 0:
                return found
            found.append((pid, status))

    def difference(self, pid: int, approved: Approved) -> str:
        """What the stopped program differs in from what was approved; empty if nothing. Raises `OSError`."""
        image = approved.image
        status = os.stat(f"/proc/{pid}/exe")  # noqa: PTH116
        if (status.st_dev, status.st_ino) != (image.device, image.inode):
            return "another file was started"
        if image.sha256 and not image.script and image.key != key_of(status) and _digest(pid) != image.sha256:
            return "its content was changed"
        folder = os.stat(f"/proc/{pid}/cwd")  # noqa: PTH116
        if (folder.st_dev, folder.st_ino) != approved.cwd:
            return "its folder was changed"
        if self._is_as_asked(pid, image.argv, approved.entries):
            return ""
        if _read(pid, "cmdline") != b"\0".join(image.argv) + b"\0":
            return "its arguments were changed"
        if self._watched(tuple(_read(pid, "environ").split(b"\0"))) != approved.env:
            return "its environment was changed"
        return ""

    def _is_as_asked(self, pid: int, words: tuple[bytes, ...], entries: tuple[bytes, ...]) -> bool:
        """Whether arguments and whole environment are just these: read at once where the kernel puts them (execve(2)).

        From the stack's top on: the number of words, a pointer to each, a null, one to each entry, a null; the strings
        one behind the other, the first word's first. False says nothing: then they have to be looked at.
        """
        try:
            top = self._registers.stack(pid)
            if not top:
                return False
            strings = b"\0".join((*words, *entries)) + b"\0"
            last = len(words) + len(entries) + 2
            block = self._memory.read(pid, top, 8 * (last + 1) + _BETWEEN + len(strings))
            if len(block) < 8 * (last + 1):
                return False
            count, first = _TWO.unpack_from(block)
            ends = _TWO.unpack_from(block, 8 * (last - 1))
            begin = first - top
            return (
                count == len(words)
                and block[8 * (count + 1) : 8 * (count + 2)] == _NULL
                and ends == ((first + len(strings) - len(entries[-1]) - 1) if entries else 0, 0)
                and begin > 0
                and block[begin : begin + len(strings)] == strings
            )
        except (OSError, Gone):
            return False

    def kill(self, pid: int) -> None:
        """End a stopped program; its own parent is told."""
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self._reap(pid)


def pending(pid: int) -> int:
    """The signals that wait for a stopped program and would do something to it, as a mask (proc_pid_status(5)).

    Raises `OSError` when it is gone.
    """
    fields = status_of(pid)
    pending, shared, blocked, ignored = (int(fields[name], 16) for name in (b"SigPnd", b"ShdPnd", b"SigBlk", b"SigIgn"))
    return (pending | shared) & ~blocked & ~ignored & ~_HARMLESS


def _digest(pid: int) -> str:
    """What the program's file holds now, when nobody can open it for writing any more (execve(2), ETXTBSY)."""
    file = os.open(f"/proc/{pid}/exe", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return digest_of(file)
    finally:
        os.close(file)


def _read(pid: int, name: str) -> bytes:
    file = os.open(f"/proc/{pid}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = os.read(file, _CHUNK)
        while len(data) % _CHUNK == 0 and (more := os.read(file, _CHUNK)):
            data += more
        return data
    finally:
        os.close(file)
