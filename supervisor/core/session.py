"""The session as a value: `handle(event, now)` returns the next session and the orders that carry it out.

Theory. A request becomes a decision of the policy. Allow and deny are delivered at once; ask opens an escalation, or
joins one that waits already: an equal one, or one about a burst that it is part of. A human's answer, a grant, the end
of the wait or the end of the session turns every request that an escalation holds into exactly one verdict. Nothing
here reads a clock or touches the world, so feeding a journal's requests and answers through it again gives the same
verdicts.

Invariants: the `Write` of a decision comes before its `Deliver`; every held request is delivered exactly once or was
withdrawn; no path but a decision *allow* or a human's answer leads to an allow verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, assert_never

from supervisor.core.approvers import Agreed, missing, unvouched, wants_more
from supervisor.core.burst import adds, burst_key, fits, may_be_one, merged
from supervisor.core.escalation import MAX_GRANT_MINUTES, Escalation, Stage, question_digest, refusal
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
from supervisor.model.condition import Condition, strictest
from supervisor.model.decision import By, Decision, Verdict
from supervisor.model.effect import Effect
from supervisor.model.event import (
    DecisionRecord,
    EscalationAnswered,
    EscalationExpired,
    EscalationOpened,
    EscalationShown,
    Fault,
    GatesChecked,
    GrantAdded,
    GrantEnded,
    RequestRecord,
    SessionEnded,
    VerdictRecord,
)
from supervisor.model.grant import Answer, Grant, PathMatcher
from supervisor.model.request import GateName, Request
from supervisor.model.visible import visible
from supervisor.policy.offers import offers
from supervisor.policy.rego_tighten import decide_under, has_conditions, tighten
from supervisor.policy.scope import Scope

MAX_WAITING: Final = 200
"""Open questions at once; what comes on top is denied, so that a flood cannot bury the one that matters."""

REPEAT: Final = timedelta(seconds=60)
"""For this long a human's deny also answers the same question asked again."""

GROWS: Final = timedelta(seconds=60)
"""For this long after it was opened a question takes in more of its burst. A burst is held within seconds; who goes on
adding would keep a human from ever reading to the end, so what comes later is the next question."""

NOT_SHOWN: Final = "it could not be shown: "
"""How the reason begins with which a granted path ends that the cell never saw."""

Step = tuple["Session", tuple[Order, ...]]


@dataclass(frozen=True, slots=True)
class Denied:
    """A question that a human denied, and until when that answers the same one; of a burst, any part of it."""

    question: Escalation
    until: datetime
    message: str

    def answers(self, request: Request, digest: str, burst: str) -> bool:
        """True when this denied just that, or more of the same."""
        if digest == self.question.digest:
            return True
        return bool(burst) and burst == self.question.burst and not adds(self.question.request, request)


_EMPTY: Final[Mapping[str, Escalation]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Session:
    """Everything that decides; `deadline` is when the scope's `expires` runs out, `None` = never.

    `unattended` says why no human will answer (`--headless`); then what would ask is denied at once.
    """

    scope: Scope
    deadline: datetime | None = None
    unattended: str = ""
    grants: tuple[Grant, ...] = ()
    waiting: Mapping[str, Escalation] = field(default_factory=lambda: _EMPTY)
    denied: tuple[Denied, ...] = ()
    opened: int = 0
    granted: int = 0
    over: bool = False

    def handle(self, event: Event, now: datetime) -> Step:
        """Apply one event at `now` (aware). Pure; the orders are to be carried out in their order."""
        match event:
            case Asked():
                return self._asked(event.request, event.condition, now)
            case Withdrawn():
                return self._withdrawn(event.request, event.why)
            case Ended():
                return self, (Write(event.record),)
            case Shown():
                return self._shown(event, now)
            case Answered():
                return self._answered(event, now)
            case GrantRevoked():
                return self._end_grant(event.grant, f"taken back by {event.by}")
            case PathGranted():
                return self._grant_path(event, now)
            case PathFailed():
                return self._end_grant(event.grant, f"{NOT_SHOWN}{visible(event.why)}")
            case Tick():
                return self._tick(now)
            case Broke():
                return self, (Write(Fault(event.part, event.what)),)
            case Checked():
                return self._checked(event.record)
            case AgentEnded():
                return self._ended(event)
            case _:
                assert_never(event)

    # ── a request ────────────────────────────────────────────────────────────────────────────────

    def _asked(self, request: Request, condition: Condition | None, now: datetime) -> Step:
        decision = self._decide(request, condition, now)
        decided = Write(DecisionRecord(request, decision.effect, decision))
        if decision.effect is Effect.ALLOW:
            by = By.GRANT if decision.grant else By.POLICY
            asked = next((grant.escalation for grant in self.grants if grant.id == decision.grant), "")
            verdict = Verdict(Effect.ALLOW, by, escalation=asked)
            return self, (decided, *_deliver(request, verdict, decision.grant))
        if decision.effect is Effect.DENY:
            by = By.ENDED if self._is_over(now) else By.POLICY
            return self, (decided, *_deliver(request, Verdict(Effect.DENY, by, denial(decision))))
        return self._escalate(request, decision, decided, now)

    def _decide(self, request: Request, condition: Condition | None, now: datetime) -> Decision:
        if self._is_over(now):
            why = "the session has ended" if self.over else "the task's time is over"
            return Decision(Effect.DENY, explain=why, needs="a new session", scope=self.scope.digest)
        return decide_under(self.scope, self.grants, request, now, condition)

    def _is_over(self, now: datetime) -> bool:
        return self.over or (self.deadline is not None and now >= self.deadline)

    def _escalate(self, request: Request, decision: Decision, decided: Write, now: datetime) -> Step:
        if self.unattended:
            verdict = Verdict(Effect.DENY, By.TIMEOUT, denial(replace(decision, explain=self.unattended)))
            return self, (decided, *_deliver(request, verdict, self.unattended))
        digest, burst = question_digest(request, decision), burst_key(request, decision)
        for denied in self.denied:
            if now < denied.until and denied.answers(request, digest, burst):
                verdict = Verdict(Effect.DENY, By.HUMAN, denied.message)
                return self, (decided, *_deliver(request, verdict, "the same question was denied a moment ago"))
        for escalation in self.waiting.values():
            joined = self._joined(escalation, request, decision, digest, burst, now)
            if joined is not None:
                return self._with(joined[0]), (decided, Write(joined[1]))
        if len(self.waiting) >= MAX_WAITING:
            message = f"{MAX_WAITING} questions wait for a human already; try again when some are answered"
            return self, (decided, *_deliver(request, Verdict(Effect.DENY, By.FAULT, _line(message))))
        expires = now + self.scope.approvals.wait
        if self.deadline is not None:
            expires = min(expires, self.deadline)
        escalation = Escalation(
            id=f"e{self.opened + 1}",
            request=request,
            decision=decision,
            digest=digest,
            opened=now,
            expires=expires,
            offers=offers(request, decision),
            holders=(request.id,),
            burst=burst,
        )
        opened = EscalationOpened(escalation.id, request, decision, digest, expires, escalation.offers)
        session = replace(self._with(escalation), opened=self.opened + 1)
        return session, (decided, Write(opened), WakeAt(expires))

    def _joined(
        self, escalation: Escalation, request: Request, one: Decision, digest: str, burst: str, now: datetime
    ) -> tuple[Escalation, RequestRecord] | None:
        """The question with one more request that waits for its answer; `None` where the request is another one."""
        equal, part = escalation.digest == digest, bool(burst) and burst == escalation.burst
        if not equal and not part:
            return None
        held = replace(escalation, holders=(*escalation.holders, request.id))
        if equal or not adds(escalation.request, request):
            return held, RequestRecord(request, escalation.id)
        if now >= escalation.opened + GROWS or not fits(escalation.request, request):
            return None
        whole = merged(escalation.request, request)
        conditions = [each.condition for each in (escalation.decision, one) if each.condition is not None]
        decision = self._decide(whole, strictest(conditions) if conditions else None, now)
        if not may_be_one(escalation.decision, decision):
            return None
        grown = held.grown(whole, decision)
        return grown, RequestRecord(request, escalation.id, grown.digest, decision)

    # ── a human ──────────────────────────────────────────────────────────────────────────────────

    def _shown(self, event: Shown, now: datetime) -> Step:
        escalation = self.waiting.get(event.escalation)
        if escalation is None or escalation.stage is Stage.SHOWN:
            return self, ()
        if event.digest and event.digest != escalation.digest:
            return self, ()
        shown = replace(escalation.step("shown"), shown=now)
        return self._with(shown), (Write(EscalationShown(escalation.id, event.console)),)

    def _answered(self, event: Answered, now: datetime) -> Step:
        answer = event.answer
        escalation = self.waiting.get(answer.escalation)
        who = event.approver or unvouched(answer.by)
        why = "the session has ended" if self.over else refusal(escalation, answer, who, now=now)
        why = why or _no_longer(escalation, answer, event.condition)
        if why:
            return self, (ReplyTo(answer.escalation, False, why),)
        assert escalation is not None
        dwell = -1 if escalation.shown is None else round((now - escalation.shown).total_seconds() * 1000)
        taken = EscalationAnswered(escalation.id, answer.choice, answer.by, answer.message, dwell)
        if escalation.several:
            taken = replace(taken, approver=event.approver, receipt=event.receipt)
        if answer.choice != "deny" and escalation.several:
            agreed = replace(escalation, agreed=(*escalation.agreed, Agreed(who, now)))
            if left := missing(agreed.decision, agreed.agreed):
                return self._agreed(agreed, taken, left, now)
        orders: tuple[Order, ...] = (Write(taken),)
        if answer.choice == "deny":
            return self._denied(escalation, answer, orders, now)
        closed = escalation.step("answered")
        session = self._without(closed.id)
        verdict = Verdict(Effect.ALLOW, By.HUMAN)
        orders = (*orders, *_deliver_all(closed, verdict, f"allowed by {answer.by}"), ReplyTo(closed.id, True))
        if answer.choice == "once":
            return session, orders
        session, granting = session._grant(closed, answer, now)
        return session, (*orders, *granting)

    def _agreed(self, escalation: Escalation, taken: EscalationAnswered, left: int, now: datetime) -> Step:
        """One of several humans has agreed, and the others must before long."""
        use_by = escalation.use_by or now + self.scope.approvals.use_within
        kept = replace(escalation, use_by=use_by)
        note = f"taken; {left} more {'person' if left == 1 else 'people'} must agree within {_minutes(kept.due - now)}"
        wrote = Write(replace(taken, use_by=kept.due))
        return self._with(kept), (wrote, WakeAt(kept.due), ReplyTo(kept.id, True, note))

    def _denied(self, escalation: Escalation, answer: Answer, orders: tuple[Order, ...], now: datetime) -> Step:
        said = f": {answer.message}" if answer.message else ""
        message = _line(f"{answer.by} denied this{said}")
        kept = tuple(entry for entry in self.denied if now < entry.until)
        session = replace(
            self._without(escalation.step("answered").id), denied=(*kept, Denied(escalation, now + REPEAT, message))
        )
        verdict = Verdict(Effect.DENY, By.HUMAN, message)
        delivered = _deliver_all(escalation, verdict, f"denied by {answer.by}")
        return session, (*orders, *delivered, ReplyTo(escalation.id, True))

    # ── grants ───────────────────────────────────────────────────────────────────────────────────

    def _grant(self, escalation: Escalation, answer: Answer, now: datetime) -> Step:
        assert answer.matcher is not None
        expires = now + timedelta(minutes=answer.minutes)
        if self.deadline is not None:
            expires = min(expires, self.deadline)
        grant = Grant(f"g{self.granted + 1}", answer.matcher, expires, answer.by, escalation.id, answer.message)
        session = replace(self, grants=(*self.grants, grant), granted=self.granted + 1)
        orders: tuple[Order, ...] = (Write(GrantAdded(grant)), WakeAt(expires))
        # What else waits may be covered by the same grant: ask the policy again rather than guess.
        for other in tuple(session.waiting.values()):
            if has_conditions(session.scope):
                continue  # what was asked of conditions then may not hold any more: each gets its own answer
            decision = session._decide(other.request, None, now)
            if decision.effect is Effect.ALLOW and decision.grant:
                session = session._without(other.id)
                answered = EscalationAnswered(other.id, "task", answer.by, f"covered by grant {grant.id}")
                verdict = Verdict(Effect.ALLOW, By.GRANT)
                orders = (*orders, Write(answered), *_deliver_all(other, verdict, decision.grant))
        return session, orders

    def _grant_path(self, event: PathGranted, now: datetime) -> Step:
        if why := self._no_path(event, now):
            return self, (ReplyTo("", False, why),)
        expires = now + timedelta(minutes=event.minutes)
        if self.deadline is not None:
            expires = min(expires, self.deadline)
        grant = Grant(f"g{self.granted + 1}", PathMatcher(event.path, event.write), expires, event.by)
        session = replace(self, grants=(*self.grants, grant), granted=self.granted + 1)
        return session, (Write(GrantAdded(grant)), ShowPath(grant), WakeAt(expires), ReplyTo(grant.id, True))

    def _no_path(self, event: PathGranted, now: datetime) -> str:
        """Why a path is not granted, in words for the human; empty if it is."""
        if self._is_over(now):
            return "the session has ended" if self.over else "the task's time is over"
        if not event.by:
            return "the grant does not say whose it is"
        if not 1 <= event.minutes <= MAX_GRANT_MINUTES:
            return f"a grant lasts between 1 and {MAX_GRANT_MINUTES} minutes"
        for grant in self.grants:
            if isinstance(grant.matcher, PathMatcher) and _overlap(grant.matcher.path, event.path):
                return f"{grant.id} shows {visible(grant.matcher.path)} already: end it first"
        return ""

    def _end_grant(self, grant: str, why: str) -> Step:
        ended = next((known for known in self.grants if known.id == grant), None)
        if ended is None:
            return self, ()
        kept = tuple(known for known in self.grants if known.id != grant)
        gone: tuple[Order, ...] = (HidePath(grant),) if isinstance(ended.matcher, PathMatcher) else ()
        return replace(self, grants=kept), (Write(GrantEnded(grant, why)), *gone)

    # ── endings ──────────────────────────────────────────────────────────────────────────────────

    def _withdrawn(self, request: str, why: str) -> Step:
        for escalation in self.waiting.values():
            if request not in escalation.holders:
                continue
            told = Write(VerdictRecord(request, Effect.DENY, By.ENDED, visible(why), escalation.id))
            left = escalation.without(request)
            if left.holders:
                return self._with(left), (told,)
            closed = EscalationExpired(left.step("withdrawn").id, visible(why))
            return self._without(escalation.id), (Write(closed), told)
        return self, ()

    def _tick(self, now: datetime) -> Step:
        session, orders = self, tuple[Order, ...]()
        for escalation in self.waiting.values():
            if now >= escalation.due:
                waited = _too_late(escalation)
                session = session._without(escalation.step("expired").id)
                verdict = Verdict(Effect.DENY, By.TIMEOUT, _line(waited))
                closed = Write(EscalationExpired(escalation.id, waited))
                orders = (*orders, closed, *_deliver_all(escalation, verdict, waited))
        for grant in self.grants:
            if now >= grant.expires:
                session, ended = session._end_grant(grant.id, "its time is over")
                orders = (*orders, *ended)
        return session, orders

    def _checked(self, record: GatesChecked) -> Step:
        """A gate that does not hold ends the session; nothing is allowed from here on, whatever still asks."""
        failed = [gate for gate in record.gates if not gate.holds]
        if not failed:
            return self, (Write(record),)
        faults = tuple(Write(Fault(gate.name, visible(gate.detail))) for gate in failed)
        names = " and ".join(gate.name for gate in failed)
        why = f"the {names} gate{'s' if len(failed) > 1 else ''} failed the canary: {failed[0].detail}"
        return replace(self, over=True), (Write(record), *faults, Stop(visible(why)))

    def _ended(self, event: AgentEnded) -> Step:
        orders: tuple[Order, ...] = ()
        for escalation in self.waiting.values():
            verdict = Verdict(Effect.DENY, By.ENDED, _line("the session has ended"))
            closed = Write(EscalationExpired(escalation.id, "the session has ended"))
            orders = (*orders, closed, *_deliver_all(escalation, verdict, "the session has ended"))
        orders = (*orders, *(Write(GrantEnded(grant.id, "the session has ended")) for grant in self.grants))
        last = Write(SessionEnded(event.exit_code, event.why, event.cast_sha256))
        return replace(self, waiting=_EMPTY, grants=(), over=True), (*orders, last)

    # ── pieces ───────────────────────────────────────────────────────────────────────────────────

    def _with(self, escalation: Escalation) -> Session:
        return replace(self, waiting=MappingProxyType({**self.waiting, escalation.id: escalation}))

    def _without(self, escalation: str) -> Session:
        return replace(
            self, waiting=MappingProxyType({key: item for key, item in self.waiting.items() if key != escalation})
        )


def _no_longer(escalation: Escalation | None, answer: Answer, condition: Condition | None) -> str:
    """Why an allow comes too late for the scope's conditions, in words for the human; empty if it does not."""
    if condition is None or escalation is None or answer.choice == "deny":
        return ""
    before, by_now = escalation.decision, tighten(escalation.decision, condition, escalation.request.action)
    if by_now.effect is Effect.DENY:
        return f"it is denied by now: {by_now.explain}"
    if answer.choice == "task" and condition.minutes is not None and answer.minutes > condition.minutes:
        return f"by now a grant for it lasts at most {condition.minutes} minutes"
    if wants_more(by_now, before) or (condition.reason and not answer.message.strip()):
        return "by now more is asked for it: deny it, and let it be asked again"
    return ""


def denial(decision: Decision) -> str:
    """The one line that the asking program gets about a deny of the policy: why, and what would help."""
    because = next((rule.because for rule in decision.rules if rule.because), "")
    line = f"{decision.explain} ({because})" if because and because not in decision.explain else decision.explain
    return _line(f"{line}; to go on, ask for: {decision.needs}" if decision.needs else line)


def _deliver(request: Request, verdict: Verdict, detail: str = "") -> tuple[Order, ...]:
    record = VerdictRecord(request.id, verdict.effect, verdict.by, visible(detail))
    return Write(record), Deliver(request.gate, request.id, verdict)


def _deliver_all(escalation: Escalation, verdict: Verdict, detail: str) -> tuple[Order, ...]:
    gate: GateName = escalation.request.gate
    orders: list[Order] = []
    for holder in escalation.holders:
        orders.append(Write(VerdictRecord(holder, verdict.effect, verdict.by, visible(detail), escalation.id)))
        orders.append(Deliver(gate, holder, verdict))
    return tuple(orders)


def _line(text: str) -> str:
    return f"agent-supervise: denied: {visible(text)}"


def _overlap(path: str, other: str) -> bool:
    """Whether one path is the other or lies in it; both absolute, without links."""
    return path == other or path.startswith(f"{other.rstrip('/')}/") or other.startswith(f"{path.rstrip('/')}/")


def _too_late(escalation: Escalation) -> str:
    if not escalation.agreed:
        return f"nobody answered within {_minutes(escalation.expires - escalation.opened)}"
    left = missing(escalation.decision, escalation.agreed)
    since = _minutes(escalation.due - escalation.agreed[0].at)
    return f"{left} more {'person' if left == 1 else 'people'} had to agree, and did not within {since} of the first"


def _minutes(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    # Of minutes nobody wants the seconds: a quarter of an hour that began a moment ago is one.
    return f"{-(-seconds // 60)} min" if seconds >= 120 or seconds == 60 else f"{seconds} s"
