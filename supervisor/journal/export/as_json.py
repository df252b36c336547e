"""A session as one JSON object: what happened, who answered what, and whether the record is intact."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from supervisor.journal.account import Account, Held, Judged, Kept, Question
from supervisor.journal.verify import Verification
from supervisor.model.codec import Json, rfc3339, to_json

FORMAT = "agent-supervise/session/1"


def as_json(whole: Account, verification: Verification) -> Json:
    """The object that `export --as json` prints. Keys with nothing to say are left out; times are RFC 3339 in UTC."""
    return {
        "format": FORMAT,
        "session": _session(whole),
        "scope": _plain(whole.scope),
        "counts": whole.counts(),
        "decisions": [_judged(judged) for judged in whole.requests.values()],
        "escalations": [_question(question) for question in whole.questions.values()],
        "grants": [_kept(kept) for kept in whole.grants.values()],
        "credentials": [_held(held) for held in whole.credentials.values()],
        "faults": [{"seq": seq, "time": rfc3339(moment), **_plain(fault)} for seq, moment, fault in whole.faults],
        **({"left": _plain(whole.left)} if whole.left else {}),
        "verification": verification_json(verification),
    }


def verification_json(verification: Verification) -> Json:
    """A verification as `verify --json` and the exports write it; `line` only where one is bad."""
    out: Json = {
        "finding": verification.finding.value,
        "detail": verification.detail,
        "lines": verification.lines,
    }
    return {**out, "line": verification.line} if verification.line else out


def _plain(record: object) -> Json:
    """A record without its `kind`; {} for none."""
    if record is None:
        return {}
    fields: Json = to_json(record)
    return {key: value for key, value in fields.items() if key != "kind"}


def _session(whole: Account) -> Json:
    out: Json = {"id": whole.session.session, **_plain(whole.session)} if whole.session else {}
    out.pop("session", None)
    out |= {"started": rfc3339(whole.started), "seconds": round(whole.seconds, 3), "lines": whole.lines}
    if whole.unreadable:
        out["unreadable_lines"] = list(whole.unreadable)
    if whole.end is not None:
        out |= {"ended": rfc3339(whole.last), **_plain(whole.end)}
    return out


def _judged(judged: Judged) -> Json:
    out: Json = {
        "seq": judged.seq,
        "time": rfc3339(judged.time),
        "effect": judged.effect.word,
        "request": to_json(judged.request),
        "decision": to_json(judged.decision),
    }
    if judged.verdict is not None and judged.told is not None:
        verdict = {key: value for key, value in _plain(judged.verdict).items() if key != "request"}
        out["verdict"] = {"time": rfc3339(judged.told), **verdict}
    return out


def _question(question: Question) -> Json:
    out: Json = {"seq": question.seq, "opened": rfc3339(question.opened), **_plain(question.record)}
    out["holders"] = list(question.holders)
    out["shown"] = [{"time": rfc3339(moment), "console": shown.console} for moment, shown in question.shown]
    out["answers"] = [
        {"time": rfc3339(moment), **{key: value for key, value in _plain(answer).items() if key != "escalation"}}
        for moment, answer in question.answers
    ]
    return out | _ended("closed", question.expired)


def _kept(kept: Kept) -> Json:
    return {"seq": kept.seq, "added": rfc3339(kept.added), **to_json(kept.record.grant), **_ended("ended", kept.ended)}


def _held(held: Held) -> Json:
    return {"seq": held.seq, "minted": rfc3339(held.minted), **_plain(held.record), **_ended("ended", held.ended)}


def _ended(name: str, end: tuple[datetime, str] | None) -> dict[str, Any]:
    return {name: {"time": rfc3339(end[0]), "why": end[1]}} if end else {}
