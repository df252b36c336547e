"""What a journal comes to: requests with their verdicts, questions with their answers, grants with their ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from supervisor.core.burst import merged
from supervisor.model.codec import Json, Malformed, from_json, parse_rfc3339
from supervisor.model.decision import Decision
from supervisor.model.effect import Effect
from supervisor.model.event import (
    CredentialEnded,
    CredentialMinted,
    DecisionRecord,
    EscalationAnswered,
    EscalationExpired,
    EscalationOpened,
    EscalationShown,
    Fault,
    FilesLeft,
    GatesChecked,
    GrantAdded,
    GrantEnded,
    LimitReached,
    Record,
    RequestRecord,
    ScopeLoaded,
    SessionEnded,
    SessionStarted,
    VerdictRecord,
)
from supervisor.model.request import Request
from supervisor.policy.offers import offers

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
JOURNAL_FIELDS: Final = frozenset({"seq", "time", "prev", "hash"})


@dataclass(frozen=True, slots=True)
class Judged:
    """A request, what the policy said (line `seq`), and what its gate was told; `verdict` None = never told."""

    seq: int
    time: datetime
    request: Request
    decision: Decision
    effect: Effect
    verdict: VerdictRecord | None = None
    told: datetime | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """An escalation and everything that happened to it. `holders` are the requests that waited for it.

    `record` is what was asked in the end: a burst of AWS calls grows the question that it began with.
    """

    seq: int
    opened: datetime
    record: EscalationOpened
    holders: tuple[str, ...]
    shown: tuple[tuple[datetime, EscalationShown], ...] = ()
    answers: tuple[tuple[datetime, EscalationAnswered], ...] = ()
    expired: tuple[datetime, str] | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A grant: when it began, and when and why it ended, if it did."""

    seq: int
    added: datetime
    record: GrantAdded
    ended: tuple[datetime, str] | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A credential of the task, and when and why it ended, if it did."""

    seq: int
    minted: datetime
    record: CredentialMinted
    ended: tuple[datetime, str] | None = None


@dataclass(slots=True)
class Account:
    """The whole session, in the order in which things began. Dicts are keyed by the ids of their records."""

    session: SessionStarted | None = None
    scope: ScopeLoaded | None = None
    end: SessionEnded | None = None
    started: datetime = _EPOCH
    last: datetime = _EPOCH
    requests: dict[str, Judged] = field(default_factory=dict)
    questions: dict[str, Question] = field(default_factory=dict)
    grants: dict[str, Kept] = field(default_factory=dict)
    credentials: dict[str, Held] = field(default_factory=dict)
    faults: list[tuple[int, datetime, Fault]] = field(default_factory=list)
    left: FilesLeft | None = None
    rounds: int = 0
    """How often every gate was shown to hold."""
    limits: list[tuple[datetime, LimitReached]] = field(default_factory=list)
    lines: int = 0
    unreadable: list[int] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long the session lasted, or has lasted by its last line."""
        return max(0.0, (self.last - self.started).total_seconds())

    def counts(self) -> dict[str, int]:
        """How many requests were allowed, asked about and denied in the end; and what else was counted."""
        verdicts = [judged.verdict for judged in self.requests.values()]
        return {
            "requests": len(self.requests),
            "allowed": sum(verdict is not None and verdict.effect is Effect.ALLOW for verdict in verdicts),
            "denied": sum(verdict is not None and verdict.effect is not Effect.ALLOW for verdict in verdicts),
            "asked": len(self.questions),
            "answered": sum(bool(question.answers) for question in self.questions.values()),
            "unanswered": sum(not question.answers for question in self.questions.values()),
            "grants": len(self.grants),
            "faults": len(self.faults),
        }


def account(lines: Iterable[Json]) -> Account:
    """The account of journal lines; total: a line that is not understood is counted in `unreadable` by its number."""
    whole = Account()
    for line in lines:
        whole.lines += 1
        try:
            moment = parse_rfc3339(line["time"])
            record = from_json(Record, {key: value for key, value in line.items() if key not in JOURNAL_FIELDS})
        except (Malformed, ValueError, TypeError, KeyError, RecursionError):
            whole.unreadable.append(whole.lines)
            continue
        if whole.started is _EPOCH:
            whole.started = moment
        whole.last = moment
        step = _STEPS.get(type(record))
        if step is not None:
            step(whole, record, moment)
    return whole


def _started(whole: Account, record: SessionStarted, moment: datetime) -> None:
    whole.session, whole.started = record, moment


def _scope(whole: Account, record: ScopeLoaded, moment: datetime) -> None:
    whole.scope = record


def _decided(whole: Account, record: DecisionRecord, moment: datetime) -> None:
    whole.requests[record.request.id] = Judged(whole.lines - 1, moment, record.request, record.decision, record.effect)


def _told(whole: Account, record: VerdictRecord, moment: datetime) -> None:
    judged = whole.requests.get(record.request)
    if judged is not None:
        whole.requests[record.request] = replace(judged, verdict=record, told=moment)


def _opened(whole: Account, record: EscalationOpened, moment: datetime) -> None:
    whole.questions[record.escalation] = Question(whole.lines - 1, moment, record, (record.request.id,))


def _joined(whole: Account, record: RequestRecord, moment: datetime) -> None:
    def join(known: Question) -> Question:
        asked = known.record
        if record.digest and record.decision:
            request, decision = merged(asked.request, record.request), record.decision
            made = offers(request, decision)
            asked = replace(asked, request=request, decision=decision, digest=record.digest, offers=made)
        return replace(known, record=asked, holders=(*known.holders, record.request.id))

    _ask(whole, record.escalation, join)


def _shown(whole: Account, record: EscalationShown, moment: datetime) -> None:
    _ask(whole, record.escalation, lambda known: replace(known, shown=(*known.shown, (moment, record))))


def _answered(whole: Account, record: EscalationAnswered, moment: datetime) -> None:
    _ask(whole, record.escalation, lambda known: replace(known, answers=(*known.answers, (moment, record))))


def _expired(whole: Account, record: EscalationExpired, moment: datetime) -> None:
    _ask(whole, record.escalation, lambda known: replace(known, expired=(moment, record.why)))


def _ask(whole: Account, escalation: str, change: Callable[[Question], Question]) -> None:
    known = whole.questions.get(escalation)
    if known is not None:
        whole.questions[escalation] = change(known)


def _granted(whole: Account, record: GrantAdded, moment: datetime) -> None:
    whole.grants[record.grant.id] = Kept(whole.lines - 1, moment, record)


def _grant_ended(whole: Account, record: GrantEnded, moment: datetime) -> None:
    if record.grant in whole.grants:
        whole.grants[record.grant] = replace(whole.grants[record.grant], ended=(moment, record.why))


def _minted(whole: Account, record: CredentialMinted, moment: datetime) -> None:
    whole.credentials[record.credential] = Held(whole.lines - 1, moment, record)


def _credential_ended(whole: Account, record: CredentialEnded, moment: datetime) -> None:
    if record.credential in whole.credentials:
        known = whole.credentials[record.credential]
        whole.credentials[record.credential] = replace(known, ended=(moment, record.why))


def _broke(whole: Account, record: Fault, moment: datetime) -> None:
    whole.faults.append((whole.lines - 1, moment, record))


def _checked(whole: Account, record: GatesChecked, moment: datetime) -> None:
    whole.rounds += all(gate.holds for gate in record.gates)


def _limited(whole: Account, record: LimitReached, moment: datetime) -> None:
    whole.limits.append((moment, record))


def _left(whole: Account, record: FilesLeft, moment: datetime) -> None:
    whole.left = record


def _ended(whole: Account, record: SessionEnded, moment: datetime) -> None:
    whole.end = record


_STEPS: Final[dict[type, Callable[[Account, Any, datetime], None]]] = {
    SessionStarted: _started,
    ScopeLoaded: _scope,
    DecisionRecord: _decided,
    VerdictRecord: _told,
    EscalationOpened: _opened,
    RequestRecord: _joined,
    EscalationShown: _shown,
    EscalationAnswered: _answered,
    EscalationExpired: _expired,
    GrantAdded: _granted,
    GrantEnded: _grant_ended,
    CredentialMinted: _minted,
    CredentialEnded: _credential_ended,
    Fault: _broke,
    FilesLeft: _left,
    GatesChecked: _checked,
    LimitReached: _limited,
    SessionEnded: _ended,
}
