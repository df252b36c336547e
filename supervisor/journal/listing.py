"""One line about each session: what ran, under which scope, for how long, what was decided, and how it came out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from supervisor.errors import JournalError
from supervisor.journal.reader import first_and_last, raw_lines
from supervisor.journal.sessions import SessionFolder, State, is_running
from supervisor.model.codec import Json, parse_rfc3339, rfc3339

# Quotes inside a JSON string are escaped, so these bytes are never part of what the agent wrote.
_OPENED: Final = b'"kind":"escalation.opened"'
_CLOSED: Final = (b'"kind":"escalation.answered"', b'"kind":"escalation.expired"')
_VERDICT: Final = b'"kind":"verdict"'
_ALLOWED: Final = b'"effect":"allow"'


@dataclass(frozen=True, slots=True)
class Listed:
    """A session in a list. `waiting` questions are open; `exit_code` None = not ended; `problem` = not readable."""

    id: str
    state: State
    folder: str
    started: datetime | None = None
    seconds: float = 0.0
    agent: str = ""
    scope: str = ""
    workspace: str = ""
    allowed: int = 0
    asked: int = 0
    denied: int = 0
    waiting: int = 0
    exit_code: int | None = None
    why: str = ""
    problem: str = ""

    @property
    def outcome(self) -> str:
        """How it came out, in a word or two."""
        if self.problem:
            return "unreadable"
        if self.state is State.RUNNING:
            return f"running, {self.waiting} waiting" if self.waiting else "running"
        return "crashed" if self.exit_code is None else f"exit {self.exit_code}"

    def as_json(self) -> Json:
        """The object that `sessions --json` prints."""
        out: dict[str, Any] = {
            "id": self.id,
            "state": self.state.value,
            "folder": self.folder,
            "started": rfc3339(self.started) if self.started else None,
            "seconds": round(self.seconds, 3),
            "agent": self.agent,
            "scope": self.scope,
            "workspace": self.workspace,
            "allowed": self.allowed,
            "asked": self.asked,
            "denied": self.denied,
            "waiting": self.waiting,
            "exit_code": self.exit_code,
            "why": self.why,
        }
        return {**out, "problem": self.problem} if self.problem else out


def listed(session: SessionFolder, now: datetime | None = None) -> Listed:
    """The line about one session; total: what cannot be read is its `problem`. `now` (aware) is for a running one."""
    running = is_running(session)
    nothing = Listed(session.id, State.RUNNING if running else State.CRASHED, str(session.path))
    try:
        first, last = first_and_last(session.path)
        counts = _counts(session)
    except JournalError as error:
        return Listed(session.id, nothing.state, nothing.folder, problem=error.what)
    if not first:
        return Listed(session.id, nothing.state, nothing.folder, problem="the journal is empty")
    begun, scope = first[0], next((line for line in first if line.get("kind") == "scope.loaded"), {})
    ended = last.get("kind") == "session.ended"
    started = _moment(begun.get("time"))
    until = (now or datetime.now(UTC)) if running else _moment(last.get("time"))
    allowed, asked, denied, waiting = counts
    return Listed(
        session.id,
        State.RUNNING if running else State.ENDED if ended else State.CRASHED,
        str(session.path),
        started,
        max(0.0, (until - started).total_seconds()) if started and until else 0.0,
        _words(begun.get("agent")),
        str(scope.get("scope", "")),
        str(begun.get("workspace", "")),
        allowed,
        asked,
        denied,
        waiting if running else 0,
        _number(last.get("exit_code")) if ended else None,
        str(last.get("why", "")) if ended else "",
    )


def _counts(session: SessionFolder) -> tuple[int, int, int, int]:
    allowed = asked = denied = closed = 0
    for text, whole in raw_lines(session.journal):
        if not whole:
            break
        if _VERDICT in text:
            if _ALLOWED in text:
                allowed += 1
            else:
                denied += 1
        elif _OPENED in text:
            asked += 1
        elif any(kind in text for kind in _CLOSED):
            closed += 1
    return allowed, asked, denied, max(0, asked - closed)


def _moment(text: object) -> datetime | None:
    try:
        return parse_rfc3339(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _words(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else ""


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
