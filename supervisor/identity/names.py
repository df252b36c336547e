"""What AWS is told about who acts: names of sessions, source identity and tags, which CloudTrail shows with each call.

A session's name has a part that cannot be guessed: a resource policy could name the session otherwise, and would add
to what its session policy permits. Source: AWS STS API reference, AssumeRole and GetFederationToken.
"""

from __future__ import annotations

import re
import secrets
from typing import Final

MOST_ROLE_SESSION: Final = 64
MOST_FEDERATED: Final = 32
MOST_TAG_VALUE: Final = 256
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_+=,.@-]+")
_NOT_IN_TAGS: Final = re.compile(r"[^\w\s.:/=+@-]+")
_RANDOM_BYTES: Final = 10
PREFIX: Final = "agent-supervise:"


def session_name(user: str, session: str, *, most: int) -> str:
    """`user@session-random`, at most `most` characters; fourteen of them are random."""
    drawn = secrets.token_urlsafe(_RANDOM_BYTES)
    room = most - len(drawn) - 2
    who = _name(user)[: room // 2] or "user"
    # Its end is what tells one session from the others of a day.
    which = _name(session)[-(room - len(who)) :].lstrip("-")
    return f"{who}@{which}-{drawn}"


def source_identity(user: str) -> str:
    """The human, as AWS takes it: 2 to 64 characters; empty where nothing is left of the name."""
    name = _name(user)[:64]
    return name if len(name) > 1 and not name.lower().startswith("aws:") else ""


def session_tags(*, session: str, scope: str, task: str, escalation: str) -> list[dict[str, str]]:
    """Tags that tie each event of CloudTrail to session, task and escalation."""
    told = {"session": session, "scope": scope, "task": task[:80], "escalation": escalation}
    found = []
    for key, value in told.items():
        text = " ".join(_NOT_IN_TAGS.sub(" ", value).split())[:MOST_TAG_VALUE]
        if text:
            found.append({"Key": PREFIX + key, "Value": text})
    return found


def _name(text: str) -> str:
    return _NOT_IN_NAMES.sub("-", text).strip("-")
