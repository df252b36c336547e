"""Reading an operation's input by member paths such as `Delete.Objects[].Key`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Steps = tuple[str, ...]
EACH = "[]"
KEYS = "#"
VALUES = "%"


def steps_of(path: str) -> Steps:
    """The steps of a path: member names, `[]` for each item of a list, `#` and `%` for each key and value of a map."""
    return tuple(step for part in path.split(".") for step in part.replace(EACH, f"\0{EACH}").split("\0") if step)


def values_at(tree: Any, steps: Steps) -> list[Any] | None:
    """What stands at the path, `[]` where nothing does, `None` where the tree has another shape than the path."""
    nodes: list[Any] = [tree]
    for step in steps:
        found: list[Any] = []
        for node in nodes:
            if step == EACH:
                if not isinstance(node, (list, tuple)):
                    return None
                found.extend(node)
            elif type(node) is not dict and not isinstance(node, Mapping):
                return None
            elif step == KEYS:
                found.extend(node)
            elif step == VALUES:
                found.extend(node.values())
            elif (value := node.get(step)) is not None:
                found.append(value)
        nodes = found
    return nodes


def texts_in(tree: Any, skip: Sequence[str], most: int) -> list[str] | None:
    """Every text in the tree but those below its members `skip`; `None` when it has more than `most` nodes."""
    found: list[str] = []
    waiting: list[Any] = (
        [value for name, value in tree.items() if name not in skip] if skip and isinstance(tree, Mapping) else [tree]
    )
    seen = 0
    while waiting:
        seen += 1
        if seen > most:
            return None
        node = waiting.pop()
        if isinstance(node, str):
            found.append(node)
        elif type(node) is dict or isinstance(node, Mapping):
            waiting.extend(node.values())
            waiting.extend(node.keys())
        elif isinstance(node, (list, tuple)):
            waiting.extend(node)
    return found
