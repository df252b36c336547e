"""Rego text in pieces: words, texts, numbers, marks and comments, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["word", "text", "number", "mark", "comment"]

_TOKEN: Final = re.compile(
    r"""(?P<comment>\#[^\n]*)
      | (?P<text>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>[0-9][0-9A-Za-z_.]*)
      | (?P<mark>:=|==|!=|<=|>=|[^\s])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text, which begins at `start`; `depth` counts the brackets around it, places are from 1."""

    kind: Kind
    text: str
    line: int
    column: int
    depth: int
    start: int


def tokens(text: str) -> Iterator[Token]:
    """The pieces of Rego text in their order; what is none is a `mark`."""
    line, begins, depth, at = 1, 0, 0, 0
    for found in _TOKEN.finditer(text):
        line += text.count("\n", at, found.start())
        begins = text.rfind("\n", 0, found.start()) + 1
        at = found.start()
        kind, word = found.lastgroup, found[0]
        if word in (")", "]", "}"):
            depth = max(0, depth - 1)
        yield Token(kind or "mark", word, line, found.start() - begins + 1, depth, found.start())  # type: ignore[arg-type]
        if word in ("(", "[", "{"):
            depth += 1
