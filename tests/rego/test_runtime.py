"""The runtime with conditions: asked before it is decided, no gate waits for them, and the record comes first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from typing import Any

import pytest

from supervisor.core.session import Session
from supervisor.gates.protocol import HELD, Desk
from supervisor.model.codec import Json
from supervisor.model.condition import Condition
from supervisor.model.decision import Decision, Verdict
from supervisor.model.effect import Effect
from supervisor.model.event import DecisionRecord, EscalationOpened, Record, VerdictRecord
from supervisor.model.grant import Answer
from supervisor.model.request import Exec, Request
from supervisor.runtime import Runtime
from tests.rego.stage import rego, under

FINE = Condition(Effect.ALLOW, "trial.rego")
LATE = Condition(Effect.DENY, "trial.rego", "it is late")
STATUS = Exec("/usr/bin/git", ("git", "status"), "/work", ("git",))
PUSH = Exec("/usr/bin/git", ("git", "push"), "/work", ("git",))
PATIENCE = 20.0


class Paper:
    """A journal in memory."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def append(self, record: Record, *, now: datetime) -> Json:
        self.records.append(record)
        return {}


class Ear:
    """A gate that remembers what it was told."""

    name: Any = "exec"

    def __init__(self) -> None:
        self.told: dict[str, list[Verdict]] = {}

    def start(self, desk: Desk) -> None: ...

    def stop(self) -> None: ...

    def deliver(self, request_id: str, verdict: Verdict) -> None:
        self.told.setdefault(request_id, []).append(verdict)


class Voice:
    """Conditions that answer when they are told to."""

    def __init__(self, at_once: Condition | None = None) -> None:
        self.at_once = at_once
        self.asked: list[tuple[Request, Decision, Future[Condition]]] = []

    def ask(self, request: Request, decision: Decision, now: datetime) -> Future[Condition]:
        future: Future[Condition] = Future()
        if self.at_once is not None:
            future.set_result(self.at_once)
        self.asked.append((request, decision, future))
        return future


def session(voice: Voice) -> tuple[Runtime, Paper, Ear]:
    """A session under conditions, with one gate."""
    paper, ear = Paper(), Ear()
    runtime = Runtime(
        Session(under(rego("trial", "decision := true"))),
        paper,
        session_id="s",
        agent="bash",
        wake=lambda moment: None,
        conditions=voice,
    )
    runtime.attach(ear)
    return runtime, paper, ear


def until(true: Callable[[], object]) -> None:
    """Wait for it."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        threading.Event().wait(0.005)


def kinds(paper: Paper) -> list[type[Record]]:
    """What is on record, in its order."""
    return [type(record) for record in paper.records]


def test_an_answer_at_once_is_decided_at_once() -> None:
    """The condition stands in the decision; conditions hear what the rules say without grants."""
    voice = Voice(LATE)
    runtime, paper, ear = session(voice)
    request = runtime.new_request("exec", STATUS)
    reply = runtime.ask(request)
    assert isinstance(reply, Verdict) and not reply.allowed and "it is late" in reply.message
    assert ear.told == {}
    record = paper.records[0]
    assert isinstance(record, DecisionRecord) and record.decision.condition == LATE
    assert [(asked, decision.effect) for asked, decision, _ in voice.asked] == [(request, Effect.ALLOW)]


@pytest.mark.parametrize(("condition", "allowed"), [(FINE, True), (LATE, False)])
def test_a_late_answer_is_delivered(condition: Condition, allowed: bool) -> None:
    """The gate holds the request meanwhile and goes on; then it is told once, after it is on record."""
    voice = Voice()
    runtime, paper, ear = session(voice)
    request = runtime.new_request("exec", STATUS)
    assert runtime.ask(request) is HELD
    assert paper.records == [] and ear.told == {}
    voice.asked[0][2].set_result(condition)
    assert [verdict.allowed for verdict in ear.told[request.id]] == [allowed]
    assert kinds(paper) == [DecisionRecord, VerdictRecord]


def test_a_late_answer_may_ask_a_human() -> None:
    """A question is opened like any other, and its answer is delivered once."""
    voice = Voice()
    runtime, paper, ear = session(voice)
    request = runtime.new_request("exec", PUSH)
    assert runtime.ask(request) is HELD
    voice.asked[0][2].set_result(FINE)
    assert kinds(paper) == [DecisionRecord, EscalationOpened] and ear.told == {}
    voice.at_once = FINE
    runtime.shown("e1", "console")
    digest = runtime.state.waiting["e1"].digest
    assert runtime.answer(Answer("e1", "once", digest, by="ann")).accepted
    assert [verdict.allowed for verdict in ear.told[request.id]] == [True]


def test_who_is_gone_before_the_answer_is_told_nothing() -> None:
    """No question is left open for it, and nothing is delivered."""
    voice = Voice()
    runtime, _, ear = session(voice)
    for action in (STATUS, PUSH):
        request = runtime.new_request("exec", action)
        assert runtime.ask(request) is HELD
        runtime.withdraw(request.id, "the program was ended")
    for _, _, future in voice.asked:
        future.set_result(FINE)
    assert ear.told == {} and dict(runtime.state.waiting) == {}


def test_a_condition_that_fails_denies() -> None:
    """At once or late: a fault on record, a deny for the gate."""
    voice = Voice()
    runtime, paper, ear = session(voice)
    request = runtime.new_request("exec", STATUS)
    assert runtime.ask(request) is HELD
    voice.asked[0][2].set_exception(RuntimeError("broken"))
    assert [verdict.allowed for verdict in ear.told[request.id]] == [False]
    assert any("broken" in str(record) for record in paper.records)


def test_conditions_are_asked_again_when_a_human_allows() -> None:
    """What is denied by now is not allowed; what is not answered in time neither; a deny asks nobody."""
    voice = Voice(FINE)
    runtime, _, ear = session(voice)
    request = runtime.new_request("exec", PUSH)
    assert runtime.ask(request) is HELD
    runtime.shown("e1", "console")
    digest = runtime.state.waiting["e1"].digest
    voice.at_once = LATE
    reply = runtime.answer(Answer("e1", "once", digest, by="ann"))
    assert not reply.accepted and "it is late" in reply.why
    before = len(voice.asked)
    assert runtime.answer(Answer("e1", "deny", digest, by="ann")).accepted
    assert len(voice.asked) == before
    assert [verdict.allowed for verdict in ear.told[request.id]] == [False]


def test_what_the_rules_deny_is_put_to_no_condition() -> None:
    """Nothing could make it stricter."""
    voice = Voice(FINE)
    runtime, paper, _ = session(voice)
    runtime.end(0, "the agent ended")
    reply = runtime.ask(runtime.new_request("exec", STATUS))
    assert isinstance(reply, Verdict) and not reply.allowed
    assert paper.records


def test_many_wait_at_once() -> None:
    """Each is told once, in whatever order the answers come."""
    voice = Voice()
    runtime, _, ear = session(voice)
    requests = [runtime.new_request("exec", STATUS) for _ in range(5)]
    assert {runtime.ask(request) for request in requests} == {HELD}
    threads = [threading.Thread(target=future.set_result, args=(FINE,)) for _, _, future in reversed(voice.asked)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: len(ear.told) == len(requests))
    assert all([verdict.allowed for verdict in told] == [True] for told in ear.told.values())
