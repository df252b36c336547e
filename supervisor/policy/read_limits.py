"""Reads the section `limits` of a scope file."""

from __future__ import annotations

import re
from typing import Final

from supervisor.policy.document import Fields, Node, Problems, read_number, shown
from supervisor.policy.limits import (
    FEWEST_FILES,
    FEWEST_PROCESSES,
    LEAST_DISK,
    LEAST_MEMORY,
    MOST_BYTES,
    MOST_FILES,
    MOST_PROCESSES,
    SIZE_PATTERN,
    UNITS,
    written,
)
from supervisor.policy.scope import Limits

_KEYS: Final = frozenset({"processes", "memory", "open_files", "disk"})
_SIZE = re.compile(SIZE_PATTERN.replace("$", r"\Z"))


def read_limits(node: Node, problems: Problems) -> Limits:
    """The section as it stands in a file; what is wrong in it is added to `problems` and counts as not said."""
    fields = Fields(node, _KEYS, problems, "`limits`")
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
    size = int(digits[0]) * UNITS[text[digits.end() :].strip()[0].lower()]
    if not least <= size <= MOST_BYTES:
        problems.add(
            node.source,
            f"`{name}` is from {written(least)} to {written(MOST_BYTES)}",
            f"write `{name}: {written(least)}`",
        )
        return None
    return size
