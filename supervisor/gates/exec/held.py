"""A program that waits at its exec-stop for a human's answer, and what signals do to it meanwhile.

    state    | stop signal pending        | reported                        | SIGCONT        | answer
    ---------+----------------------------+---------------------------------+----------------+----------------------
    HOLDS    | resume, spinning: STOPPING |                                 |                | detach, or exit 126
    STOPPING |                            | the stop itself: listen, STOPPED|                | interrupt, then as above
    STOPPED  |                            |                                 | undo: HOLDS    | interrupt, then as above

A shell sees its job stopped and continued as if the program ran. It never runs one instruction of its own: while it
is resumed, its next instruction is a jump to itself.
"""

from __future__ import annotations

import os
import signal
from enum import Enum

from supervisor.gates.exec import calls
from supervisor.gates.exec.calls import Gone, Memory
from supervisor.gates.exec.tracee import STOPPING


class State(Enum):
    """Where the program is."""

    HOLDS = "holds"
    STOPPING = "stopping"
    STOPPED = "stopped"


class Held:
    """One held program; belongs to the tracing thread. `request` is the id of its question."""

    def __init__(self, request: str, pid: int) -> None:
        self.request, self.pid = request, pid
        self.state = State.HOLDS
        self._spin: calls.Spin | None = None

    def stop(self, memory: Memory) -> None:
        """A stop signal is pending: let the kernel act on it. Raises `Gone`, `OSError`."""
        self._spin = calls.Spin(self.pid, memory)
        self.state = State.STOPPING
        calls.resume(self.pid)

    def reported(self, status: int) -> int:
        """It stopped with this wait status; returns a signal that ends it, or 0. Raises `Gone`, `OSError`."""
        number, event = os.WSTOPSIG(status), status >> 16
        stopping = bool(STOPPING >> (number - 1) & 1)
        if event == calls.EVENT_STOP and stopping:
            self.state = State.STOPPED
            calls.stay_stopped(self.pid)
        elif event == calls.EVENT_STOP and self.state is State.STOPPED:
            self._still()
        elif event == calls.EVENT_STOP:
            calls.resume(self.pid)
        elif stopping or number in (signal.SIGCONT, signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH):
            calls.resume(self.pid, number)
        else:
            return number
        return 0

    def settle(self) -> None:
        """Bring it back to a stop at its own first instruction, whatever it is doing. Raises `Gone`, `OSError`."""
        if self.state is State.HOLDS:
            return
        calls.interrupt(self.pid)
        while True:
            pid, status = os.waitpid(self.pid, calls.WAIT_OWN)
            if pid == self.pid and not os.WIFSTOPPED(status):
                raise Gone
            if status >> 16 == calls.EVENT_STOP:
                break
            calls.resume(self.pid, os.WSTOPSIG(status))
        self._still()

    def _still(self) -> None:
        if self._spin is not None:
            self._spin.undo()
            self._spin = None
        self.state = State.HOLDS
