"""The session as the screens tell it: the state that a fold of journal lines (`console.fold`) arrives at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from supervisor.console.timeline import Timeline
from supervisor.model.codec import Json
from supervisor.model.decision import Decision
from supervisor.model.event import (
    CredentialMinted,
    DecisionRecord,
    Fault,
    FilesLeft,
    GateStatus,
    ScopeLoaded,
    SessionEnded,
    SessionStarted,
)
from supervisor.model.grant import Grant, GrantOffer
from supervisor.model.request import Request

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
GONE_KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class Waiting:
    """An escalation that waits. `merged` requests joined the first one; `answers` humans have allowed it so far."""

    id: str
    request: Request
    decision: Decision
    digest: str
    opened: datetime
    expires: datetime
    offers: tuple[GrantOffer, ...] = ()
    merged: int = 0
    answers: int = 0
    entry: int = 0
    use_by: datetime | None = None
    """When what one of several people allowed is worth nothing any more unless the others allow it too."""

    @property
    def due(self) -> datetime:
        """When it ends without an answer."""
        return self.expires if self.use_by is None else min(self.expires, self.use_by)


@dataclass(frozen=True, slots=True)
class Proved:
    """When a canary last went through a gate, and what that showed."""

    at: datetime
    status: GateStatus


@dataclass(slots=True)
class Counts:
    """How many requests came out how, and how many questions and faults there were."""

    allowed: int = 0
    asked: int = 0
    denied: int = 0
    faults: int = 0


@dataclass(slots=True)
class Story:
    """What is known after some lines. Only `console.fold` changes it; the same lines always give the same story."""

    timeline: Timeline = field(default_factory=Timeline)
    session: SessionStarted | None = None
    scope: ScopeLoaded | None = None
    ended: SessionEnded | None = None
    left: FilesLeft | None = None
    started: datetime = EPOCH
    last: datetime = EPOCH
    next_seq: int = 0
    waiting: dict[str, Waiting] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    undecided: tuple[DecisionRecord, Json] | None = None
    """The last request that the policy would ask about, until it is known whether anybody is asked."""
    credentials: dict[str, CredentialMinted] = field(default_factory=dict)
    identity: CredentialMinted | None = None
    """The task token in force, or the last that was."""
    tokens: set[str] = field(default_factory=set)
    """The task tokens of this session that have not ended."""
    unrenewed: Fault | None = None
    """Why there is no newer one, if that was tried."""
    grants: dict[str, Grant] = field(default_factory=dict)
    proved: dict[str, Proved] = field(default_factory=dict)
    """By the gate's name, what the last canary through it showed."""
    counts: Counts = field(default_factory=Counts)

    def queue(self) -> list[Waiting]:
        """What waits, oldest first."""
        return list(self.waiting.values())

    def why_gone(self, escalation: str) -> str:
        """What became of an escalation that no longer waits."""
        return self.gone.get(escalation, "it is no longer waiting")

    def close(self, escalation: str, why: str) -> Waiting | None:
        """Take an escalation out of the queue, remembering why for a key that comes too late."""
        waited = self.waiting.pop(escalation, None)
        self.gone[escalation] = why
        while len(self.gone) > GONE_KEPT:
            del self.gone[next(iter(self.gone))]
        return waited
