"""What a session may take of its host at once: `limits` of a scope, its units, and its words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from supervisor.policy.document import Fields, Node, Problems, read_number, shown
from supervisor.policy.scope import Limits

KEYS: Final = frozenset({"processes", "memory", "open_files", "disk"})
_UNITS: Final = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
SIZE_PATTERN: Final = r"^[1-9][0-9]{0,6} ?[kKmMgGtT](i?[bB])?$"
_SIZE = re.compile(SIZE_PATTERN.replace("$", r"\Z"))
FEWEST_PROCESSES: Final = 16
MOST_PROCESSES: Final = 65_536
FEWEST_FILES: Final = 64
MOST_FILES: Final = 1_048_576
LEAST_MEMORY: Final = 64 << 20
LEAST_DISK: Final = 16 << 20
_MOST_BYTES: Final = 64 << 40


def read_limits(node: Node, problems: Problems) -> Limits:
    """The section as it stands in a file; what is wrong in it is added to `problems` and counts as not said."""
    fields = Fields(node, KEYS, problems, "`limits`")
    found: dict[str, int] = {}
    for name, least, most in (
        ("processes", FEWEST_PROCESSES, MOST_PROCESSES),
        ("open_files", FEWEST_FILES, MOST_FILES),
    ):
        if (number := fields.get(name)) is not None:
            found[name] = read_number(number, name, least, most, problems)
    for name, least in (("memory", LEAST_MEMORY), ("disk", LEAST_DISK)):
        if (size := fields.get(name)) is not None and (read := _size(size, name, least, problems)) is not None:
            found[name] = read
    return Limits(**found)


def _size(node: Node, name: str, least: int, problems: Problems) -> int | None:
    text = node.text or ""
    if not _SIZE.match(text):
        problems.add(node.source, f"`{name}` is a size, and {shown(text)} is none", f"write `{name}: 2g` (k, m, g, t)")
        return None
    digits = re.match(r"[0-9]+", text)
    assert digits is not None
    size = int(digits[0]) * _UNITS[text[digits.end() :].strip()[0].lower()]
    if not least <= size <= _MOST_BYTES:
        problems.add(
            node.source,
            f"`{name}` is from {written(least)} to {written(_MOST_BYTES)}",
            f"write `{name}: {written(least)}`",
        )
        return None
    return size


def written(size: int) -> str:
    """A size as a scope writes it: the largest unit that says it exactly."""
    for unit, factor in reversed(_UNITS.items()):
        if size >= factor and size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{-(-size // _UNITS['k'])}k"


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
