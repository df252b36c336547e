"""IAM's wildcards: `*` is any text, `?` any one character, in action names and in each part of an ARN.

Source: AWS IAM User Guide, "IAM JSON policy elements: Action" (names are compared without case) and "Resource" (a
wildcard does not reach across the colons of an ARN's first five parts). Patterns come from scope files, names from
outside: everything here takes time proportional to pattern times name at the worst.
"""

from __future__ import annotations

from functools import lru_cache

ARN_PARTS = 6


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
    """True when the ARN pattern covers the whole of `arn`."""
    if pattern == "*":
        return True
    parts, given = pattern.split(":", ARN_PARTS - 1), arn.split(":", ARN_PARTS - 1)
    if len(parts) != len(given):
        return False
    return all(matches(part, name) for part, name in zip(parts, given, strict=True))


def may_name(pattern: str, arn: str) -> bool:
    """True when `arn`, which may hold wildcards or be `*`, may be something that the pattern names."""
    return overlaps(pattern, arn)
