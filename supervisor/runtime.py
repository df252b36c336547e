"""The only wiring: gates' questions and humans' answers go into the session core, its orders are carried out.

Any thread may call. One lock makes one sequence of events; under it the orders are carried out in their order, so a
record is on disk before anything acts on it. Deliveries to gates happen after the lock is let go: a gate may wait for
the runtime while the runtime tells it something.

When the journal cannot be written nothing more is allowed: what was being decided is denied, and `on_broken` ends the
session. `on_path` shows the cell a path or takes it away. `on_stop` ends the session too, when the core says so; it
must not wait for this runtime.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Final, Protocol, assert_never

from supervisor.core.orders import (
    AgentEnded,
    Answered,
    Asked,
    Broke,
    Checked,
    Deliver,
    Ended,
    Event,
    GrantRevoked,
    HidePath,
    Order,
    PathFailed,
    PathGranted,
    ReplyTo,
    Shown,
    ShowPath,
    Stop,
    Tick,
    WakeAt,
    Withdrawn,
    Write,
)
from supervisor.core.session import Session
from supervisor.errors import JournalError
from supervisor.gates.protocol import HELD, Desk, Gate, Reply
from supervisor.model.condition import Condition
from supervisor.model.decision import By, Decision, Verdict
from supervisor.model.effect import Effect
from supervisor.model.event import AwsAnswered, ExecEnded, GatesChecked, LimitReached, NetClosed, Record
from supervisor.model.grant import Answer, Approver, Receipt
from supervisor.model.request import Action, GateName, Process, Request, Subject
from supervisor.model.visible import visible
from supervisor.policy.decide import decide

_NOT_RECORDED: Final = Verdict(
    Effect.DENY, By.FAULT, "agent-supervise: denied: the journal cannot be written, so nothing more may happen"
)


AT_ONCE: Final = 0.02
"""Seconds that a gate waits for conditions before it holds the request and goes on to the next one."""
BY_NOW: Final = 3.0
"""Seconds that a human's answer waits for conditions."""

_STEADY: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Journal(Protocol):
    """Where records go (`journal.writer.JournalWriter`); `append` raises `JournalError`."""

    def append(self, record: Record, *, now: datetime) -> object: ...


class Conditions(Protocol):
    """Who asks a scope's conditions in Rego (`rego.conditions.Conditions`); the future never fails."""

    def ask(self, request: Request, decision: Decision, now: datetime) -> Future[Condition]: ...


class SessionClock:
    """The time of day, never behind what has passed since the start: setting a clock back prolongs no grant or scope.

    `wall` is the time of day in seconds since 1970; `steady` only ever counts on, also while the machine sleeps.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = lambda: time.clock_gettime(_STEADY),
    ) -> None:
        self._wall, self._steady = wall, steady
        self._began = wall() - steady()

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(max(self._wall(), self._began + self._steady()), UTC)


utc_now: Final = SessionClock()
"""The clock of a session."""


class Runtime(Desk):
    """A session at work. `wake(moment)` asks for `tick()` then; `on_record` is told what the journal has now."""

    def __init__(
        self,
        session: Session,
        journal: Journal,
        *,
        session_id: str,
        agent: str,
        wake: Callable[[datetime], None],
        on_record: Callable[[Record], None] = lambda record: None,
        on_broken: Callable[[JournalError], None] = lambda error: None,
        on_stop: Callable[[str], None] = lambda why: None,
        on_path: Callable[[ShowPath | HidePath], None] = lambda order: None,
        conditions: Conditions | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._session, self._journal = session, journal
        self._id, self._agent = session_id, agent
        self._wake, self._on_record, self._on_broken, self._clock = wake, on_record, on_broken, clock
        self._on_stop, self._on_path = on_stop, on_path
        self._gates: dict[str, Gate] = {}
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._connections: set[str] = set()
        self._broken: JournalError | None = None
        self._conditions = conditions
        self._awaited: dict[str, str] = {}
        self._awaiting = threading.Lock()

    @property
    def state(self) -> Session:
        """The core's state, for reading."""
        return self._session

    @property
    def broken(self) -> JournalError | None:
        """Why nothing is allowed any more, if the journal failed."""
        return self._broken

    def attach(self, gate: Gate) -> None:
        """Deliver to this gate from now on."""
        self._gates[gate.name] = gate

    def record(self, *records: Record) -> None:
        """Put what is no decision on record (the session's start, its scope). Raises `JournalError`."""
        with self._lock:
            for record in records:
                self._journal.append(record, now=self._clock())
        for record in records:
            self._on_record(record)

    # ── gates (gates.protocol.Desk) ──────────────────────────────────────────────────────────────

    def new_request(self, gate: GateName, action: Action, chain: tuple[Process, ...] = ()) -> Request:
        """Number a request of this session."""
        number = f"r{next(self._numbers)}"
        if gate == "network":
            self._connections.add(number)
        return Request(number, gate, Subject(self._id, self._agent, chain), action)

    def preview(self, gate: GateName, action: Action) -> Request:
        """A request without a number, to foresee a decision by: it is never asked about and stands in no record."""
        return Request("", gate, Subject(self._id, self._agent), action)

    def ask(self, request: Request, foretold: Callable[[], None] | None = None) -> Reply:
        """Decide; the decision is on disk when this returns. A fault in deciding denies and is on record."""
        try:
            asked = Asked(request) if self._conditions is None else self._conditioned(request)
            return HELD if asked is None else self._handle(asked, asked=request.id, foretold=foretold) or HELD
        except Exception as error:
            return self._undecided(request, error)

    def _undecided(self, request: Request, error: Exception) -> Verdict:
        """What is told where deciding itself failed; it is on record when this returns."""
        self.fault(request.gate, f"{request.id} could not be decided: {type(error).__name__}: {error}")
        message = f"agent-supervise: denied: deciding failed ({visible(str(error))})"
        return Verdict(Effect.DENY, By.FAULT, message)

    def _conditioned(self, request: Request) -> Asked | None:
        """The question with what conditions say of it; `None` where they take their time: then `deliver` has the end.

        What the rules deny already is not put to them. Nobody waits here for longer than `AT_ONCE`: a gate asks from
        the thread that every program start goes through.
        """
        assert self._conditions is not None
        now, state = self._clock(), self._session
        ruled = decide(state.scope, (), request, now)
        if ruled.effect is Effect.DENY:
            return Asked(request)
        answer = self._conditions.ask(request, ruled, now)
        try:
            return Asked(request, answer.result(AT_ONCE))
        except TimeoutError:
            with self._awaiting:
                self._awaited[request.id] = ""
            answer.add_done_callback(lambda done: self._late(request, done))
            return None

    def _late(self, request: Request, answer: Future[Condition]) -> None:
        """Conditions have answered at last: whoever asked holds the request, or is gone."""
        try:
            verdict = self._handle(Asked(request, answer.result()), asked=request.id)
        except Exception as error:
            verdict = self._undecided(request, error)
        with self._awaiting:
            gone = self._awaited.pop(request.id)
        if verdict is None and gone:
            self._handle(Withdrawn(request.id, gone))
        elif verdict is not None and not gone and (gate := self._gates.get(request.gate)) is not None:
            gate.deliver(request.id, verdict)

    def is_free(self) -> bool:
        """Whether nothing is being decided or written at this moment, and nothing but that takes time."""
        return self._conditions is None and not self._lock.locked()

    def withdraw(self, request_id: str, why: str) -> None:
        """The asker is gone."""
        self._connections.discard(request_id)
        with self._awaiting:
            if request_id in self._awaited:
                self._awaited[request_id] = why or "the asker is gone"
                return
        self._handle(Withdrawn(request_id, why))

    def ended(self, request_id: str, *, detail: str = "", sent: int = 0, received: int = 0) -> None:
        """What was allowed has come to its end."""
        if request_id in self._connections:
            self._connections.discard(request_id)
            self._handle(Ended(NetClosed(request_id, sent, received, detail)))
        else:
            self._handle(Ended(ExecEnded(request_id, detail)))

    def answered(self, request_id: str, status: int, *, aws_request_id: str = "", detail: str = "") -> None:
        """What the cloud said to an allowed call."""
        self._handle(Ended(AwsAnswered(request_id, status, visible(aws_request_id), detail)))

    def fault(self, part: str, what: str) -> None:
        """Something broke; what it concerned was denied."""
        self._handle(Broke(visible(part), visible(what)))

    def limited(self, limit: str, what: str) -> None:
        """The session took more than its limit, and something was ended for it."""
        self._handle(Ended(LimitReached(limit, visible(what))))

    # ── humans ───────────────────────────────────────────────────────────────────────────────────

    def shown(self, escalation: str, console: str, digest: str = "") -> None:
        """The whole question, as `digest` tells it, was on a console's screen."""
        self._handle(Shown(escalation, console, digest))

    def answer(self, answer: Answer, approver: Approver | None = None, receipt: Receipt | None = None) -> ReplyTo:
        """A human's answer, `by` filled in, and who vouches for them; returns whether it was taken, and why not."""
        replies: list[ReplyTo] = []
        self._handle(Answered(answer, self._by_now(answer), approver, receipt), replies=replies)
        return replies[-1] if replies else ReplyTo(answer.escalation, False, "the answer could not be recorded")

    def _by_now(self, answer: Answer) -> Condition | None:
        """What conditions say by now of what a human is about to allow; what they cannot say in time denies."""
        state, now = self._session, self._clock()
        waiting = state.waiting.get(answer.escalation)
        if self._conditions is None or waiting is None or answer.choice == "deny":
            return None
        try:
            ruled = decide(state.scope, (), waiting.request, now)
            return self._conditions.ask(waiting.request, ruled, now).result(BY_NOW)
        except Exception as error:
            return Condition(Effect.DENY, "policy", f"it was not worked out: {type(error).__name__}", fault=True)

    def end_grant(self, grant: str, by: str) -> None:
        """A human takes a grant back."""
        self._handle(GrantRevoked(grant, by))

    # ── gates that prove themselves ──────────────────────────────────────────────────────────────

    def checked(self, record: GatesChecked) -> None:
        """What the canaries showed; a gate that does not hold ends the session (`on_stop`)."""
        self._handle(Checked(record))

    def grant_path(self, path: str, *, write: bool, minutes: int, by: str) -> ReplyTo:
        """A human shows the cell a path that is fit to be shown; the reply names the grant, or says why there is none.

        When this returns `on_path` has been told.
        """
        replies: list[ReplyTo] = []
        self._handle(PathGranted(path, write, minutes, by), replies=replies)
        return replies[-1] if replies else ReplyTo("", False, "the grant could not be recorded")

    def path_failed(self, grant: str, why: str) -> None:
        """What was granted could not be shown."""
        self._handle(PathFailed(grant, why))

    # ── time and the end ─────────────────────────────────────────────────────────────────────────

    def tick(self) -> None:
        """Whatever is due by now happens."""
        self._handle(Tick())

    def end(self, exit_code: int, why: str, cast_sha256: str = "") -> None:
        """The agent's main program ended, or the session must; everything that waits is denied."""
        self._handle(AgentEnded(exit_code, visible(why), cast_sha256))

    # ── orders ───────────────────────────────────────────────────────────────────────────────────

    def _handle(
        self,
        event: Event,
        *,
        asked: str = "",
        foretold: Callable[[], None] | None = None,
        replies: list[ReplyTo] | None = None,
    ) -> Verdict | None:
        """Carry out one event. Returns the verdict on the request `asked`, `None` if it is held or none was asked."""
        deliveries: list[Deliver] = []
        paths: list[ShowPath | HidePath] = []
        verdict: Verdict | None = None
        broke: JournalError | None = None
        with self._lock:
            now = self._clock()
            session, orders = self._session.handle(event, now)
            if foretold is not None and self._broken is None and _allows(orders, asked):
                foretold()
            written: list[Record] = []
            for order in orders:
                match order:
                    case Write(record):
                        if self._broken is None:
                            try:
                                self._journal.append(record, now=now)
                                written.append(record)
                            except JournalError as error:
                                self._broken = broke = error
                    case Deliver(_, request, word):
                        final = word if self._broken is None else _NOT_RECORDED
                        if request == asked:
                            verdict = final
                        else:
                            deliveries.append(order if final is word else Deliver(order.gate, request, final))
                    case WakeAt(moment):
                        self._wake(moment)
                    case ShowPath() | HidePath():
                        if self._broken is None or isinstance(order, HidePath):
                            paths.append(order)
                    case Stop(why):
                        self._on_stop(why)
                    case ReplyTo():
                        if replies is not None and self._broken is None:
                            replies.append(order)
                    case _:
                        assert_never(order)
            self._session = session
            if asked and verdict is None and self._broken is not None:
                verdict = _NOT_RECORDED
        for path in paths:
            self._on_path(path)
        for delivery in deliveries:
            gate = self._gates.get(delivery.gate)
            if gate is not None:
                gate.deliver(delivery.request, delivery.verdict)
        for record in written:
            self._on_record(record)
        if broke is not None:
            self._on_broken(broke)
        return verdict


def _allows(orders: tuple[Order, ...], asked: str) -> bool:
    """Whether the request is allowed once these orders are carried out."""
    return any(isinstance(order, Deliver) and order.request == asked and order.verdict.allowed for order in orders)
