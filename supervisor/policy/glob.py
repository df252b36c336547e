"""IAM's wildcards: `*` is any text, `?` any one character, in action names and in each part of an ARN.

Source: AWS IAM User Guide, "IAM JSON policy elements: Action" (names are compared without case) and "Resource" (a
wildcard does not reach across the colons of an ARN's first five parts). Patterns come from scope files, names from
outside: everything here takes time proportional to pattern times name at the worst.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

ARN_PARTS = 6
_WILD = re.compile(r"[*?]")


def matches(pattern: str, name: str) -> bool:
    """True when `pattern` covers the text `name`; a `*` in the name is a plain character."""
    if "*" not in pattern and "?" not in pattern:
        return pattern == name
    at = name_at = 0
    star, restart = -1, 0
    while name_at < len(name):
        if at < len(pattern) and pattern[at] == "*":
            star, restart = at, name_at
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", name[name_at]):
            at, name_at = at + 1, name_at + 1
        elif star >= 0:
            restart += 1
            at, name_at = star + 1, restart
        else:
            return False
    return all(char == "*" for char in pattern[at:])


def overlaps(one: str, other: str) -> bool:
    """True when some text is matched by both patterns."""
    if not any(char in text for text in (one, other) for char in "*?"):
        return one == other
    # row[j]: the rest of `one` behind i and the rest of `other` behind j have a text in common
    row = [False] * (len(other) + 1)
    row[len(other)] = True
    for j in range(len(other) - 1, -1, -1):
        row[j] = other[j] == "*" and row[j + 1]
    for i in range(len(one) - 1, -1, -1):
        below, row = row, [False] * (len(other) + 1)
        row[len(other)] = one[i] == "*" and below[len(other)]
        for j in range(len(other) - 1, -1, -1):
            if one[i] == "*" or other[j] == "*":
                row[j] = below[j] or row[j + 1] or below[j + 1]
            else:
                row[j] = (one[i] == other[j] or "?" in (one[i], other[j])) and below[j + 1]
    return row[0]


@lru_cache(maxsize=4096)
def covers_action(pattern: str, action: str) -> bool:
    """True when the IAM action pattern covers the action, which may be a pattern itself."""
    return matches(pattern.lower(), action.lower())


def covers_arn(pattern: str, arn: str) -> bool:
    """True when the ARN pattern covers the whole of `arn`, and of all that it may name where it holds a `*`."""
    return pattern == "*" or _covering(pattern)(arn) is not None


def may_name(pattern: str, arn: str) -> bool:
    """True when `arn`, which may hold wildcards or be `*`, may be something that the pattern names."""
    if _WILD.search(arn) is None:
        return _naming(pattern)(arn) is not None
    return _overlaps(pattern, arn)


_overlaps = lru_cache(maxsize=1024)(overlaps)
_Match = Callable[[str], re.Match[str] | None]


@lru_cache(maxsize=4096)
def _covering(pattern: str) -> _Match:
    parts = pattern.split(":", ARN_PARTS - 1)
    # `?` is one character, and a `*` in the name stands for any number of them.
    last = len(parts) - 1 if len(parts) == ARN_PARTS else len(parts)
    texts = [
        _expression(part, *(("(?s:.)", "[^*]") if at == last else ("[^:]", "[^:*]"))) for at, part in enumerate(parts)
    ]
    return re.compile(":".join(texts)).fullmatch


@lru_cache(maxsize=4096)
def _naming(pattern: str) -> _Match:
    return re.compile(_expression(pattern, "(?s:.)", "(?s:.)")).fullmatch


def _expression(glob: str, any_: str, one: str) -> str:
    """A regular expression for one glob. What stands between two `*` is matched at its first place and stays there
    (an atomic group), so that many `*` cost no more than few."""
    first, *more = ("".join(one if char == "?" else re.escape(char) for char in text) for text in glob.split("*"))
    if not more:
        return first
    *middle, last = more
    return first + "".join(f"(?>{any_}*?{text})" for text in middle if text) + f"{any_}*{last}"
