"""A gate that does not hold ends the session: on record, and before anything else is allowed."""

from __future__ import annotations

from supervisor.core.orders import Answered, Checked, Deliver, ReplyTo, Stop, Write
from supervisor.core.session import Session
from supervisor.model.decision import By
from supervisor.model.effect import Effect
from supervisor.model.event import Fault, GatesChecked, GateStatus
from supervisor.model.grant import Answer
from tests.core.desk import Talk, scope

GOOD = GatesChecked((GateStatus("exec", True, "held"), GateStatus("aws", True, "refused")))
BAD = GatesChecked((GateStatus("exec", True, "held"), GateStatus("aws", False, "let through\x1b[2J")))
RULES = ((Effect.ALLOW, "git status"), (Effect.ASK, "git push"))


def test_gates_that_hold_change_nothing() -> None:
    """The outcome is on record, and what is allowed is allowed still."""
    talk = Talk(Session(scope(*RULES)))
    assert talk.tell(Checked(GOOD)) == (Write(GOOD),)
    talk.ask("git status")
    assert any(isinstance(order, Deliver) and order.verdict.allowed for order in talk.said)


def test_a_gate_that_does_not_hold_stops_the_session() -> None:
    """First the record, then the fault in words, then the order to stop, which names the gate."""
    talk = Talk(Session(scope(*RULES)))
    record, fault, stop = talk.tell(Checked(BAD))
    assert record == Write(BAD)
    assert isinstance(fault, Write) and isinstance(fault.record, Fault) and fault.record.part == "aws"
    assert isinstance(stop, Stop) and "aws gate failed" in stop.why and "let through" in stop.why
    assert "\x1b" not in fault.record.what + stop.why


def test_after_a_failed_canary_nothing_is_allowed() -> None:
    """A rule that allows, and a human who does, come too late."""
    talk = Talk(Session(scope(*RULES)))
    held = talk.ask("git push")
    talk.show()
    talk.tell(Checked(BAD))
    allowed = talk.ask("git status")
    verdicts = {order.request: order.verdict for order in talk.said if isinstance(order, Deliver)}
    assert not verdicts[allowed].allowed and verdicts[allowed].by is By.ENDED
    (waiting,) = talk.session.waiting.values()
    said = talk.tell(Answered(Answer("e1", "once", waiting.digest, by="dev")))
    assert said == (ReplyTo("e1", False, "the session has ended"),) and held not in verdicts


def test_two_gates_that_do_not_hold_are_both_named() -> None:
    """Each has its own fault."""
    both = GatesChecked((GateStatus("exec", False, "a"), GateStatus("network", False, "b")))
    orders = Talk(Session(scope(*RULES))).tell(Checked(both))
    faults = [order.record.part for order in orders if isinstance(order, Write) and isinstance(order.record, Fault)]
    assert faults == ["exec", "network"]
    assert isinstance(orders[-1], Stop) and "exec and network gates" in orders[-1].why
