"""The three effects and their order: allow < ask < deny."""

from __future__ import annotations

from enum import IntEnum


class Effect(IntEnum):
    """What a rule says; `max` of several is the strictest (XACML deny-overrides)."""

    ALLOW = 0
    ASK = 1
    DENY = 2

    @property
    def word(self) -> str:
        """`allow`, `ask` or `deny`, as the scope file, the journal and `--json` write it."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> Effect:
        """The effect that `word` names; raises `KeyError` for any other word."""
        return cls[word.upper()]
