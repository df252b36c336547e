"""DynamoDB's PartiQL: the verb and the table of one statement.

Source: Amazon DynamoDB Developer Guide, "PartiQL reference". A statement is one SELECT, INSERT, UPDATE or DELETE on one
table; anything that does not read plainly as that is not understood.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

MOST_STATEMENT = 8192
_TOKEN = re.compile(r"\s+|'(?:[^']|'')*'|\"[^\"]*\"|[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[-.,;:?()\[\]{}<>=!*+/&|@#%]")
_COMMENT = re.compile(r"--|/\*|`")
_TABLE = re.compile(r"[A-Za-z0-9_.-]{3,255}")
_SECOND_TABLE = frozenset({"FROM", "JOIN", "INTO", "SELECT", "UNION", "INSERT", "UPDATE", "DELETE"})


def statement(text: object) -> tuple[str, str, str] | None:
    """The IAM action's name, the table and the index (may be empty) of a statement; `None` when not understood."""
    if not isinstance(text, str) or len(text) > MOST_STATEMENT or _COMMENT.search(text):
        return None
    tokens = _tokens(text)
    if tokens is None:
        return None
    if tokens and tokens[-1] == ";":
        tokens = tokens[:-1]
    words = [token.upper() for token in tokens]
    match words:
        case ["INSERT", "INTO", _, "VALUE", *rest]:
            return _write("PartiQLInsert", tokens[2], rest)
        case ["UPDATE", _, "SET" | "REMOVE", *rest]:
            return _write("PartiQLUpdate", tokens[1], rest)
        case ["DELETE", "FROM", _, "WHERE", *rest]:
            return _write("PartiQLDelete", tokens[2], rest)
        case ["EXISTS", "(", "SELECT", *_, ")"]:
            return _select(tokens[2:-1])
        case ["SELECT", *_]:
            return _select(tokens)
    return None


def _tokens(text: str) -> list[str] | None:
    found: list[str] = []
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            return None
        at = token.end()
        if not token[0].isspace():
            found.append(token[0])
    return found


def _write(action: str, table: str, rest: Sequence[str]) -> tuple[str, str, str] | None:
    name = _name(table)
    return None if name is None or _SECOND_TABLE.intersection(rest) else (action, name, "")


def _select(tokens: Sequence[str]) -> tuple[str, str, str] | None:
    words = [token.upper() for token in tokens]
    if words.count("FROM") != 1 or _SECOND_TABLE.intersection(words[1:]) != {"FROM"}:
        return None
    behind = list(tokens[words.index("FROM") + 1 :])
    if not behind:
        return None
    table, index = _name(behind.pop(0)), ""
    if behind[:1] == ["."] and len(behind) > 1:
        index = _name(behind[1]) or ""
        behind = behind[2:]
        if not index:
            return None
    if table is None or (behind and behind[0].upper() not in ("WHERE", "ORDER")):
        return None
    return "PartiQLSelect", table, index


def _name(token: str) -> str | None:
    name = token[1:-1] if token.startswith('"') and len(token) > 1 else token
    return name if _TABLE.fullmatch(name) else None
