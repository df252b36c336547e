"""An adapter's paths and variables for one user: what the cell binds, copies, sets and passes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from supervisor.agents.adapter import Adapter


@dataclass(frozen=True, slots=True)
class Needs:
    """What an agent needs of its cell, as absolute paths; they may not exist.

    `write`: folders bound writable. `read_only`: paths inside them bound for reading; where one does not exist it
    must not come into being either. `copy`: files copied into the private home. `read`: folders to read.
    """

    write: tuple[Path, ...]
    read_only: tuple[Path, ...]
    copy: tuple[Path, ...]
    read: tuple[Path, ...]
    environment: tuple[tuple[str, str], ...]


def needs_of(adapter: Adapter, home: Path, environment: Mapping[str, str]) -> Needs:
    """Fill in an adapter for a home and an environment."""
    write: list[Path] = []
    read: list[Path] = [_below(home, path) for path in adapter.readable]
    read_only: list[Path] = []
    for config in adapter.config:
        named = environment.get(config.variable, "") if config.variable else ""
        folder = Path(named).absolute() if named else _below(home, config.path)
        if config.read_only == (".",):
            read.append(folder)
            continue
        write.append(folder)
        read_only += [folder / entry for entry in config.read_only]
    passed = {name: value for name, value in environment.items() if _is_passed(name, adapter.environment)}
    return Needs(
        tuple(write),
        tuple(read_only),
        tuple(_below(home, path) for path in adapter.copied),
        tuple(read),
        tuple(sorted((passed | dict(adapter.variables)).items())),
    )


def _below(home: Path, path: str) -> Path:
    return home / path.removeprefix("~/")


def _is_passed(name: str, patterns: tuple[str, ...]) -> bool:
    return any(name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern for pattern in patterns)
