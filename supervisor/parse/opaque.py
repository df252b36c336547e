"""What a parser does not claim to understand: whole texts, and unknown pieces inside a command's words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Opaque:
    """`text` is what was read, `why` says in plain words what stops us from understanding it. Opaque at least asks."""

    text: str
    why: str


# No argument that reaches a kernel can hold a NUL byte, so words that shell text leaves unknown are marked with it:
# NUL, `=` (some text within this word) or `*` (any number of words, also none), the source text, NUL.
MARK = "\0"


def unknown(source: str, *, many: bool = False) -> str:
    """A piece of a word whose value only the running shell knows; `many` if it may become several words or none."""
    return f"{MARK}{'*' if many else '='}{source.replace(MARK, '')}{MARK}"


def is_known(word: str) -> bool:
    """True when every character of the word is what the program will get."""
    return MARK not in word


def may_be_many(word: str) -> bool:
    """True when the word may become several words, or none."""
    return MARK + "*" in word


def readable(word: str) -> str:
    """The word for people: unknown pieces as they stand in the source text."""
    if MARK not in word:
        return word
    parts = word.split(MARK)
    return "".join(part[1:] if index % 2 else part for index, part in enumerate(parts))
