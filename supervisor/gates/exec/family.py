"""Which programs led to a start: remembered from the starts that were approved, looked up by pid and start time."""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass

from supervisor.model.request import Process

_MOST = 8192
_DEEPEST = 64


@dataclass(frozen=True, slots=True)
class Ancestry:
    """A process at one moment: when it was `born` (empty: it is gone), and the programs from it up to the agent."""

    pid: int
    born: bytes
    chain: tuple[Process, ...]


class Family:
    """The programs of one cell whose first process is `first` (not part of any chain); belongs to one thread.

    A program's chain is what led to it when it started: a parent that ended since is still told.
    """

    def __init__(self, first: int) -> None:
        self._first = first
        self._programs: OrderedDict[int, Ancestry] = OrderedDict()

    def started(self, process: Process, before: Ancestry) -> None:
        """This process, which was `before`, runs this program from now on."""
        above = before.chain[1:] if before.chain and before.chain[0].pid == process.pid else before.chain
        self._programs[process.pid] = Ancestry(process.pid, before.born, (process, *above)[:_DEEPEST])
        self._programs.move_to_end(process.pid)
        if len(self._programs) > _MOST:
            self._programs.popitem(last=False)

    def of(self, pid: int) -> Ancestry:
        """The programs from process `pid` up to the agent; a process that only was forked is not a link of its own."""
        own, parent = _born(pid)
        born, at = own, pid
        for _ in range(_DEEPEST):
            if not born or at in (0, 1, self._first):
                break
            known = self._programs.get(at)
            if known is not None and known.born == born:
                return Ancestry(pid, own, known.chain)
            at = parent
            born, parent = _born(at)
        return Ancestry(pid, own, ())


def _born(pid: int) -> tuple[bytes, int]:
    """The start time and the parent of a process (proc_pid_stat(5), fields 22 and 4); nothing when it is gone."""
    try:
        file = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            fields = os.read(file, 1024).rpartition(b") ")[2].split(b" ", 20)
        finally:
            os.close(file)
        return fields[19], int(fields[1])
    except (OSError, IndexError):
        return b"", 0
