"""Conditions in Rego laid over a decision of the rules: stricter or the same, never more lenient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from supervisor.model.condition import Condition
from supervisor.model.decision import Decision
from supervisor.model.effect import Effect
from supervisor.model.grant import Grant
from supervisor.model.request import Action, Request
from supervisor.model.visible import visible
from supervisor.policy.decide import decide
from supervisor.policy.explain import inside
from supervisor.policy.irreversible import irreversible
from supervisor.policy.offers import covers
from supervisor.policy.scope import Scope

LONGEST_SAID: Final = 300

UNCHECKED: Final = Condition(
    Effect.DENY, "policy", "the scope's conditions in Rego were not worked out for this", fault=True
)
"""What counts where a scope has conditions and nobody asked them."""


def has_conditions(scope: Scope) -> bool:
    """Whether more than the rules decides."""
    return bool(scope.rego or scope.opa)


def decide_under(
    scope: Scope, grants: Sequence[Grant], request: Request, now: datetime, condition: Condition | None
) -> Decision:
    """`decide`, with the scope's conditions. Without one (`None`) that the scope wants, nothing is allowed."""
    if not has_conditions(scope):
        return decide(scope, grants, request, now)
    ruled = decide(scope, (), request, now)
    if ruled.effect is Effect.DENY:
        return ruled
    made = tighten(ruled, condition or UNCHECKED, request.action)
    if made.effect is not Effect.ASK or made.irreversible or made.four_eyes > 1 or made.once:
        return made
    grant = next((one for one in grants if _answers(one, made, request.action, now)), None)
    if grant is None:
        return made
    told = f"{inside(grant.by)} allowed this for the task ({grant.id})"
    return replace(made, effect=Effect.ALLOW, explain=told, needs="", grant=grant.id)


def _answers(grant: Grant, decision: Decision, action: Action, now: datetime) -> bool:
    """Whether a kept answer is as good as one that is given now."""
    if now >= grant.expires or not covers(grant.matcher, action):
        return False
    condition = decision.condition
    if condition is None:
        return True
    left = condition.minutes
    return (not condition.reason or bool(grant.reason.strip())) and (
        left is None or grant.expires - now <= timedelta(minutes=left)
    )


def tighten(decision: Decision, condition: Condition, action: Action) -> Decision:
    """The decision with what the condition asks for on top; a decision *deny* stays as it is."""
    if decision.effect is Effect.DENY:
        return decision
    if condition.effect is Effect.DENY:
        return Decision(
            Effect.DENY,
            decision.rules,
            _said(condition),
            "" if condition.fault else f"a time, or a change, for which {inside(condition.by)} has nothing against it",
            decision.scope,
            condition=condition,
        )
    eyes = max(decision.four_eyes, condition.four_eyes)
    asks = condition.effect is Effect.ASK or eyes > 1 or condition.reason
    effect = max(decision.effect, Effect.ASK if asks else Effect.ALLOW)
    if effect is Effect.ALLOW:
        return replace(decision, condition=condition)
    raised = effect > decision.effect or (condition.effect is Effect.ASK and not decision.rules)
    return replace(
        decision,
        effect=effect,
        explain=_said(condition) if raised else decision.explain,
        needs=decision.needs or f"a change of {inside(condition.by)}",
        irreversible=irreversible(action),
        four_eyes=eyes,
        once=decision.once or (f"{inside(condition.by)} lets no answer be kept" if condition.minutes == 0 else ""),
        condition=condition,
    )


def _said(condition: Condition) -> str:
    """What a condition says; its words are the policy author's, and may hold what the agent wrote."""
    text = visible(condition.text)
    return text if len(text) <= LONGEST_SAID else f"{text[:LONGEST_SAID]}… ({len(text):,} characters)"
