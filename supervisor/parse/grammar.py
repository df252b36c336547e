"""How a program reads its arguments: which options take a value, which words mean the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

# gnu: `-abc` is three options, `--name value` or `--name=value`. go: `-name` and `--name` are the same one.
Style = Literal["gnu", "go"]


@dataclass(frozen=True, slots=True)
class Options:
    """Options as written, with their dashes. What is in neither set may or may not take a value."""

    values: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    same: Mapping[str, str] = field(default_factory=dict)
    """Short spelling to long."""

    def takes(self, option: str) -> bool | None:
        """True = the next argument is its value, False = it stands alone, `None` = not known."""
        if option in self.values:
            return True
        return False if option in self.flags else None


@dataclass(frozen=True, slots=True)
class Grammar:
    """One program. `everywhere` holds for its options in front of the first word, and behind it unless `strict`."""

    everywhere: Options = field(default_factory=Options)
    behind: Mapping[str, Options] = field(default_factory=dict)
    style: Style = "gnu"
    strict: bool = False
    known_words: frozenset[str] | None = None
    """Where other first words may be aliases that the user or a repository defined; `None` = it has no aliases."""
    same_words: Mapping[str, str] = field(default_factory=dict)
    same_at: frozenset[int] = frozenset({0})
    """The places (0 = the first word) where `same_words` holds."""
    numbers: frozenset[str] = frozenset()
    """Options that take the next argument only if it is a number (`make -j 4`)."""
    kinds: bool = False
    """Words in `same_at` are kinds of things, written in any case, as `kind.group`, `kind/name` or `kind,kind`."""
    abbreviates: bool = False
    """Takes the beginning of a word for the word."""
    any_order: bool = False
    """Each word is a task of its own (make): a later one counts as well as the first."""

    def takes(self, option: str, word: str | None) -> bool | None:
        """As `Options.takes`, for an option behind the sub-command `word` (`None` = in front of it)."""
        if word is not None:
            there = self.behind.get(word)
            known = there.takes(option) if there else None
            if known is not None or self.strict:
                return known
        return self.everywhere.takes(option)

    def same_option(self, option: str, word: str | None) -> str:
        """The option's one spelling behind the sub-command `word`."""
        there = self.behind.get(word) if word is not None else None
        if there is not None and (option in there.same or self.strict):
            return there.same.get(option, option)
        return self.everywhere.same.get(option, option)


UNKNOWN = Grammar()
