"""A reader of hostile bytes as a value: what it is given, and what must hold whatever that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

LARGE = 60_000
"""Bytes of the inputs that a reader must come to an end with."""


@dataclass(frozen=True, slots=True)
class Reader:
    """`check` reads its bytes and fails where the reader raises what it does not say, or lets through what it must not.

    `samples` are inputs that it takes, `words` what it looks for, `openings` what may be nested or repeated for ever.
    """

    name: str
    check: Callable[[bytes], None]
    samples: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()
    openings: tuple[bytes, ...] = ()

    @property
    def large(self) -> tuple[bytes, ...]:
        """Inputs that cost a careless reader its stack or more time than anybody has."""
        every = (b"a", b"\0", b"(", b"{", b"[", b'"', b"<a>", b"&", b"=", b"\n", *self.openings, *self.words)
        return tuple((piece * (LARGE // len(piece) + 1))[:LARGE] for piece in every)
