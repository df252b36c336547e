"""What happens to task tokens, for the journal: ids and digests, never a token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from supervisor.identity.oidc.values import TaskToken
from supervisor.model.event import CredentialEnded, CredentialMinted, Fault
from supervisor.model.visible import visible

PREFIX = "oidc:"
"""What the ids of task tokens begin with in the journal. After `token:` the journal would take an id for a secret."""
PART = "identity"


@dataclass(frozen=True, slots=True)
class Renewed:
    """A task token that is in force from now on; `before` is the id of the one that it follows, empty for the first."""

    id: str
    digest: str
    user: str
    issuer: str
    scopes: frozenset[str]
    expires: datetime
    before: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """A task token that is worth nothing from now on."""

    id: str
    digest: str
    why: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A renewal or an end that failed. `id` is the token's that is held; `again` when it is tried next, if it is."""

    id: str
    what: str
    fix: str
    again: datetime | None = None


TokenEvent = Renewed | Ended | Failed


def renewed(token: TaskToken, user: str, before: str) -> Renewed:
    """The event of a new token."""
    return Renewed(token.id, token.digest, user, token.issuer, token.scopes, token.expires, before)


def record_of(event: TokenEvent) -> CredentialMinted | CredentialEnded | Fault:
    """The journal's record of an event."""
    match event:
        case Renewed():
            return CredentialMinted(
                PREFIX + visible(event.id),
                visible(event.user),
                event.expires,
                visible(" ".join(sorted(event.scopes))),
                issuer=visible(event.issuer),
                digest=event.digest,
                before=PREFIX + visible(event.before) if event.before else "",
            )
        case Ended():
            return CredentialEnded(PREFIX + visible(event.id), event.why)
        case Failed():
            next_time = f"; tried again at {event.again:%H:%M:%S} UTC" if event.again else ""
            held = f" ({PREFIX}{visible(event.id)} is held)" if event.id else ""
            return Fault(PART, f"{event.what}{held}{next_time}", event.fix)
        case _:
            assert_never(event)
