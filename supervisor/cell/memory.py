"""How much memory the programs of a cell have together, seen from outside, and the end of the one that takes most.

A cell's own /proc shows its programs and no others, so a look costs as much as the cell is large. Pages that several
programs share count once each only where it matters: the quick sum counts them for each, and only when that is above
the limit is it counted in shares (PSS of proc_pid_smaps(5)). What the cell keeps in its private folders is limited by
their size and does not count here.
"""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from supervisor.model.visible import visible

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_STDERR: Final = 2
_MOST_NAMED: Final = 64


@dataclass(frozen=True, slots=True)
class Taken:
    """A program of the cell that was ended: its pid inside, its name, and bytes: its own, of all, and the limit."""

    pid: int
    name: str
    own: int
    every: int
    limit: int


class MemoryWatch:
    """Looks at the cell whose first process is `pid`, as this process sees it."""

    def __init__(self, pid: int, limit: int) -> None:
        self._proc = Path(f"/proc/{pid}/root/proc")
        self._limit = limit
        self.near = False
        """Whether the last look found more than four fifths of the limit: then the next one should come soon."""

    def look(self) -> Taken | None:
        """End the program that takes most if all together take more than the limit; `None` where they do not."""
        quick = dict(self._programs())
        whole = sum(quick.values())
        self.near = whole * 5 > self._limit * 4
        if whole <= self._limit:
            return None
        shares = {pid: share for pid in quick if (share := self._share(pid)) is not None}
        every = sum(shares.values())
        # The first process of the cell is ours: it is never the one to end.
        others = {pid: share for pid, share in shares.items() if pid != 1}
        if every <= self._limit or not others:
            return None
        greatest = max(others, key=lambda pid: others[pid])
        return self._end(greatest, others[greatest], every)

    def _programs(self) -> Iterator[tuple[int, int]]:
        """Each program's pid inside, and the bytes of memory that it has for itself or shares with its like."""
        try:
            names = os.listdir(self._proc)  # noqa: PTH208 - thousands of entries, twice a second
        except OSError:
            return
        for name in names:
            if name.isdigit():
                try:
                    fields = (self._proc / name / "statm").read_bytes().split()
                    yield int(name), (int(fields[1]) - int(fields[2])) * _PAGE
                except (OSError, IndexError, ValueError):
                    continue  # it has ended

    def _share(self, pid: int) -> int | None:
        """Its part of the pages that it shares, with what is only its own and what is swapped out."""
        found = 0
        try:
            for line in (self._proc / str(pid) / "smaps_rollup").read_bytes().splitlines():
                if line.startswith((b"Pss_Anon:", b"SwapPss:")):
                    found += int(line.split()[1]) * 1024
        except (OSError, IndexError, ValueError):
            return None
        return found

    def _end(self, pid: int, own: int, every: int) -> Taken | None:
        place = self._proc / str(pid)
        try:
            # A folder of /proc is as good as a pidfd: it belongs to this very process (pidfd_send_signal(2)).
            hold = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            name = (place / "comm").read_bytes().strip().decode("utf-8", "replace")[:_MOST_NAMED]
            taken = Taken(pid, name, own, every, self._limit)
            _tell(place, taken)
            signal.pidfd_send_signal(hold, signal.SIGKILL)
        except OSError:
            return None
        finally:
            os.close(hold)
        return taken


def in_words(taken: Taken) -> str:
    """What happened, in one line."""
    return (
        f"{visible(taken.name)} ({taken.pid}) was ended: it had {_gib(taken.own)} of memory, and all programs of the "
        f"session together had {_gib(taken.every)} of {_gib(taken.limit)}"
    )


def _gib(size: int) -> str:
    return f"{size / 1024**3:.1f} GiB" if size >= 1024**3 else f"{size // 1024**2} MiB"


def _tell(place: Path, taken: Taken) -> None:
    """A line on its standard error, without ever waiting for a reader."""
    error = place / f"fd/{_STDERR}"
    try:
        mode = error.stat().st_mode
        if not (stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)):
            return
        number = os.open(error, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            os.write(number, f"agent-supervise: {in_words(taken)}\n".encode())
        finally:
            os.close(number)
    except OSError:
        return  # nobody reads it: the signal says it as well
