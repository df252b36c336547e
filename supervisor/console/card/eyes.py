"""What a question says where several people must agree to it."""

from __future__ import annotations

from supervisor.console.story import Waiting
from supervisor.core.approvers import wanted
from supervisor.model.visible import visible


def needs(waiting: Waiting) -> list[str]:
    """How many people, who may be among them, and how many have agreed: one text a line of the scope."""
    lines = wanted(waiting.decision)
    agreed = f"{waiting.answers} agreed so far"
    if len(lines) < 2:
        who = [_of(line.role, line.owner) for line in lines]
        return ["; ".join([f"{waiting.decision.four_eyes} people", agreed, *who])]
    return [f"{line.count} people; {_of(line.role, line.owner)}" for line in lines] + [agreed]


def _of(role: str, owner: str) -> str:
    named = f"of {visible(role)}"
    return f"{named}, not the session's owner" if owner else f"{named}, or the session's owner and others {named}"
