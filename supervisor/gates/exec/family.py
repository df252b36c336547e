"""Which programs led to a start: remembered from the starts that were approved, looked up by pid and start time."""

from __future__ import annotations

from collections import OrderedDict

from supervisor.model.request import Process

_MOST = 8192
_DEEPEST = 64


class Family:
    """The programs of one cell whose first process is `first` (not part of any chain); belongs to one thread."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._programs: OrderedDict[int, tuple[bytes, Process]] = OrderedDict()

    def started(self, process: Process) -> None:
        """This process runs this program from now on."""
        born, _ = _born(process.pid)
        if born:
            self._programs[process.pid] = (born, process)
            self._programs.move_to_end(process.pid)
            if len(self._programs) > _MOST:
                self._programs.popitem(last=False)

    def chain(self, pid: int) -> tuple[Process, ...]:
        """The programs from process `pid` up to the agent; a process that only was forked is not a link of its own."""
        found: list[Process] = []
        for _ in range(_DEEPEST):
            if pid in (0, 1, self._first):
                break
            born, parent = _born(pid)
            if not born:
                break
            known = self._programs.get(pid)
            if known is not None and known[0] == born:
                found.append(known[1])
            pid = parent
        return tuple(found)


def _born(pid: int) -> tuple[bytes, int]:
    """The start time and the parent of a process (proc_pid_stat(5), fields 22 and 4); nothing when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:  # noqa: PTH123 - at every program start
            fields = file.read(1024).rpartition(b") ")[2].split()
        return fields[19], int(fields[1])
    except (OSError, IndexError):
        return b"", 0
