"""What a scope says to a terraform plan: how much it may destroy, and what it may not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from supervisor.model.codec import to_json
from supervisor.model.decision import Decision, RuleRef
from supervisor.model.effect import Effect
from supervisor.model.request import Exec
from supervisor.parse.opaque import Opaque
from supervisor.parse.terraform import PlanFacts, PlannedResource, plan_facts
from supervisor.policy.decide import opaque, strictest
from supervisor.policy.examples import judge_action
from supervisor.policy.glob import matches
from supervisor.policy.irreversible import MOST_NAMES
from supervisor.policy.plain import join
from supervisor.policy.scope import Scope

_APPLY = Exec("terraform", ("terraform", "apply"), "")
_UNPROTECTED = "a plan that leaves them alone"


def judge_plan(scope: Scope, text: str) -> tuple[Decision, dict[str, Any]]:
    """The strictest of what the scope says to `terraform apply` and to what the plan does; and the facts as JSON."""
    facts = plan_facts(text)
    applied = judge_action(scope, _APPLY)
    if isinstance(facts, Opaque):
        return strictest([applied, opaque(scope, facts)]), {"gate": "exec", "plan": {"opaque": to_json(facts.why)}}
    # Of two equally strict ones the plan's comes first: it says more.
    return strictest([judge_facts(scope, facts), applied]), {"gate": "exec", "plan": to_json(facts)}


def judge_facts(scope: Scope, facts: PlanFacts) -> Decision:
    """The decision on what a plan does, whatever command applies it."""
    limits = scope.terraform
    protected = [one for one in facts.lost if _is_protected(one, limits.protect)]
    if protected:
        return Decision(
            Effect.DENY,
            _rule(scope, Effect.DENY, f"protect: {', '.join(limits.protect)}"),
            f"the plan destroys or replaces what the scope protects: {_named(protected)}",
            _UNPROTECTED,
            scope.digest,
        )
    asks = [
        (len(facts.lost) > limits.destroy, f"it destroys or replaces {len(facts.lost)}: {_named(facts.lost)}"),
        (bool(facts.forgotten), f"terraform would no longer look after {_named(facts.forgotten)}"),
        (not facts.complete, "terraform put changes off, so this is not all that it would do"),
    ]
    if any(holds for holds, _ in asks):
        names = tuple(one.address for one in facts.lost)
        return Decision(
            Effect.ASK,
            _rule(scope, Effect.ASK, f"destroy: {limits.destroy}"),
            "the plan asks: " + "; ".join(why for holds, why in asks if holds),
            f"terraform: {{destroy: {len(facts.lost)}}}" if len(facts.lost) > limits.destroy else "a complete plan",
            scope.digest,
            irreversible=names if len(names) <= MOST_NAMES else (f"{len(names)} resources",),
        )
    done = f"creates {len(facts.created)}, changes {len(facts.changed)}, destroys {len(facts.lost)}"
    return Decision(Effect.ALLOW, explain=f"the plan {done}, within the scope's limits", scope=scope.digest)


def _is_protected(one: PlannedResource, protect: Sequence[str]) -> bool:
    return any(matches(pattern, one.type) or matches(pattern, one.address) for pattern in protect)


def _named(resources: Sequence[PlannedResource]) -> str:
    return join(one.address for one in resources)


def _rule(scope: Scope, effect: Effect, text: str) -> tuple[RuleRef, ...]:
    source = scope.terraform.source
    return () if source is None else (RuleRef("terraform", effect, source.file, source.line, text),)
