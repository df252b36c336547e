"""A program start that the kernel was told to go on with: stopped before its first instruction, compared, let go.

Everything here belongs to the one thread that traces (ptrace(2): a tracer is a thread).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from supervisor.gates.exec import calls
from supervisor.gates.exec.caller import status_of
from supervisor.gates.exec.calls import Gone, Note
from supervisor.gates.exec.image import Image
from supervisor.gates.exec.steady import digest_of, key_of

After = Literal["exec", "failed", "gone"]
Variables = tuple[tuple[str, str], ...]

_CHUNK = 1 << 16


def _mask(*numbers: signal.Signals) -> int:
    return sum(1 << (number - 1) for number in numbers)


_HARMLESS = _mask(signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH, signal.SIGCONT)
STOPPING = _mask(signal.SIGTSTP, signal.SIGSTOP, signal.SIGTTIN, signal.SIGTTOU)


@dataclass(frozen=True, slots=True)
class Approved:
    """What was decided on, to be compared with what the kernel made of it. `cwd` is (device, inode)."""

    image: Image
    cwd: tuple[int, int]
    env: Variables


class Tracer:
    """What one thread traces. `watched` picks the variables that count from an environment's entries."""

    def __init__(self, watched: Callable[[tuple[bytes, ...]], Variables]) -> None:
        self._watched = watched
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
        if _read(pid, "cmdline") != b"\0".join(image.argv) + b"\0":
            return "its arguments were changed"
        folder = os.stat(f"/proc/{pid}/cwd")  # noqa: PTH116
        if (folder.st_dev, folder.st_ino) != approved.cwd:
            return "its folder was changed"
        if self._watched(tuple(_read(pid, "environ").split(b"\0"))) != approved.env:
            return "its environment was changed"
        return ""

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
