"""A program that is loaded while its allow is written down; what becomes of it is in the contract of the gates."""

from __future__ import annotations

from tests.cell.cell_stage import Stage, until
from tests.gates.ways import early_starts


def test_a_program_that_cannot_be_loaded_fails_as_ever(stage: Stage) -> None:
    """An errno of the kernel, after the start was foretold, is the caller's."""
    with early_starts(stage) as way:
        way.attempt("a; : > empty; chmod +x empty; printf '\\177ELF broken' > bad; chmod +x bad; ./bad; echo code $?")
        until(lambda: "bad" in way.told())
        way.attempt("b")
        assert way.happened("b")
