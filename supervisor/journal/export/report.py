"""The report of a session: headed lists of lines, each a few words of ours around quoted foreign text.

The same report is written as Markdown and as HTML. `Quoted` is text that came from the agent, a scope or a human; it
went through `visible` and is shown as code, so that nothing in it is markup, a link or a mention.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from supervisor.journal.account import Account, Judged, Question
from supervisor.journal.export.spoken import Words
from supervisor.journal.verify import Finding, Verification
from supervisor.model.effect import Effect
from supervisor.model.request import Request
from supervisor.model.visible import visible

MOST = 2000
"""Characters of one request that are shown; the rest is counted."""

FEW = 200
"""Denials, questions and so on that are listed one by one; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """Foreign text."""

    text: str


Line = tuple[str | Quoted, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a list, and lines below it."""

    line: Line
    below: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A headed list; `lead` is a sentence before it."""

    head: str
    lead: str
    items: tuple[Item, ...] = ()


def quoted(text: str) -> Quoted:
    """Foreign text that may not have gone through `visible` yet."""
    return _brief(visible(text))


def _brief(text: str) -> Quoted:
    return Quoted(text if len(text) <= MOST else f"{text[:MOST]}… +{len(text) - MOST:,} characters")


def report(whole: Account, verification: Verification, words: Words) -> tuple[Line, tuple[Part, ...]]:
    """The title, and the parts of the report in their order; a part with nothing to say is left out."""
    name = whole.session.session if whole.session else "unknown"
    parts = (
        _summary(whole, verification),
        _scope(whole),
        _questions(whole, words),
        _denials(whole, words),
        _grants(whole, words),
        _credentials(whole),
        _faults(whole),
        _left(whole),
        _allowed(whole, words),
    )
    return ("Session ", quoted(name)), tuple(part for part in parts if part is not None)


def _summary(whole: Account, verification: Verification) -> Part:
    counts = whole.counts()
    items = []
    if whole.session:
        items.append(Item(("Agent: ", quoted(" ".join(whole.session.agent)))))
        items.append(Item(("Workspace: ", quoted(whole.session.workspace))))
        items.append(Item(("User: ", quoted(whole.session.user), ", agent-supervise ", quoted(whole.session.version))))
    items.append(Item((f"Started: {_time(whole.started)}, lasted {_span(whole.seconds)}",)))
    if whole.end:
        items.append(Item((f"Ended: exit code {whole.end.exit_code}: ", quoted(whole.end.why))))
    else:
        items.append(Item(("Ended: not yet, or it crashed",)))
    items.append(
        Item(
            (
                f"Requests: {counts['requests']:,}; {counts['allowed']:,} allowed, {counts['denied']:,} denied, "
                f"{counts['asked']:,} questions, {counts['unanswered']:,} of them unanswered",
            )
        )
    )
    if whole.session:
        weak = [gate for gate in whole.session.gates if not gate.holds]
        items += [Item(("Gate that did not hold: ", quoted(gate.name), ": ", quoted(gate.detail))) for gate in weak]
        items += _acted_as(whole)
        if whole.rounds:
            times = "once" if whole.rounds == 1 else f"{whole.rounds:,} times"
            items.append(Item((f"Gates were shown to hold from inside of the cell: {times}",)))
        items += [
            Item((f"A limit was reached at {_time(moment)}: ", quoted(record.limit), ": ", quoted(record.what)))
            for moment, record in whole.limits[:FEW]
        ]
        if not whole.session.recorded:
            items.append(Item(("The terminal was not recorded",)))
    if whole.end and whole.end.cast_sha256:
        items.append(Item(("The terminal was recorded, SHA-256 ", quoted(whole.end.cast_sha256))))
    if whole.unreadable:
        items.append(Item((f"{len(whole.unreadable)} lines are not understood, the first is {whole.unreadable[0]}",)))
    return Part("What happened", _record(verification), tuple(items))


def _record(verification: Verification) -> str:
    match verification.finding:
        case Finding.GOOD:
            return f"The record is as it was written ({verification.lines:,} lines, closed and signed)."
        case Finding.OPEN:
            return "The record is not closed: the session runs still, or crashed. What is there fits together."
        case Finding.CHANGED:
            line = f", the first bad line is {verification.line}" if verification.line else ""
            return f"THE RECORD WAS CHANGED{line}. Do not rely on this report."
        case Finding.UNREADABLE:
            return "THE RECORD COULD NOT BE CHECKED. Do not rely on this report."


def _scope(whole: Account) -> Part | None:
    scope = whole.scope
    if scope is None:
        return None
    items = [Item(("Task: ", quoted(scope.task))), Item(("File: ", quoted(scope.source), ", ", quoted(scope.digest)))]
    items += [Item(("With ", quoted(name), " = ", quoted(value))) for name, value in scope.values]
    if scope.expires:
        items.append(Item((f"Until {_time(scope.expires)}",)))
    items += [Item(("May: ", quoted(text))) for text in scope.may]
    items += [Item(("Asks: ", quoted(text))) for text in scope.asks]
    items += [Item(("Never: ", quoted(text))) for text in scope.never]
    return (
        Part(f"Scope {visible(scope.scope)}", "", tuple(items))
        if _is_word(scope.scope)
        else Part("Scope", "", (Item(("Name: ", quoted(scope.scope))), *items))
    )


def _is_word(text: str) -> bool:
    return text.isascii() and text.replace("-", "").isalnum()


def _questions(whole: Account, words: Words) -> Part | None:
    asked = list(whole.questions.values())
    if not asked:
        return None
    items = tuple(_question(question, words) for question in asked[:FEW])
    return Part("Questions and answers", _more(len(asked)), items)


def _question(question: Question, words: Words) -> Item:
    request, decision = question.record.request, question.record.decision
    below: list[Line] = [("Asked ", f"{_time(question.opened)} by ", _started(request, words))]
    below += _because(words.why(decision), words.place(decision))
    if request.reason:
        below.append(("The agent's words: ", quoted(request.reason)))
    if len(question.holders) > 1:
        below.append((f"{len(question.holders):,} requests waited for this answer",))
    for moment, answer in question.answers:
        said = {"once": "Allowed once", "task": "Allowed for the task", "deny": "Denied"}.get(answer.choice, "Answered")
        read = (
            f", {answer.dwell_ms / 1000:.1f} s after it was shown" if answer.dwell_ms >= 0 else ", without being shown"
        )
        line: Line = (f"{said} by ", quoted(answer.by), f", {_time(moment)}{read}")
        below.append((*line, ": ", quoted(answer.message)) if answer.message else line)
    if question.expired:
        below.append((f"Denied, {_time(question.expired[0])}: ", quoted(question.expired[1])))
    elif not question.answers:
        below.append(("Not answered",))
    return Item((_brief(words.title(request, most=MOST)),), tuple(below))


def _started(request: Request, words: Words) -> str | Quoted:
    chain = words.started_by(request.subject.chain)
    return _brief(chain) if chain else "a process that could not be told"


def _because(why: str, place: str) -> list[Line]:
    line: Line = ("Because: ", _brief(why))
    return [(*line, " (", _brief(place), ")") if place else line]


def _denials(whole: Account, words: Words) -> Part | None:
    denied = [
        judged
        for judged in whole.requests.values()
        if judged.effect is Effect.DENY
        or (judged.verdict is not None and judged.verdict.effect is Effect.DENY and not judged.verdict.escalation)
    ]
    if not denied:
        return None
    return Part("Denied", _more(len(denied)), tuple(_denial(judged, words) for judged in denied[:FEW]))


def _denial(judged: Judged, words: Words) -> Item:
    below: list[Line] = [(_time(judged.time), ", started by ", _started(judged.request, words))]
    below += _because(words.why(judged.decision), words.place(judged.decision))
    if judged.verdict is not None and judged.effect is not Effect.DENY:
        below.append((f"Denied by {judged.verdict.by.value}: ", quoted(judged.verdict.detail)))
    return Item((_brief(words.title(judged.request, most=MOST)),), tuple(below))


def _grants(whole: Account, words: Words) -> Part | None:
    items = []
    for kept in list(whole.grants.values())[:FEW]:
        grant = kept.record.grant
        below: list[Line] = [(f"From {_time(kept.added)} until {_time(grant.expires)}, given by ", quoted(grant.by))]
        if kept.ended:
            below.append((f"Ended {_time(kept.ended[0])}: ", quoted(kept.ended[1])))
        items.append(Item((_brief(words.covers(grant.matcher)),), tuple(below)))
    return Part("Grants", _more(len(whole.grants)), tuple(items)) if items else None


def _acted_as(whole: Account) -> list[Item]:
    """One item for each user and issuer of task tokens; the tokens' ids and digests are in the JSON."""
    counts = Counter((held.record.acts_as, held.record.issuer) for held in whole.credentials.values())
    return [
        Item(
            ("Acted as: ", quoted(user), ", by ", quoted(issuer), f"; {count:,} task token{'' if count == 1 else 's'}")
        )
        for (user, issuer), count in counts.items()
        if issuer
    ]


def _credentials(whole: Account) -> Part | None:
    items = []
    made = [held for held in whole.credentials.values() if not held.record.issuer]
    for held in made[:FEW]:
        line: Line = (f"{_time(held.minted)}, expires {_time(held.record.expires)}",)
        below = [line]
        if held.ended:
            below.append((f"Ended {_time(held.ended[0])}: ", quoted(held.ended[1])))
        items.append(Item((quoted(held.record.acts_as),), tuple(below)))
    return Part("Credentials", _more(len(made)), tuple(items)) if items else None


def _faults(whole: Account) -> Part | None:
    items = tuple(
        Item(
            (f"{_time(moment)}: ", quoted(fault.part), ": ", quoted(fault.what)),
            (("Fix: ", quoted(fault.fix)),) if fault.fix else (),
        )
        for _, moment, fault in whole.faults[:FEW]
    )
    return Part("Faults of ours (each was denied)", _more(len(whole.faults)), items) if items else None


def _left(whole: Account) -> Part | None:
    if whole.left is None or not (whole.left.found or whole.left.cut):
        return None
    items = [
        Item((quoted(left.path), ": ", quoted(left.what)), ((f"{left.why[:1].upper()}{left.why[1:]}",),))
        for left in whole.left.found[:FEW]
    ]
    if whole.left.cut:
        items.append(Item(("Not everything was looked through: ", quoted(whole.left.cut))))
    total = len(whole.left.found) + whole.left.more
    return Part("Files to look at before using them outside of a session", _more(total), tuple(items))


def _allowed(whole: Account, words: Words) -> Part | None:
    """What was allowed, counted by name: the quiet majority."""
    counts: dict[tuple[str, str], int] = {}
    for judged in whole.requests.values():
        if judged.verdict is not None and judged.verdict.effect is Effect.ALLOW:
            key = (judged.request.gate, words.name_of(judged.request.action))
            counts[key] = counts.get(key, 0) + 1
    most = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    items = tuple(Item((f"{count:,} × {gate} ", _brief(name))) for (gate, name), count in most[:FEW])
    return Part("Allowed", _more(len(most)), items) if items else None


def _more(count: int) -> str:
    return f"The first {FEW} of {count:,}; `export --as json` has them all." if count > FEW else ""


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _span(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
