"""The tags that a call would set, and the tag keys that it would take away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from supervisor.parse.aws_facts.paths import values_at
from supervisor.parse.aws_facts.table import Operation

Tags = tuple[tuple[str, str], ...]
_KEY_NAMES = ("Key", "key", "TagKey", "tagKey", "Name", "name")
_VALUE_NAMES = ("Value", "value", "TagValue", "tagValue")


UNTOLD = ("*", "")
"""Stands for tags that cannot be told. No tag's key holds a `*` (Tagging AWS Resources, "Tag naming limits")."""


def tags_of(known: Operation, parameters: Any) -> Tags:
    """Key and value of each tag that the call would set; a key that it would take away has an empty value.

    `UNTOLD` is among them where there are more than these: a shape that the model does not have, tags that go away
    unnamed, a call about tags that names none.
    """
    found: dict[str, str] = {}
    told = not known.replaces
    for steps, kind in known.sets:
        values = values_at(parameters, steps)
        pairs = [_pairs(value, kind) for value in values or ()]
        told = told and values is not None and None not in pairs
        for one in pairs:
            found.update(one or {})
    for steps in known.removes:
        keys = values_at(parameters, steps)
        told = told and keys is not None and all(isinstance(key, str) for key in keys)
        for key in keys or ():
            if isinstance(key, str):
                found.setdefault(key, "")
    if not told or (known.tagging and not found):
        return (*sorted(found.items()), UNTOLD)
    return tuple(sorted(found.items()))


def _pairs(value: Any, kind: str) -> dict[str, str] | None:
    """One member's tags: `list` of key and value, `map`, or `query` text (S3's header)."""
    if kind == "query":
        if not isinstance(value, str) or len(value) > 8192:
            return None
        return dict(parse_qsl(value, keep_blank_values=True, max_num_fields=1000)) if value.count("&") < 999 else None
    if kind == "map":
        if not isinstance(value, Mapping):
            return None
        pairs = list(value.items())
    else:
        if not isinstance(value, (list, tuple)):
            return None
        pairs = []
        for item in value:
            if not isinstance(item, Mapping):
                return None
            key = next((item[name] for name in _KEY_NAMES if name in item), None)
            pairs.append((key, next((item[name] for name in _VALUE_NAMES if name in item), "")))
    found: dict[str, str] = {}
    for key, text in pairs:
        if not isinstance(key, str):
            return None
        found[key] = "" if text is None else str(text)[:256]
    return found
