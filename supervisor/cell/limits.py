"""What a cell may take of its host: the scope's limits, and those that hold where a scope says none."""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass
from typing import Final

from supervisor.policy.scope import Limits

PROCESSES: Final = 8192
"""Processes and threads of a cell whose scope says none: a parallel build with a few language servers has hundreds."""
_GIB: Final = 1024**3
_DISK: Final = 2 * _GIB
_DISK_SHARE: Final = 8
"""A private folder lives in memory: by default it has at most this part of it."""
_MEMORY_SHARE: Final = (3, 4)


@dataclass(frozen=True, slots=True)
class Held:
    """The limits of one cell: counts, and bytes. `open_files` 0 = what the host gives each process."""

    processes: int
    memory: int
    open_files: int
    disk: int

    def rlimits(self) -> list[tuple[int, int, int]]:
        """Resource limits for the cell's first process and all that it starts: number, soft, hard (getrlimit(2)).

        Processes are counted per user of a user namespace (user_namespaces(7)), and a cell has one of its own: so
        neither what the developer runs outside counts, nor what other cells run.
        """
        found = [
            # One byte, not none: with none a crash in the cell still runs the host's core_pattern program (core(5)).
            (resource.RLIMIT_CORE, 1, 1),
            _lowered(resource.RLIMIT_NPROC, self.processes),
        ]
        if self.open_files:
            found.append(_lowered(resource.RLIMIT_NOFILE, self.open_files))
        return found


def held(limits: Limits, memory_of_host: int = 0) -> Held:
    """What a cell with these limits may take of a host with so much memory (0 = this host's)."""
    whole = memory_of_host or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    most, of = _MEMORY_SHARE
    return Held(
        processes=limits.processes or PROCESSES,
        memory=limits.memory or whole // of * most,
        open_files=limits.open_files or 0,
        disk=limits.disk or min(_DISK, whole // _DISK_SHARE),
    )


def _lowered(number: int, value: int) -> tuple[int, int, int]:
    soft, hard = resource.getrlimit(number)
    top = value if hard == resource.RLIM_INFINITY else min(value, hard)
    return number, top if soft == resource.RLIM_INFINITY else min(soft, top), top
