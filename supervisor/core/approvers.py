"""Several humans where the scope wants several: who of them counts, why another does not, and how many are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from supervisor.model.decision import Approvers, Decision
from supervisor.model.grant import Approver
from supervisor.model.visible import visible

ROLE: Final = "approver"
"""What an approver must be where nothing says it more exactly."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """One human's allow, and when it was given."""

    approver: Approver
    at: datetime


def wanted(decision: Decision) -> tuple[Approvers, ...]:
    """Everybody who must agree, by the scope's lines and by what its conditions want on top."""
    lines = [*decision.approvers]
    condition = decision.condition
    if condition is not None and condition.four_eyes > 1:
        lines.append(Approvers(condition.four_eyes, condition.role or ROLE))
    if not lines and decision.four_eyes > 1:
        lines.append(Approvers(decision.four_eyes, ROLE))
    return tuple(dict.fromkeys(lines))


def wants_more(decision: Decision, before: Decision) -> bool:
    """Whether those who would have sufficed for the decision before do not suffice for this one."""
    return any(not any(_covers(held, line) for held in wanted(before)) for line in wanted(decision))


def _covers(held: Approvers, line: Approvers) -> bool:
    return held.role == line.role and held.count >= line.count and held.owner == line.owner


def unvouched(name: str) -> Approver:
    """Whoever nobody vouches for is taken for the session's owner: such answers count once together, whatever names."""
    return Approver(f"name:{name}", "kernel", owner=True)


def fits(line: Approvers, approver: Approver) -> bool:
    """Whether this human may be one of those that the line wants."""
    return not line.owner if approver.owner else line.role in approver.roles


def concerns(decision: Decision, approver: Approver) -> bool:
    """Whether the question is this human's affair at all, for an allow or a deny."""
    return approver.owner or any(fits(line, approver) for line in wanted(decision))


def missing(decision: Decision, agreed: Sequence[Agreed]) -> int:
    """How many more humans must agree, at the least."""
    return max((_left(line, agreed) for line in wanted(decision)), default=0)


def no_help(decision: Decision, agreed: Sequence[Agreed], approver: Approver) -> str:
    """Why this human's allow does not count, in words for them; empty if it does."""
    if approver.doubt:
        return approver.doubt
    if any(approver.id == each.approver.id for each in agreed):
        return "you have allowed this already; another person must agree too"
    if approver.owner and any(each.approver.owner for each in agreed):
        return "the session's owner has allowed this already; another person must agree too"
    lines = wanted(decision)
    suitable = [line for line in lines if fits(line, approver)]
    if not suitable:
        if approver.owner:
            return "this session is yours, and its scope wants others than its owner to agree"
        roles = " or ".join(dict.fromkeys(visible(line.role) for line in lines))
        what = "are not in the group" if approver.vouched == "kernel" else "do not have the role"
        return f"you {what} {roles}, which may agree to this"
    if not any(_left(line, agreed) for line in suitable):
        others = dict.fromkeys(visible(line.role) for line in lines if _left(line, agreed))
        return f"enough of yours have agreed; who is missing has the role {' or '.join(others)}"
    return ""


def _left(line: Approvers, agreed: Sequence[Agreed]) -> int:
    others = {each.approver.id for each in agreed if not each.approver.owner and fits(line, each.approver)}
    owner = any(each.approver.owner and fits(line, each.approver) for each in agreed)
    return max(0, line.count - len(others) - owner)
