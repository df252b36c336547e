"""A journal replayed through the session core: the same requests and answers must give the same decisions and verdicts.

What went into the session is in its journal: requests stand in decisions, answers in `escalation.answered` and
`grant.added`, the clock in the times of the lines. Replaying shows that the recorded verdicts are what this scope and
these answers lead to, and nothing else. A record whose secrets were taken out may differ where a rule looks at one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from supervisor.core.escalation import Stage
from supervisor.core.orders import (
    AgentEnded,
    Answered,
    Asked,
    Checked,
    Event,
    GrantRevoked,
    PathFailed,
    PathGranted,
    Shown,
    Tick,
    Withdrawn,
    Write,
)
from supervisor.core.session import NOT_SHOWN, Session
from supervisor.journal.account import JOURNAL_FIELDS
from supervisor.model.codec import Json, Malformed, canonical, from_json, parse_rfc3339, to_json
from supervisor.model.decision import By
from supervisor.model.event import (
    DecisionRecord,
    EscalationAnswered,
    EscalationExpired,
    EscalationOpened,
    EscalationShown,
    GatesChecked,
    GrantAdded,
    GrantEnded,
    Record,
    RequestRecord,
    ScopeLoaded,
    SessionEnded,
    VerdictRecord,
)
from supervisor.model.grant import Answer, Grant, PathMatcher
from supervisor.model.visible import from_visible
from supervisor.policy.scope import Scope

Line = tuple[int, datetime, Record]
_DECIDED: Final = (
    DecisionRecord,
    RequestRecord,
    EscalationOpened,
    EscalationShown,
    EscalationAnswered,
    EscalationExpired,
    GrantAdded,
    GrantEnded,
    VerdictRecord,
    GatesChecked,
    SessionEnded,
)
"""The kinds that the core writes; the rest are told by gates and the runtime and pass through it unchanged."""

_TAKEN_BACK: Final = "taken back by "


@dataclass(frozen=True, slots=True)
class Difference:
    """The first line that the replay does not lead to: `recorded` stands there, `replayed` would (None = nothing)."""

    seq: int
    recorded: Json | None
    replayed: Json | None


def replay(lines: Iterable[Json], scope: Scope, *, unattended: str | None = None) -> Difference | None:
    """Where a journal departs from what `scope` and its answers lead to; `None` if nowhere.

    `unattended` is what the session was started with; `None` takes it from the first verdict that it led to. Raises
    `Malformed` for a line that is not understood.
    """
    records = list(_records(lines))
    unattended = _unattended(records) if unattended is None else unattended
    deadline = next((record.expires for _, _, record in records if isinstance(record, ScopeLoaded)), None)
    session = Session(scope=scope, deadline=deadline, unattended=unattended)
    recorded = [line for line in records if isinstance(line[2], _DECIDED)]
    at = 0
    while at < len(recorded):
        seq, moment, record = recorded[at]
        event = _event(session, recorded[at:])
        if event is None or _is_torn(session, recorded[at:]):
            return Difference(seq, _plain(record), None) if event is None else None
        session, orders = session.handle(event, moment)
        written = [order.record for order in orders if isinstance(order, Write) and isinstance(order.record, _DECIDED)]
        if not written:
            return Difference(seq, _plain(record), None)
        # A session that crashed may have ended between two records of one step.
        for replayed, (seq, _, wanted) in zip(written, recorded[at:], strict=False):
            if not _same(_plain(wanted), _plain(replayed)):
                return Difference(seq, _plain(wanted), _plain(replayed))
        at += len(written)
    return None


def _unattended(records: list[Line]) -> str:
    """Why no human was there: a question that nobody could be asked ends in a timeout without an escalation."""
    for _, _, record in records:
        if isinstance(record, VerdictRecord) and record.by is By.TIMEOUT and not record.escalation:
            return from_visible(record.detail)
    return ""


def _records(lines: Iterable[Json]) -> Iterator[Line]:
    for line in lines:
        fields = {key: value for key, value in line.items() if key not in JOURNAL_FIELDS}
        try:
            yield int(line["seq"]), parse_rfc3339(line["time"]), from_json(Record, fields)
        except (KeyError, TypeError, ValueError) as error:
            raise Malformed(f"line {line.get('seq')}: {error}") from error


def _event(session: Session, rest: list[Line]) -> Event | None:
    """What must have happened that the next record is the first of; `None` if nothing that the core knows."""
    moment, record = rest[0][1], rest[0][2]
    match record:
        case DecisionRecord():
            return Asked(record.request, record.decision.condition)
        case EscalationShown():
            return Shown(record.escalation, record.console)
        case EscalationAnswered():
            return _answered(session, record, rest)
        case EscalationExpired():
            told = next((line[2] for line in rest if isinstance(line[2], VerdictRecord)), None)
            if told is None or told.by is By.TIMEOUT:
                return Tick()
            return _end(rest, moment) or Withdrawn(told.request, from_visible(record.why))
        case VerdictRecord(by=By.ENDED):
            return Withdrawn(record.request, from_visible(record.detail))
        case GrantAdded(grant=Grant(matcher=PathMatcher(path=path, write=write))):
            minutes = -(-(record.grant.expires - moment) // timedelta(minutes=1))
            return PathGranted(path, write, minutes, record.grant.by)
        case GrantEnded():
            if record.why.startswith(NOT_SHOWN):
                return PathFailed(record.grant, from_visible(record.why.removeprefix(NOT_SHOWN)))
            if record.why.startswith(_TAKEN_BACK):
                return GrantRevoked(record.grant, record.why.removeprefix(_TAKEN_BACK))
            return _end(rest, moment) or Tick()
        case GatesChecked():
            return Checked(record)
        case SessionEnded():
            return AgentEnded(record.exit_code, record.why, record.cast_sha256)
        case _:
            return None


def _answered(session: Session, record: EscalationAnswered, rest: list[Line]) -> Event | None:
    escalation = session.waiting.get(record.escalation)
    if escalation is None or record.choice not in ("once", "task", "deny"):
        return None
    grant = next(
        (
            line[2].grant
            for line in rest
            if isinstance(line[2], GrantAdded) and line[2].grant.escalation == record.escalation
        ),
        None,
    )
    minutes = -(-(grant.expires - rest[0][1]) // timedelta(minutes=1)) if grant and record.choice == "task" else 0
    return Answered(
        Answer(
            escalation=record.escalation,
            choice=record.choice,  # type: ignore[arg-type]
            digest=escalation.digest,
            message=record.message,
            typed=escalation.required_name,
            matcher=grant.matcher if grant and record.choice == "task" else None,
            minutes=minutes,
            by=record.by,
        ),
        approver=record.approver,
        receipt=record.receipt,
    )


def _is_torn(session: Session, rest: list[Line]) -> bool:
    """Whether the journal breaks off after an answer for the task and before its grant, which says what it covers."""
    first = rest[0][2]
    if not isinstance(first, EscalationAnswered) or first.choice != "task":
        return False
    escalation = session.waiting.get(first.escalation)
    shown = escalation is not None and escalation.stage is Stage.SHOWN
    return shown and all(
        isinstance(record, VerdictRecord) and record.escalation == first.escalation for _, _, record in rest[1:]
    )


def _end(rest: list[Line], moment: datetime) -> AgentEnded | None:
    """The end of the session, if it is what happens at this moment."""
    last = rest[-1][2]
    if isinstance(last, SessionEnded) and rest[-1][1] == moment:
        return AgentEnded(last.exit_code, last.why, last.cast_sha256)
    return None


def _same(recorded: Json, replayed: Json) -> bool:
    """Whether two records agree; where a secret was taken out, words and digests differ and the gist counts."""
    if recorded == replayed:
        return True
    return "⟨redacted:" in canonical(recorded) and _gist(recorded) == _gist(replayed)


def _gist(record: Json) -> Json:
    """What was decided about which request, by what: a record without its words."""
    decision = record.get("decision", {})
    kept: Json = {key: record[key] for key in ("kind", "effect", "by", "escalation", "choice") if key in record}
    request = record.get("request")
    return {
        **kept,
        "request": request.get("id") if isinstance(request, dict) else request,
        "decided": decision.get("effect"),
        "rules": [(rule.get("file"), rule.get("line")) for rule in decision.get("rules", ())],
    }


def _plain(record: Record) -> Json:
    plain: Json = to_json(record)
    return plain
