"""What the name of an IAM action tells of it where nothing else is known: in examples, `check` and command lines."""

from __future__ import annotations

import re
from collections.abc import Iterable

from supervisor.model.request import AccessLevel

_READS = re.compile(r"(?:Describe|Get|Head|Lookup|BatchGet|Select)(?=[A-Z]|\Z)")
_LISTS = re.compile(r"(?:List|Search)(?=[A-Z]|\Z)")


def level_by_name(actions: Iterable[str]) -> AccessLevel:
    """`list` or `read` where every action's verb says so; empty, which is judged like a write, for all others."""
    names = [action.partition(":")[2] for action in actions]
    if names and all(_LISTS.match(name) for name in names):
        return "list"
    return "read" if names and all(_LISTS.match(name) or _READS.match(name) for name in names) else ""
