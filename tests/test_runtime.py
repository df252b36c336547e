"""The runtime carries out orders: first the record, then the gate; no record, no allow."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

import pytest

from supervisor.core.session import Session
from supervisor.errors import JournalError
from supervisor.gates.protocol import HELD, Desk
from supervisor.model.codec import Json
from supervisor.model.decision import By, Verdict
from supervisor.model.effect import Effect
from supervisor.model.event import GatesChecked, GateStatus, LimitReached, Record, VerdictRecord
from supervisor.model.grant import Answer
from supervisor.model.request import Connect, Exec
from supervisor.runtime import Runtime, SessionClock
from tests.core.desk import scope

PUSH = Exec("/usr/bin/git", ("git", "push"), "/work", ("git",))
STATUS = Exec("/usr/bin/git", ("git", "status"), "/work", ("git",))
RULES = ((Effect.ALLOW, "git status"), (Effect.ASK, "git push"))


class Paper:
    """A journal in memory that can be full."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.records: list[Record] = []
        self.room = room

    def append(self, record: Record, *, now: datetime) -> Json:
        if len(self.records) >= self.room:
            raise JournalError("no space left on device")
        self.records.append(record)
        return {}


class Ear:
    """A gate that remembers what it was told, and what was on paper then."""

    name: Any = "exec"

    def __init__(self, paper: Paper) -> None:
        self.paper = paper
        self.told: dict[str, Verdict] = {}
        self.recorded: dict[str, bool] = {}

    def start(self, desk: Desk) -> None: ...

    def stop(self) -> None: ...

    def deliver(self, request_id: str, verdict: Verdict) -> None:
        self.told[request_id] = verdict
        self.recorded[request_id] = any(
            isinstance(record, VerdictRecord) and record.request == request_id for record in self.paper.records
        )


def _runtime(paper: Paper, **more: Any) -> tuple[Runtime, Ear]:
    runtime = Runtime(
        Session(scope(*RULES)), paper, session_id="s", agent="bash", wake=more.pop("wake", lambda moment: None), **more
    )
    ear = Ear(paper)
    runtime.attach(ear)
    return runtime, ear


def _answer(runtime: Runtime, choice: Any) -> Any:
    (waiting,) = runtime.state.waiting.values()
    runtime.shown(waiting.id, "console")
    return runtime.answer(Answer(waiting.id, choice, waiting.digest, by="dev"))


def test_an_allow_is_on_record_when_ask_returns() -> None:
    """The decision and the verdict are appended before the gate has its answer."""
    paper = Paper()
    runtime, _ = _runtime(paper)
    verdict = runtime.ask(runtime.new_request("exec", STATUS))
    assert isinstance(verdict, Verdict) and verdict.allowed
    assert [type(record).KIND for record in paper.records] == ["decision", "verdict"]


def test_a_held_request_is_delivered_after_its_record() -> None:
    """`HELD` first; the answer reaches the gate once the journal has it."""
    runtime, ear = _runtime(Paper())
    request = runtime.new_request("exec", PUSH)
    assert runtime.ask(request) is HELD
    assert _answer(runtime, "once").accepted
    assert ear.told[request.id].allowed and ear.recorded[request.id]


@pytest.mark.parametrize("room", [0, 1])
def test_without_a_record_nothing_is_allowed(room: int) -> None:
    """A full disk turns the verdict into a deny and ends the session, at whichever line it hits."""
    broken: list[JournalError] = []
    runtime, _ = _runtime(Paper(room), on_broken=broken.append)
    verdict = runtime.ask(runtime.new_request("exec", STATUS))
    assert isinstance(verdict, Verdict) and not verdict.allowed and verdict.by is By.FAULT
    assert len(broken) == 1 and runtime.broken is broken[0]
    again = runtime.ask(runtime.new_request("exec", STATUS))
    assert isinstance(again, Verdict) and not again.allowed and len(broken) == 1


def test_an_answer_that_cannot_be_recorded_allows_nothing() -> None:
    """The disk fills up between the question and the answer: the gate hears a deny."""
    paper = Paper()
    runtime, ear = _runtime(paper)
    request = runtime.new_request("exec", PUSH)
    assert runtime.ask(request) is HELD
    (waiting,) = runtime.state.waiting.values()
    runtime.shown(waiting.id, "console")
    paper.room = len(paper.records)
    reply = runtime.answer(Answer(waiting.id, "once", waiting.digest, by="dev"))
    assert not reply.accepted
    assert not ear.told[request.id].allowed


def test_a_fault_in_deciding_denies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever breaks inside comes back as a deny and is on record as a fault."""
    paper = Paper()
    runtime, _ = _runtime(paper)

    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    request = runtime.new_request("exec", STATUS)
    monkeypatch.setattr("supervisor.core.session.decide_under", broken)
    verdict = runtime.ask(request)
    assert isinstance(verdict, Verdict) and verdict.by is By.FAULT and not verdict.allowed
    assert [type(record).KIND for record in paper.records] == ["fault"]


def test_a_hundred_threads_get_their_own_answers() -> None:
    """Request ids are unique and every asker hears about its own request."""
    paper = Paper()
    runtime, _ = _runtime(paper)
    heard: list[tuple[str, bool]] = []

    def ask() -> None:
        request = runtime.new_request("exec", STATUS)
        verdict = runtime.ask(request)
        heard.append((request.id, isinstance(verdict, Verdict) and verdict.allowed))

    threads = [threading.Thread(target=ask) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({name for name, _ in heard}) == 100 and all(allowed for _, allowed in heard)
    assert len(paper.records) == 200


def test_ends_are_told_by_their_gate() -> None:
    """A connection's end carries its bytes, a program's end its detail."""
    paper = Paper()
    runtime, _ = _runtime(paper)
    connection = runtime.new_request("network", Connect("example.com", 443))
    runtime.ended(connection.id, sent=0, received=0, detail="refused")
    runtime.ended("r9", detail="gone")
    assert [type(record).KIND for record in paper.records] == ["net.closed", "exec.ended"]


def test_only_an_allow_is_foretold_and_only_while_it_can_be_recorded() -> None:
    """What a gate may prepare is an allow; a question, a deny, or a journal that failed before are none."""
    paper, told = Paper(), []
    runtime, _ = _runtime(paper)

    def ask(action: Exec) -> Any:
        return runtime.ask(runtime.new_request("exec", action), lambda: told.append((action, len(paper.records))))

    assert ask(PUSH) is HELD
    assert not told
    before = len(paper.records)
    assert ask(STATUS).allowed
    assert told == [(STATUS, before)]
    paper.room = 0
    assert not ask(STATUS).allowed, "it was foretold, could not be recorded, and must not be"
    assert len(told) == 2
    assert not ask(STATUS).allowed
    assert len(told) == 2


def test_a_clock_that_is_set_back_prolongs_nothing() -> None:
    """A question, a grant and a scope end after the time that has passed, whatever the time of day says."""
    wall, steady = [1_000_000.0], [50.0]
    clock = SessionClock(lambda: wall[0], lambda: steady[0])
    began = clock()
    steady[0] += 600
    wall[0] -= 3600
    assert (clock() - began).total_seconds() == 600
    paper = Paper()
    runtime, ear = _runtime(paper, clock=clock)
    request = runtime.new_request("exec", PUSH)
    assert runtime.ask(request) is HELD
    steady[0] += 15 * 60
    runtime.tick()
    assert not ear.told[request.id].allowed and ear.told[request.id].by is By.TIMEOUT


def test_a_clock_that_is_set_forward_ends_things_early() -> None:
    """That is a denial too early and never an allow; when it is set right again, time goes on as it did."""
    wall, steady = [1_000_000.0], [50.0]
    clock = SessionClock(lambda: wall[0], lambda: steady[0])
    began = clock()
    wall[0] += 3600
    assert (clock() - began).total_seconds() == 3600
    wall[0] -= 3600
    steady[0] += 1
    assert (clock() - began).total_seconds() == 1


def test_a_limit_that_is_reached_is_on_record() -> None:
    """In visible text, and it changes no decision."""
    paper = Paper()
    runtime, _ = _runtime(paper)
    runtime.limited("memory", "x\x1b[2J was ended")
    (record,) = paper.records
    assert isinstance(record, LimitReached) and "\x1b" not in record.what
    verdict = runtime.ask(runtime.new_request("exec", STATUS))
    assert isinstance(verdict, Verdict) and verdict.allowed


def test_a_gate_that_does_not_hold_stops_the_session_after_it_is_on_record() -> None:
    """`on_stop` is called once the journal says which gate failed and why, and later requests are denied."""
    paper = Paper()
    stopped: list[tuple[str, int]] = []
    runtime, _ = _runtime(paper, on_stop=lambda why: stopped.append((why, len(paper.records))))
    runtime.checked(GatesChecked((GateStatus("exec", True),)))
    assert not stopped
    runtime.checked(GatesChecked((GateStatus("exec", False, "it let go"),)))
    assert [type(record).KIND for record in paper.records] == ["gates.checked", "gates.checked", "fault"]
    assert len(stopped) == 1 and "it let go" in stopped[0][0] and stopped[0][1] == 3
    verdict = runtime.ask(runtime.new_request("exec", STATUS))
    assert isinstance(verdict, Verdict) and not verdict.allowed


def test_a_failed_canary_stops_the_session_though_nothing_can_be_written() -> None:
    """A full disk does not keep a session alive whose gate has failed."""
    stopped: list[str] = []
    runtime, _ = _runtime(Paper(room=0), on_stop=stopped.append)
    runtime.checked(GatesChecked((GateStatus("exec", False, "it let go"),)))
    assert len(stopped) == 1
