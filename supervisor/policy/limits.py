"""What a session may take of its host at once: the bounds of a scope's `limits`, its units, and its words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from supervisor.policy.scope import Limits

UNITS: Final = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
SIZE_PATTERN: Final = r"^[1-9][0-9]{0,6} ?[kKmMgGtT](i?[bB])?$"
FEWEST_PROCESSES: Final = 16
MOST_PROCESSES: Final = 65_536
FEWEST_FILES: Final = 64
MOST_FILES: Final = 1_048_576
LEAST_MEMORY: Final = 64 << 20
LEAST_DISK: Final = 16 << 20
MOST_BYTES: Final = 64 << 40


def written(size: int) -> str:
    """A size as a scope writes it: the largest unit that says it exactly."""
    for unit, factor in reversed(UNITS.items()):
        if size >= factor and size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{-(-size // UNITS['k'])}k"


def strictest(every: Iterable[Limits]) -> Limits:
    """Of each limit the lowest that any of them says."""
    known = tuple(every)

    def lowest(name: str) -> int | None:
        return min((value for one in known if (value := getattr(one, name)) is not None), default=None)

    return Limits(lowest("processes"), lowest("memory"), lowest("open_files"), lowest("disk"))


def limits_in_words(limits: Limits) -> str:
    """What a scope limits, in one line; empty where it limits nothing."""
    parts = []
    if limits.processes is not None:
        parts.append(f"{limits.processes:,} processes")
    if limits.memory is not None:
        parts.append(f"{written(limits.memory)} of memory")
    if limits.open_files is not None:
        parts.append(f"{limits.open_files:,} open files each")
    if limits.disk is not None:
        parts.append(f"{written(limits.disk)} in /tmp")
    return ", ".join(parts)
