"""A scope as IAM says it: the policy of the STS session that a service's calls are signed with.

The gate decides; this is the second fence, held by AWS itself. So a policy permits everything that the gate allows by
policy, and as little else as can be said in 2,048 characters. What asks is not in it: a call that a human allowed has
a session of its own (`call_policy`).

How the parts of a rule are said: `except` by naming the actions that are left, or by a Deny of what no other rule
allows; `where` by `aws:ResourceTag` for actions that AWS checks it for; `regions` by `aws:RequestedRegion`.
Source: AWS IAM User Guide, "Policy evaluation logic" (session policies) and "AWS global condition context keys".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from supervisor.errors import ScopeError
from supervisor.model.effect import Effect
from supervisor.model.request import AwsCall
from supervisor.policy.compiled import compiled
from supervisor.policy.glob import covers_action
from supervisor.policy.scope import Rule, Scope
from supervisor.policy.session_policy_actions import actions_of, restricted
from supervisor.policy.session_policy_facts import ActionTable, Facts
from supervisor.policy.session_policy_keys import READING, keys_behind, may_deny_keys
from supervisor.policy.session_policy_resources import resources_of, resources_of_call
from supervisor.policy.session_policy_rules import CARE, Care, Tabled, untabled
from supervisor.policy.session_policy_statement import MOST_CHARACTERS, Condition, Statement, render

__all__ = [
    "Facts",
    "NothingAllowed",
    "PolicyTooLong",
    "call_policy",
    "named_services",
    "session_policy",
    "session_policy_of",
]
_REGIONLESS: Final = {"s3": "ListAllMyBuckets"}
"""The one action of a regional service that is the same everywhere, and may be asked for in any region."""
_WORST_NAMED: Final = 3


class PolicyTooLong(ScopeError):
    """A session policy that STS would not take; names the rules that cost the most."""


class NothingAllowed(ScopeError):
    """The scope allows nothing of a service by itself, so there is no policy for it."""


def session_policy(
    scope: Scope,
    service: str,
    *,
    actions: ActionTable | None = None,
    tagged: Callable[[str], bool] | None = None,
    global_: Callable[[str], bool] | None = None,
    account: str = "",
) -> str:
    """The policy for what the scope allows of the service with this IAM prefix, as canonical JSON.

    Raises `NothingAllowed`, or `PolicyTooLong` where it does not fit into 2,048 characters.
    """
    facts = Facts(actions, tagged, global_ or Facts().global_, scope.account or account)
    return session_policy_of(scope, (service,), facts)


def session_policy_of(scope: Scope, services: Sequence[str], facts: Facts) -> str:
    """One policy for calls that need actions of several services; otherwise as `session_policy`."""
    shortest = ""
    for care in CARE:
        statements = [one for service in services for one in _statements(scope, service.lower(), facts, care)]
        text = render(statements)
        if len(text) <= MOST_CHARACTERS:
            return text
        shortest = text if not shortest or len(text) < len(shortest) else shortest
    raise _too_long(scope, services, facts, len(shortest))


def named_services(scope: Scope) -> tuple[tuple[str, ...], bool]:
    """The IAM prefixes that the scope's allow rules name, and whether others are allowed something by `*:…`."""
    prefixes = [
        pattern.partition(":")[0].lower()
        for rule in scope.aws.rules
        if rule.effect is Effect.ALLOW
        for pattern in rule.patterns
    ]
    plain = dict.fromkeys(prefix for prefix in prefixes if "*" not in prefix and "?" not in prefix)
    return tuple(plain), len(plain) < len(dict.fromkeys(prefixes))


def call_policy(call: AwsCall, scope: Scope | None = None, *, folders: bool = False) -> str:
    """The policy for exactly the actions and ARNs of one call that was allowed for itself.

    A `scope` that denies the use of KMS keys denies it to the service behind the call too. An action of a service that
    no ARN is of is permitted on `*`. A call with more resources than can be named gets their folders, then their kind;
    with `folders` a call on S3 objects gets at least the folders, for a burst of calls that one answer allowed.
    Raises `ScopeError` for a call whose actions are not known.
    """
    if not call.actions or any(sign in action for action in call.actions for sign in "*?"):
        raise ScopeError("which IAM action the call needs cannot be told", fix="nothing can be signed for it")
    owners = {arn.split(":", 3)[2] for arn in call.resources if arn.count(":") > 2}
    anywhere = tuple(sorted(action for action in call.actions if action.partition(":")[0].lower() not in owners))
    if len(anywhere) == len(call.actions):
        # Some services act on the ARNs of others alone.
        anywhere = ()
    placed = tuple(sorted({*call.actions} - {*anywhere}))
    services = sorted({action.partition(":")[0].lower() for action in call.actions})
    writes = call.level not in READING
    keyless = scope is not None and any(may_deny_keys(rule) for rule in scope.aws.rules)
    behind = [] if keyless else [one for service in services for one in keys_behind(service, writes=writes)]
    wider = int(folders and owners == {"s3"} and "*" not in call.resources)
    for resources in islice(resources_of_call(call.actions, call.resources), wider, None):
        statements = [Statement("Allow", placed, resources)] if placed else []
        statements += [Statement("Allow", anywhere)] if anywhere else []
        text = render([*statements, *behind])
        if len(text) <= MOST_CHARACTERS:
            return text
    raise ScopeError(
        f"the {len(call.actions)} actions of the call do not fit into a session policy", fix="make smaller calls"
    )


# ── from rules to statements ─────────────────────────────────────────────────────────────────────


def _statements(scope: Scope, service: str, facts: Facts, care: Care) -> list[Statement]:
    every = [rule for rule in scope.aws.rules if restricted(rule.patterns, service)]
    allows = [rule for rule in every if rule.effect is Effect.ALLOW and resources_of(rule, service, facts.account)]
    strict = [rule for rule in every if rule.effect is Effect.DENY or (rule.effect is Effect.ASK and care.asks)]
    if care.asks:
        strict += _four_eyes(scope)
    table = facts.actions(service) if facts.actions is not None else {}
    writes = True
    if table:
        tabled = Tabled(service, facts, care, allows, strict, table)
        made, writes = tabled.statements(), tabled.writes
    else:
        made = untabled(service, facts, allows, strict)
    if not any(one.effect == "Allow" for one in made):
        raise NothingAllowed(
            f"{scope.name} allows nothing of {service} without a question",
            where=scope.source.file,
            fix=f"name actions of {service} under `aws: rules: [{{allow: […]}}]`, if the task needs them",
        )
    made = _in_regions(made, service, scope, facts)
    if not any(may_deny_keys(rule) for rule in scope.aws.rules):
        made += keys_behind(service, writes=writes)
    return made


def _four_eyes(scope: Scope) -> list[Rule]:
    """What needs several humans, as rules that ask."""
    return [
        Rule("aws", Effect.ASK, eyes.actions, scope.source)
        for eyes in compiled(scope).eyes
        if eyes.line.count > 1 and eyes.actions
    ]


# ── what belongs to every policy ─────────────────────────────────────────────────────────────────


def _in_regions(made: list[Statement], service: str, scope: Scope, facts: Facts) -> list[Statement]:
    if not scope.regions or facts.global_(service):
        return made
    fenced: tuple[str, ...] = ("*",)
    free = _REGIONLESS.get(service)
    if free and any(covers_action(action, f"{service}:{free}") for one in made for action in one.actions):
        table = facts.actions(service) if facts.actions is not None else {}
        every = actions_of(table, service, ())
        fenced = every.cover(every.names - {free}, frozenset({free}))
    elif sum(one.effect == "Allow" for one in made) == 1:
        within: Condition = ("StringEquals", "aws:RequestedRegion", scope.regions)
        return [replace(one, conditions=(*one.conditions, within)) if one.effect == "Allow" else one for one in made]
    elsewhere: Condition = ("StringNotEquals", "aws:RequestedRegion", scope.regions)
    actions = tuple(f"{service}:{text}" for text in fenced)
    return [*made, Statement("Deny", actions, conditions=(elsewhere,))] if actions else made


# ── where it does not fit ────────────────────────────────────────────────────────────────────────


def _too_long(scope: Scope, services: Sequence[str], facts: Facts, length: int) -> PolicyTooLong:
    costs = []
    concerned = [rule for rule in scope.aws.rules if any(restricted(rule.patterns, service) for service in services)]
    for rule in concerned:
        without = replace(scope, aws=replace(scope.aws, rules=tuple(one for one in concerned if one is not rule)))
        try:
            statements = [one for service in services for one in _statements(without, service, facts, CARE[-1])]
            costs.append((length - len(render(statements)), rule))
        except NothingAllowed:
            costs.append((length, rule))
    worst: list[tuple[int, Rule]] = []
    for cost, rule in sorted(costs, key=lambda one: -one[0])[:_WORST_NAMED]:
        # Who gets it to fit by the first, and leaves something of it, needs to hear of no other.
        if cost > 0 and sum(known for known, _ in worst) < 1.5 * (length - MOST_CHARACTERS):
            worst.append((cost, rule))
    told = "; ".join(
        f"{rule.source.file}:{rule.source.line} costs {cost:,} characters, {_advice(rule)}" for cost, rule in worst
    )
    return PolicyTooLong(
        f"the session policy for {' and '.join(services)} is {length:,} characters long, and AWS takes "
        f"{MOST_CHARACTERS:,}",
        where=f"{worst[0][1].source.file}:{worst[0][1].source.line}" if worst else scope.source.file,
        fix=told or "name fewer rules",
    )


def _advice(rule: Rule) -> str:
    if len(rule.on) > 3:
        return f"put its {len(rule.on)} ARNs under fewer patterns"
    if len(rule.where) > 2 or any(len(values) > 3 for _, values in rule.where):
        return "let one tag say which resources are meant"
    if rule.except_ and rule.effect is Effect.ALLOW:
        return "name the actions that it needs in place of patterns with exceptions"
    if len(rule.patterns) > 5:
        return "put its actions under fewer patterns, such as Get*"
    return "make it shorter, or split the task into two scopes"
