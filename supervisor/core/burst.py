"""Which held AWS calls are one question: those that differ in nothing but which things of one place they are about.

A burst (`aws s3 rm --recursive`) is a thousand calls and one intent. The question about it holds the union of what the
calls touch, so that a human reads all of it and answers once. Whatever else differs is another question: the decision,
the notes, the tags, the account, the folder, the programs that led to it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from supervisor.model.codec import digest, to_json
from supervisor.model.decision import Decision
from supervisor.model.request import AwsCall, Request
from supervisor.policy.resources import parents

MOST_RESOURCES: Final = 5_000
"""Resources in one question; what comes on top is the next one."""
MOST_FACTS: Final = 40

Pairs = tuple[tuple[str, str], ...]


def burst_key(request: Request, decision: Decision) -> str:
    """Equal for requests that may be one question; empty for one that stands alone."""
    action = request.action
    if not isinstance(action, AwsCall) or not action.actions:
        return ""
    among = parents(action.resources)
    if not among:
        return ""
    return digest(
        {
            "gate": request.gate,
            "agent": to_json(request.subject.agent),
            "programs": [to_json(process.program) for process in request.subject.chain],
            "reason": to_json(request.reason),
            "action": to_json(replace(action, resources=(), facts=())),
            "among": to_json(among),
            "rules": to_json(decision.rules),
            "scope": decision.scope,
            "once": decision.once,
            "named": bool(decision.irreversible),
            "four_eyes": decision.four_eyes,
            **({"approvers": to_json(decision.approvers)} if decision.approvers else {}),
        }
    )


def adds(question: Request, request: Request) -> bool:
    """True when the request touches something that the question does not hold yet."""
    held, more = question.action, request.action
    if not isinstance(held, AwsCall) or not isinstance(more, AwsCall):
        return False
    return not set(more.resources) <= set(held.resources)


def merged(question: Request, request: Request) -> Request:
    """The question with what another request touches on top; everything else is the question's own.

    Both must have the same `burst_key`. The order is that of asking, so that it can be built again from a journal.
    """
    held, more = question.action, request.action
    if not isinstance(held, AwsCall) or not isinstance(more, AwsCall):
        return question
    resources = tuple(dict.fromkeys((*held.resources, *more.resources)))
    return replace(question, action=replace(held, resources=resources, facts=_facts(held.facts, more.facts)))


def fits(question: Request, request: Request) -> bool:
    """True when one question can hold what both touch."""
    held, more = question.action, request.action
    if not isinstance(held, AwsCall) or not isinstance(more, AwsCall):
        return False
    if len(held.resources) + len(more.resources) <= MOST_RESOURCES:
        return True
    return len({*held.resources, *more.resources}) <= MOST_RESOURCES


def may_be_one(one: Decision, other: Decision) -> bool:
    """True when two decisions ask for the same reasons and want the same of a human.

    The policy may see in all calls together what it saw in none alone: then they are two questions.
    """
    return _asked(one) == _asked(other)


def _asked(decision: Decision) -> tuple[object, ...]:
    named = bool(decision.irreversible)
    return decision.effect, decision.rules, decision.scope, decision.once, named, decision.four_eyes, decision.approvers


def _facts(held: Pairs, more: Pairs) -> Pairs:
    """What was looked up of all of them: each thing said once, in the order in which it was found."""
    if len(held) >= MOST_FACTS:
        return held
    return tuple(dict.fromkeys((*held, *more)))[:MOST_FACTS]
