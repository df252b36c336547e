"""A program that is loaded while its allow is written down runs only once it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from supervisor.gates.protocol import HELD, Reply
from supervisor.model.request import Request
from tests.cell.cell_stage import Stage, until
from tests.cell.conftest import real_cells, stage
from tests.gates.network.stage import ALLOW, DENY
from tests.gates.ways import Way, starts

__all__ = ["real_cells", "stage"]


@pytest.fixture
def way(stage: Stage) -> Iterator[Way]:
    """A shell behind the exec gate, whose desk foretells every allow."""
    with starts(stage) as way:
        plain = way.desk.ask

        def ask(request: Request, foretold: Callable[[], None] | None = None) -> Reply:
            assert foretold is not None
            foretold()
            return plain(request)

        way.desk.ask = ask  # type: ignore[method-assign]
        yield way


def test_what_is_allowed_after_all_runs(way: Way) -> None:
    """The usual case: loaded early, let go when the allow is on record."""
    for name in ("a", "b", "c"):
        way.attempt(name)
        assert way.happened(name)


def test_what_is_denied_after_all_never_runs(way: Way) -> None:
    """The journal failed meanwhile: the loaded program ends with 126 and says why."""
    way.reply = DENY
    way.attempt("a")
    assert not way.happened("a")
    until(lambda: "nothing here needs this host" in way.told())


@pytest.mark.parametrize("reply", [RuntimeError("broken"), "yes", None], ids=str)
def test_a_session_that_breaks_meanwhile_runs_nothing(way: Way, reply: object) -> None:
    """The loaded program ends, the fault is told, and the next start is decided as ever."""
    way.reply = reply
    way.attempt("a")
    assert not way.happened("a")
    until(lambda: way.desk.faults)
    way.reply = ALLOW
    way.attempt("b")
    assert way.happened("b")


def test_what_is_held_after_all_waits(way: Way) -> None:
    """Whatever was foretold, held means held."""
    way.reply = HELD
    way.attempt("a")
    until(lambda: "a" in way.desk.tries)
    way.gate.deliver(way.desk.tries["a"].id, DENY)
    assert not way.happened("a")


def test_a_program_that_cannot_be_loaded_fails_as_ever(way: Way) -> None:
    """An errno of the kernel, after the start was foretold, is the caller's."""
    way.attempt("a; : > empty; chmod +x empty; printf '\\177ELF broken' > bad; chmod +x bad; ./bad; echo code $?")
    until(lambda: "bad" in way.told())
    way.attempt("b")
    assert way.happened("b")
