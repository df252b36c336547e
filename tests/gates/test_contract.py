"""What every gate promises, whatever it stands in front of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from supervisor.gates.protocol import HELD
from tests.cell.cell_stage import Stage, until
from tests.cell.conftest import real_cells, stage
from tests.gates.network.stage import ALLOW, DENY
from tests.gates.ways import Way, calls, connections, early_starts, starts

__all__ = ["real_cells", "stage"]


@pytest.fixture(params=[starts, early_starts, connections, calls], ids=["exec", "exec-foretold", "network", "aws"])
def way(request: pytest.FixtureRequest, stage: Stage) -> Iterator[Way]:
    """A way through one gate."""
    open_way: Callable[[Stage], AbstractContextManager[Way]] = request.param
    with open_way(stage) as made:
        yield made


def test_what_is_allowed_happens(way: Way) -> None:
    """An allow is asked for once, and lets it happen."""
    way.attempt("a")
    assert way.happened("a")


def test_what_is_denied_does_not_happen_and_says_why(way: Way) -> None:
    """A deny reaches whoever tried, in the words of the verdict."""
    way.reply = DENY
    way.attempt("a")
    assert not way.happened("a")
    until(lambda: "nothing here needs this host" in way.told())


@pytest.mark.parametrize("reply", [RuntimeError("broken"), "yes", True, None, 1], ids=str)
def test_no_answer_but_a_verdict_lets_it_happen(way: Way, reply: object) -> None:
    """A session that breaks, or answers what is no verdict, has denied, and the fault is told."""
    way.reply = reply
    way.attempt("a")
    assert not way.happened("a")
    until(lambda: way.desk.faults)
    way.reply = ALLOW
    way.attempt("b")
    assert way.happened("b")


@pytest.mark.parametrize(("verdict", "happens"), [(ALLOW, True), (DENY, False), ("yes", False), (None, False)])
def test_what_is_held_waits_for_its_verdict(way: Way, verdict: object, happens: bool) -> None:
    """What is held happens when an allow is delivered, and never on anything else; others go on meanwhile."""
    way.reply = lambda name: HELD if name == "held" else ALLOW
    way.attempt("held")
    until(lambda: "held" in way.desk.tries)
    way.attempt("other")
    assert way.happened("other")
    way.gate.deliver(way.desk.tries["held"].id, verdict)
    assert way.happened("held") is happens


def test_a_verdict_on_something_else_changes_nothing(way: Way) -> None:
    """An id that is not held is ignored; what is held still waits for its own."""
    way.reply = lambda name: HELD
    way.attempt("held")
    until(lambda: "held" in way.desk.tries)
    way.gate.deliver("r99999", ALLOW)
    way.gate.deliver(way.desk.tries["held"].id, DENY)
    assert not way.happened("held")


def test_whoever_goes_away_withdraws(way: Way) -> None:
    """When the asker ends while it waits the session hears of it, once, and a late allow does nothing."""
    way.reply = lambda name: HELD if name == "gone" else ALLOW
    way.leave("gone")
    request = way.desk.tries["gone"]
    until(lambda: request.id in [id for id, _ in way.desk.withdrawn])
    way.gate.deliver(request.id, ALLOW)
    way.attempt("after")
    assert way.happened("after")
    assert len([id for id, _ in way.desk.withdrawn if id == request.id]) == 1
    assert "try gone" not in way.told()


def test_without_its_session_a_gate_denies(way: Way) -> None:
    """When the gate ends, what is held does not happen and nothing does afterwards."""
    way.reply = lambda name: HELD
    way.attempt("held")
    until(lambda: "held" in way.desk.tries)
    way.gate.stop()
    way.reply = ALLOW
    way.attempt("late")
    assert not way.happened("late")
    assert not way.happened("held")


def test_a_hundred_at_once_each_get_their_own_verdict(way: Way) -> None:
    """Verdicts are not mixed up, whether at once or after a hold, in whatever order they come."""
    names = [f"n{number}" for number in range(100)]
    way.reply = lambda name: (ALLOW, DENY, HELD, HELD)[int(name[1:]) % 4]
    for name in names:
        way.attempt(name)
    until(lambda: len(way.desk.tries) == len(names))
    held = [name for name in names if int(name[1:]) % 4 >= 2]
    for name in reversed(held):
        way.gate.deliver(way.desk.tries[name].id, ALLOW if int(name[1:]) % 4 == 2 else DENY)
    assert {name: way.happened(name) for name in names} == {name: int(name[1:]) % 2 == 0 for name in names}
