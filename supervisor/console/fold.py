"""The fold: what each kind of journal line adds to the story.

It reads no clock, holds no state of its own, and never fails: a line that is not understood becomes an entry that says
so. A live session and a review are told by the same fold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from shlex import quote
from typing import Any, Final

from supervisor.console import words
from supervisor.console.entry import WAITS, Entry, Kind
from supervisor.console.left import cut
from supervisor.console.look import Mark
from supervisor.console.story import Proved, Story, Waiting
from supervisor.core.burst import merged
from supervisor.model.codec import Json, Malformed, from_json, parse_rfc3339
from supervisor.model.decision import By, Decision
from supervisor.model.effect import Effect
from supervisor.model.event import (
    CredentialEnded,
    CredentialMinted,
    DecisionRecord,
    EscalationAnswered,
    EscalationExpired,
    EscalationOpened,
    Fault,
    FilesLeft,
    GatesChecked,
    GrantAdded,
    GrantEnded,
    LimitReached,
    PathWanted,
    PortClosed,
    PortExposed,
    Proposal,
    Record,
    RequestRecord,
    ScopeLoaded,
    SessionEnded,
    SessionStarted,
    VerdictRecord,
)
from supervisor.model.request import Request
from supervisor.model.visible import visible
from supervisor.policy.offers import offers

RUN: Final = timedelta(seconds=60)
"""Quiet allows of one gate within this time of each other's first are one entry."""

RENEWED: Final = "task token renewed"
IDENTITY: Final = "identity"
"""The part that faults of a session's own task token are of."""
_JOURNAL_FIELDS: Final = frozenset({"seq", "time", "prev", "hash"})


def fold(story: Story, lines: Iterable[Json]) -> Story:
    """Fold journal lines into the story, in their order."""
    for line in lines:
        take(story, line)
    return story


def take(story: Story, line: Json) -> None:
    """Fold one journal line. A line whose `seq` was already told is passed over."""
    seq, moment = line.get("seq"), line.get("time")
    if isinstance(seq, int) and not isinstance(seq, bool):
        if seq < story.next_seq:
            return
        story.next_seq = seq + 1
    try:
        story.last = parse_rfc3339(moment) if isinstance(moment, str) else story.last
        record = from_json(Record, {key: value for key, value in line.items() if key not in _JOURNAL_FIELDS})
    except (Malformed, ValueError, RecursionError) as error:
        story.counts.faults += 1
        _note(
            story, Kind.FAULT, f"journal line {story.next_seq - 1} is not understood", visible(str(error)), Mark.FAULT
        )
        return
    step = _STEPS.get(type(record))
    if step:
        step(story, record, line)


def _note(
    story: Story, kind: Kind, title: str, why: str = "", mark: Mark = Mark.NOTE, line: Json | None = None, **more: Any
) -> Entry:
    """Add an entry; `title` and `why` have gone through `visible` already."""
    number = story.timeline.next_number
    seq = max(story.next_seq - 1, 0)
    entry = Entry(number, seq, story.last, mark, kind, title, why, **more)
    story.timeline.add(entry, line)
    return entry


def _of_request(story: Story, mark: Mark, kind: Kind, request: Request, decision: Decision) -> Entry:
    return Entry(
        number=story.timeline.next_number,
        seq=max(story.next_seq - 1, 0),
        time=story.last,
        mark=mark,
        kind=kind,
        title=words.title(request),
        why=words.why(decision),
        place=words.place(decision),
        who=words.started_by(request.subject.chain[:4]),
        gate=request.gate,
        names=((words.name_of(request.action), 1),),
    )


def _started(story: Story, record: SessionStarted, line: Json) -> None:
    story.session, story.started = record, story.last
    _note(story, Kind.SESSION, f"session started: {visible(' '.join(record.agent))}", line=line)
    for gate in record.weakened:
        _note(story, Kind.SESSION, f"gate {visible(gate)} is weakened for this session", mark=Mark.ASK)


def _scope(story: Story, record: ScopeLoaded, line: Json) -> None:
    story.scope = record
    _note(story, Kind.SESSION, f"scope {visible(record.scope)}", visible(record.source), line=line)


def _minted(story: Story, record: CredentialMinted, line: Json) -> None:
    if record.issuer:
        _acts(story, record, line)
        return
    story.credentials[record.credential] = record
    _note(story, Kind.CREDENTIAL, f"minted: {visible(record.acts_as)}", visible(record.service), Mark.CREDENTIAL, line)


def _acts(story: Story, record: CredentialMinted, line: Json) -> None:
    """A task token: the first is an entry, and each run of renewals is one."""
    story.identity, story.unrenewed = record, None
    story.tokens.add(record.credential)
    why = f"{words.issuer_name(record.issuer)}, {visible(record.service)}"
    last = story.timeline.newest
    if not record.before:
        _note(story, Kind.CREDENTIAL, f"acts as {visible(record.acts_as)}", why, Mark.CREDENTIAL, line)
    elif last and last.kind is Kind.CREDENTIAL and last.title == RENEWED:
        names = ((RENEWED, last.count + 1),)
        story.timeline.put(replace(last, count=last.count + 1, names=names, until=story.last, why=why), line)
    else:
        _note(story, Kind.CREDENTIAL, RENEWED, why, Mark.CREDENTIAL, line)


def _credential_ended(story: Story, record: CredentialEnded, line: Json) -> None:
    acting = story.identity
    if record.credential in story.tokens:
        story.tokens.discard(record.credential)
        if acting and record.credential == acting.credential:
            story.identity = replace(acting, expires=min(acting.expires, story.last))
            _note(story, Kind.CREDENTIAL, "task token ended", visible(record.why), Mark.CREDENTIAL, line)
        return  # one that was renewed has nothing to tell: another is in force
    held = story.credentials.pop(record.credential, None)
    name = visible(held.acts_as if held else record.credential)
    _note(story, Kind.CREDENTIAL, f"ended: {name}", visible(record.why), Mark.CREDENTIAL, line)


def _decided(story: Story, record: DecisionRecord, line: Json) -> None:
    if record.effect is Effect.ALLOW or record.decision.grant:
        story.counts.allowed += 1
        _allowed(story, record, line)
    elif record.effect is Effect.DENY:
        story.counts.denied += 1
        story.timeline.add(_of_request(story, Mark.DENY, Kind.DENIED, record.request, record.decision), line)
    else:
        story.undecided = (record, line)


def _allowed(story: Story, record: DecisionRecord, line: Json) -> None:
    entry = _of_request(story, Mark.ALLOW, Kind.ALLOWED, record.request, record.decision)
    if record.decision.grant:
        entry = replace(entry, why=visible(f"grant {record.decision.grant}"), place="")
    last = story.timeline.newest
    same = last and last.kind is Kind.ALLOWED and last.gate == entry.gate and not record.decision.grant
    if last and same and not last.why.startswith("grant ") and entry.time - last.time <= RUN:
        story.timeline.put(last.joined(entry), line)
    else:
        story.timeline.add(entry, line)


def _opened(story: Story, record: EscalationOpened, line: Json) -> None:
    story.counts.asked += 1
    entry = _of_request(story, Mark.ASK, Kind.ASKED, record.request, record.decision)
    entry = replace(entry, escalation=visible(record.escalation), outcome=WAITS)
    story.timeline.add(entry, line)
    story.asked[record.request.id] = entry.number
    story.waiting[record.escalation] = Waiting(
        record.escalation,
        record.request,
        record.decision,
        record.digest,
        story.last,
        record.expires,
        record.offers,
        entry=entry.number,
    )


def _joined(story: Story, record: RequestRecord, line: Json) -> None:
    waits = story.waiting.get(record.escalation)
    story.undecided = None
    if not waits:
        return
    waits = replace(waits, merged=waits.merged + 1)
    if record.digest and record.decision:
        whole, decision = merged(waits.request, record.request), record.decision
        made = offers(whole, decision)
        waits = replace(
            waits, request=whole, decision=decision, digest=record.digest, offers=made, answers=0, use_by=None
        )
        entry = story.timeline.get(waits.entry)
        if entry:
            story.timeline.put(replace(entry, title=words.title(whole), why=words.why(decision), outcome=WAITS))
    story.waiting[record.escalation] = waits
    story.asked[record.request.id] = waits.entry


def _outcome(story: Story, number: int, outcome: str) -> None:
    entry = story.timeline.get(number)
    if entry:
        story.timeline.put(replace(entry, outcome=outcome))


_ANSWERS: Final = {"once": "allowed once", "task": "allowed for the task", "deny": "denied"}


def _answered(story: Story, record: EscalationAnswered, line: Json) -> None:
    waits = story.waiting.get(record.escalation)
    said = _ANSWERS.get(record.choice, visible(record.choice))
    outcome = f"{said} by {visible(record.by) or 'someone'}"
    mark = Mark.DENY if record.choice == "deny" else Mark.ALLOW
    what = words.title(waits.request) if waits else visible(record.escalation)
    _note(story, Kind.ANSWERED, what, _dwell(outcome, record), mark, line, outcome=outcome)
    left = waits.decision.four_eyes - waits.answers - 1 if waits else 0
    if waits and record.choice != "deny" and (record.use_by or left > 0):
        story.waiting[record.escalation] = replace(waits, answers=waits.answers + 1, use_by=record.use_by)
        _outcome(story, waits.entry, f"{outcome}, {max(left, 1)} more must agree")
        return
    story.close(record.escalation, outcome)
    if waits:
        _outcome(story, waits.entry, outcome)


def _dwell(outcome: str, record: EscalationAnswered) -> str:
    read = f"after {record.dwell_ms / 1000:.1f} s" if record.dwell_ms >= 0 else "without having been shown"
    return f"{outcome} {read}" + (f": {visible(record.message)}" if record.message else "")


def _expired(story: Story, record: EscalationExpired, line: Json) -> None:
    waits = story.close(record.escalation, visible(record.why))
    if waits:
        outcome = f"denied: {visible(record.why)}"
        _outcome(story, waits.entry, outcome)
        what = words.title(waits.request)
        _note(story, Kind.ANSWERED, what, outcome, Mark.DENY, line, outcome=outcome)


def _granted(story: Story, record: GrantAdded, line: Json) -> None:
    story.grants[record.grant.id] = record.grant
    _note(story, Kind.GRANT, words.covers(record.grant.matcher), visible(f"by {record.grant.by}"), Mark.GRANT, line)


def _grant_ended(story: Story, record: GrantEnded, line: Json) -> None:
    grant = story.grants.pop(record.grant, None)
    what = words.covers(grant.matcher) if grant else visible(record.grant)
    _note(story, Kind.GRANT, f"ended: {what}", visible(record.why), Mark.GRANT, line)


def _verdict(story: Story, record: VerdictRecord, line: Json) -> None:
    number = story.asked.pop(record.request, None)
    undecided, story.undecided = story.undecided, None
    denied = record.effect is Effect.DENY
    if number is None and denied and undecided is not None and undecided[0].request.id == record.request:
        # Nobody was asked: no human was there, or the same question was denied a moment ago.
        story.counts.denied += 1
        entry = _of_request(story, Mark.DENY, Kind.DENIED, undecided[0].request, undecided[0].decision)
        outcome = f"denied: {visible(record.detail)}" if record.detail else "denied"
        story.timeline.add(replace(entry, outcome=outcome), undecided[1])
    elif number is not None:
        if record.effect is Effect.ALLOW:
            story.counts.allowed += 1
        else:
            story.counts.denied += 1
    elif denied and record.by in (By.FAULT, By.TIMEOUT, By.ENDED):
        story.counts.denied += 1
        title = f"request {visible(record.request)} denied: {_BY[record.by]}"
        _note(story, Kind.DENIED, title, visible(record.detail), Mark.DENY, line)


_BY: Final = {By.FAULT: "something of ours broke", By.TIMEOUT: "nobody answered", By.ENDED: "the session was ending"}


def _said(story: Story, record: Proposal, line: Json) -> None:
    _note(
        story, Kind.SAID, visible(f"{record.tool}: {record.text}"[:400]), visible(record.reason[:400]), Mark.SAID, line
    )


def _fault(story: Story, record: Fault, line: Json) -> None:
    story.counts.faults += 1
    fix = f"fix: {visible(record.fix)}" if record.fix else ""
    _note(story, Kind.FAULT, visible(f"{record.part}: {record.what}"), fix, mark=Mark.FAULT, line=line)
    if record.part == IDENTITY:
        story.unrenewed = record


def _wanted(story: Story, record: PathWanted, line: Json) -> None:
    path = cut(visible(record.path))
    title = f"not there to {'write' if record.write else 'read'}: {path}"
    write = " --write" if record.write else ""
    command = f"agent-supervise answer --grant-path {visible(quote(record.path))}{write}"
    _note(story, Kind.SESSION, title, f"to grant it: {command}", line=line)


def _left(story: Story, record: FilesLeft, line: Json) -> None:
    story.left = record
    for left in record.found:
        title = f"look at {cut(visible(left.path))}: {cut(visible(left.what))}"
        _note(story, Kind.SESSION, title, visible(left.why), Mark.ASK if left.alone else Mark.NOTE, line)
    if record.more:
        _note(story, Kind.SESSION, f"{record.more:,} more files to look at", line=line)
    if record.cut:
        _note(story, Kind.SESSION, "not everything was looked through", visible(record.cut), line=line)


def _exposed(story: Story, record: PortExposed, line: Json) -> None:
    why = "" if record.at == record.wanted else f"port {record.wanted} of this host is taken"
    _note(story, Kind.SESSION, f"port {record.port} of the cell is at 127.0.0.1:{record.at}", why, line=line)


def _port_closed(story: Story, record: PortClosed, line: Json) -> None:
    count = f"{record.connections:,} connection{'' if record.connections == 1 else 's'}"
    why = f"{count}, {record.into:,} bytes into the cell, {record.out_of:,} out of it"
    _note(story, Kind.SESSION, f"port {record.port} of the cell is no longer at 127.0.0.1:{record.at}", why, line=line)


def _limited(story: Story, record: LimitReached, line: Json) -> None:
    title = f"limit of {visible(record.limit)} reached"
    _note(story, Kind.DENIED, title, visible(record.what), Mark.DENY, line)


def _checked(story: Story, record: GatesChecked, line: Json) -> None:
    for gate in record.gates:
        story.proved[gate.name] = Proved(story.last, gate)


def _ended(story: Story, record: SessionEnded, line: Json) -> None:
    story.ended = record
    for escalation in list(story.waiting):
        story.close(escalation, "the session ended")
    story.credentials.clear()
    story.grants.clear()
    _note(story, Kind.SESSION, f"session ended: exit {record.exit_code}", visible(record.why), line=line)


_STEPS: Final[dict[type, Callable[[Story, Any, Json], None]]] = {
    SessionStarted: _started,
    ScopeLoaded: _scope,
    CredentialMinted: _minted,
    CredentialEnded: _credential_ended,
    DecisionRecord: _decided,
    EscalationOpened: _opened,
    RequestRecord: _joined,
    EscalationAnswered: _answered,
    EscalationExpired: _expired,
    GrantAdded: _granted,
    GrantEnded: _grant_ended,
    VerdictRecord: _verdict,
    Proposal: _said,
    Fault: _fault,
    GatesChecked: _checked,
    LimitReached: _limited,
    PathWanted: _wanted,
    FilesLeft: _left,
    PortExposed: _exposed,
    PortClosed: _port_closed,
    SessionEnded: _ended,
}
"""Kinds that are not here (shown, exec.ended, net.closed …) are in the journal, not in lists."""


def since(story: Story, moment: datetime) -> float:
    """Seconds from the start of the session to `moment`."""
    return (moment - story.started).total_seconds()
