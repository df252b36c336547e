"""The hand-written part of the tables: reading its YAML files and turning their short forms into table lines."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
KINDS = ("irreversible", "removes a guard", "hands out credentials", "runs anything")
_TESTS = ("absent", "present", "not", "below", "contains")


def read(name: str) -> Any:
    """The content of one overlay file."""
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8")) or {}


@cache
def services() -> Mapping[str, Mapping[str, Any]]:
    """The overlay of each botocore service, from every `services*.yaml`; a service stands in one of them only."""
    found: dict[str, Mapping[str, Any]] = {}
    for path in sorted(FOLDER.glob("services*.yaml")):
        for service, rules in read(path.name).items():
            if service in found:
                raise ValueError(f"{path.name}: {service} stands in another file too")
            found[service] = rules or {}
    return found


@cache
def notes() -> Mapping[str, Mapping[str, list[Mapping[str, Any]]]]:
    """The notes by botocore service and operation."""
    found: Mapping[str, Mapping[str, list[Mapping[str, Any]]]] = read("notes.yaml")
    return found


def note_lines(written: list[Mapping[str, Any]]) -> list[list[Any]]:
    """Notes as the table has them: `[condition, text]`."""
    lines = []
    for one in written:
        kinds = [kind for kind in KINDS if kind in one]
        if len(kinds) != 1 or set(one) - {*kinds, "when"}:
            raise ValueError(f"a note has one of {', '.join(KINDS)}, and `when`: {dict(one)}")
        lines.append([alternatives(one.get("when")), f"{kinds[0]}: {one[kinds[0]]}"])
    return lines


def alternatives(written: Any) -> list[list[list[Any]]] | None:
    """A condition as the table has it; a list is alternatives, a mapping what all has to hold."""
    if written is None:
        return None
    return [
        [_clause(path, wanted) for path, wanted in one.items()]
        for one in (written if isinstance(written, list) else [written])
    ]


def _clause(path: str, wanted: Any) -> list[Any]:
    if isinstance(wanted, Mapping):
        [(test, value)] = wanted.items()
        if test not in _TESTS:
            raise ValueError(f"{path}: no test is called {test}")
        return [path, test, value]
    return [path, "in" if isinstance(wanted, list) else "is", wanted]
