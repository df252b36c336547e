"""A scope as IAM says it: the policy of the STS session that a service's calls are signed with.

The gate decides; this is the second fence, held by AWS itself. So a policy permits everything that the gate allows by
policy, and as little else as can be said in 2,048 characters. What asks is not in it: a call that a human allowed has
a session of its own (`call_policy`).

How the parts of a rule are said: `except` by naming the actions that are left, or by a Deny of what no other rule
allows; `where` by `aws:ResourceTag` for actions that AWS checks it for; `regions` by `aws:RequestedRegion`.
Source: AWS IAM User Guide, "Policy evaluation logic" (session policies) and "AWS global condition context keys".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from supervisor.errors import ScopeError
from supervisor.model.effect import Effect
from supervisor.model.request import AwsCall
from supervisor.policy.compiled import compiled
from supervisor.policy.glob import covers_action, overlaps
from supervisor.policy.scope import Rule, Scope
from supervisor.policy.session_policy_actions import actions_of, restricted
from supervisor.policy.session_policy_resources import ANY, resources_of, resources_of_call
from supervisor.policy.session_policy_statement import MOST_CHARACTERS, Condition, Statement, literal, render

ActionTable = Callable[[str], Mapping[str, str]]
"""The actions of a service, by its IAM prefix: names (with or without prefix) to access levels."""
_GLOBAL: Final = frozenset(
    """
    account artifact aws-marketplace billing budgets ce chatbot cloudfront consolidatedbilling cur freetier
    globalaccelerator health iam importexport invoicing networkmanager organizations payments pricing purchase-orders
    route53 route53-recovery-control-config route53domains savingsplans shield sso sts support supportplans tax
    trustedadvisor waf wellarchitected
    """.split()
)
# Services that use the caller's right to a KMS key for what they store; AWS calls this a forward access session.
_READ_BEHIND: Final = frozenset(
    "athena dynamodb ecr firehose kinesis lambda logs s3 secretsmanager sns sqs ssm states".split()
)
_BUILT_BEHIND: Final = frozenset("backup ec2 elasticache elasticfilesystem es fsx rds redshift".split())
_READ_KEY: Final = ("kms:Decrypt",)
_WRITE_KEY: Final = ("kms:Decrypt", "kms:GenerateDataKey*")
_BUILD_KEY: Final = ("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*", "kms:ReEncrypt*")
_READING: Final = frozenset({"list", "read"})
_WORST_NAMED: Final = 3


class PolicyTooLong(ScopeError):
    """A session policy that STS would not take; names the rules that cost the most."""


class NothingAllowed(ScopeError):
    """The scope allows nothing of a service by itself, so there is no policy for it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of AWS. Everything may be missing: then a policy says less exactly, and never permits too little.

    `actions` is the service's action table, `tagged` whether AWS checks `aws:ResourceTag` for an action on every kind
    of resource that it has, `global_` whether a service ignores regions. `account` is the one that is worked in.
    """

    actions: ActionTable | None = None
    tagged: Callable[[str], bool] | None = None
    global_: Callable[[str], bool] = _GLOBAL.__contains__
    account: str = ""


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
    facts = Facts(actions, tagged, global_ or _GLOBAL.__contains__, scope.account or account)
    return session_policy_of(scope, (service,), facts)


def session_policy_of(scope: Scope, services: Sequence[str], facts: Facts) -> str:
    """One policy for calls that need actions of several services; otherwise as `session_policy`."""
    shortest = ""
    for care in _CARE:
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


def call_policy(call: AwsCall) -> str:
    """The policy for exactly the actions and ARNs of one call that was allowed for itself.

    An action of a service that no ARN is of is permitted on `*`. A call with more resources than can be named gets
    their folders, then their kind. Raises `ScopeError` for a call without an action.
    """
    if not call.actions:
        raise ScopeError("which IAM action the call needs cannot be told", fix="nothing can be signed for it")
    owners = {arn.split(":", 3)[2] for arn in call.resources if arn.count(":") > 2}
    anywhere = tuple(sorted(action for action in call.actions if action.partition(":")[0].lower() not in owners))
    if len(anywhere) == len(call.actions):
        # Some services act on the ARNs of others alone.
        anywhere = ()
    placed = tuple(sorted({*call.actions} - {*anywhere}))
    services = sorted({action.partition(":")[0].lower() for action in call.actions})
    writes = call.level not in _READING
    behind = [one for service in services for one in _keys_behind(service, writes=writes)]
    for resources in resources_of_call(call.actions, call.resources):
        statements = [Statement("Allow", placed, resources)] if placed else []
        statements += [Statement("Allow", anywhere)] if anywhere else []
        text = render([*statements, *behind])
        if len(text) <= MOST_CHARACTERS:
            return text
    raise ScopeError(
        f"the {len(call.actions)} actions of the call do not fit into a session policy", fix="make smaller calls"
    )


# ── from rules to statements ─────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Care:
    """How exactly a policy is written: each step says less and is shorter."""

    careful: bool = False
    split_tags: bool = False
    asks: bool = False


_CARE: Final = (_Care(True, True, True), _Care(False, True, True), _Care(asks=True), _Care())


@dataclass(frozen=True, slots=True)
class _Unit:
    """Actions that are allowed on the same terms. `given` are the patterns that the rules have for them."""

    wanted: frozenset[str]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...]
    given: tuple[str, ...]


def _is_wider(one: _Unit, other: _Unit) -> bool:
    """True when `one` allows an action wherever `other` does; no two units are that to each other."""
    if (one.resources, one.conditions) == (other.resources, other.conditions):
        return False
    return one.resources in (ANY, other.resources) and set(one.conditions) <= set(other.conditions)


def _together(units: Iterable[_Unit]) -> list[_Unit]:
    """One unit for equal terms."""
    made: dict[object, _Unit] = {}
    for unit in units:
        terms = (unit.resources, unit.conditions)
        before = made.get(terms)
        made[terms] = (
            unit
            if before is None
            else replace(unit, wanted=before.wanted | unit.wanted, given=(*before.given, *unit.given))
        )
    return list(made.values())


def _statements(scope: Scope, service: str, facts: Facts, care: _Care) -> list[Statement]:
    every = [rule for rule in scope.aws.rules if restricted(rule.patterns, service)]
    allows = [rule for rule in every if rule.effect is Effect.ALLOW and resources_of(rule, service, facts.account)]
    strict = [rule for rule in every if rule.effect is Effect.DENY or (rule.effect is Effect.ASK and care.asks)]
    if care.asks:
        strict += _four_eyes(scope)
    table = facts.actions(service) if facts.actions is not None else {}
    writes = True
    if table:
        tabled = _Tabled(service, facts, care, allows, strict, table)
        made, writes = tabled.statements(), tabled.writes
    else:
        made = _untabled(service, facts, allows, strict)
    if not any(one.effect == "Allow" for one in made):
        raise NothingAllowed(
            f"{scope.name} allows nothing of {service} without a question",
            where=scope.source.file,
            fix=f"name actions of {service} under `aws: rules: [{{allow: […]}}]`, if the task needs them",
        )
    made = _in_regions(made, service, scope, facts)
    if not any(_may_deny_keys(rule) for rule in scope.aws.rules):
        made += _keys_behind(service, writes=writes)
    return made


def _four_eyes(scope: Scope) -> list[Rule]:
    """What needs several humans, as rules that ask."""
    return [
        Rule("aws", Effect.ASK, eyes.actions, scope.source)
        for eyes in compiled(scope).eyes
        if eyes.line.count > 1 and eyes.actions
    ]


def _is_plain(rule: Rule) -> bool:
    return not rule.on and not rule.where


def _tags(rule: Rule, operator: str) -> tuple[Condition, ...]:
    return tuple(
        (operator, f"aws:ResourceTag/{key}", tuple(literal(value) for value in values)) for key, values in rule.where
    )


class _Tabled:
    """The exact way, with a table of the service's actions."""

    def __init__(
        self,
        service: str,
        facts: Facts,
        care: _Care,
        allows: Sequence[Rule],
        strict: Sequence[Rule],
        table: Mapping[str, str],
    ) -> None:
        self._service, self._facts, self._care = service, facts, care
        every = [*allows, *strict]
        self._all = actions_of(table, service, (one for rule in every for one in (*rule.patterns, *rule.except_)))
        never = frozenset[str]().union(*(self._of(rule) for rule in strict if _is_plain(rule)))
        self._units = [
            unit
            for rule in allows
            for unit in self._split(rule, self._of(rule) - never)
            if unit.wanted and unit.resources
        ]
        self._units = _together(self._units)
        self._allowed = frozenset[str]().union(*(unit.wanted for unit in self._units))
        levels = {name.rpartition(":")[2]: level for name, level in table.items()}
        self.writes = any(levels.get(name, "") not in _READING for name in self._allowed)
        self._given = tuple(
            dict.fromkeys(
                text
                for rule in every
                for text in (*restricted(rule.except_, service), *(restricted(rule.patterns, service)))
            )
        )
        self._denies = [
            self._deny(rule, wanted)
            for rule in strict
            if not _is_plain(rule) and (wanted := self._of(rule) & self._allowed)
        ]

    def statements(self) -> list[Statement]:
        if not self._units:
            return []
        named, cut = self._named(), self._cut()
        return (named if len(render(named)) <= len(render(cut)) else cut) + [one for one in self._denies if one]

    def _named(self) -> list[Statement]:
        """Every unit by patterns that cover nothing else."""
        return [
            self._allow(unit, self._cover(unit.wanted, self._all.names - unit.wanted, unit.given))
            for unit in self._units
        ]

    def _cut(self) -> list[Statement]:
        """The patterns of the rules, and a Deny of what they cover beyond what any rule allows."""
        made, more = [], set[str]()
        for unit in self._units:
            free = self._free(unit)
            wanted = unit.wanted - free
            if not wanted:
                continue
            elsewhere = self._allowed - unit.wanted - free
            kept = [text for text in unit.given if not self._all.matched((text,)) & elsewhere]
            left = wanted - self._all.matched(kept)
            texts = (*kept, *self._cover(left, self._all.names - unit.wanted - free, unit.given))
            more |= self._all.matched(texts) - self._allowed
            made.append(self._allow(unit, tuple(sorted(set(texts)))))
        # Patterns may meet what nothing allows anyway, but none of what is.
        texts = self._all.cover(frozenset(more), self._allowed, self._given)
        return [*made, Statement("Deny", self._complete(texts))] if texts else made

    def _free(self, unit: _Unit) -> frozenset[str]:
        """What others allow on wider terms already: a unit may cover it or not, and need not name it."""
        return frozenset[str]().union(*(one.wanted for one in self._units if _is_wider(one, unit)))

    def _of(self, rule: Rule) -> frozenset[str]:
        """The actions that a rule speaks of."""
        found = self._all.matched(restricted(rule.patterns, self._service))
        return found - self._all.matched(restricted(rule.except_, self._service))

    def _split(self, rule: Rule, wanted: frozenset[str]) -> list[_Unit]:
        resources = resources_of(rule, self._service, self._facts.account)
        given = restricted(rule.patterns, self._service)
        whole = _Unit(wanted, resources, (), given)
        if not rule.where:
            return [whole]
        tagged = self._facts.tagged
        checked = frozenset(name for name in wanted if tagged is not None and tagged(f"{self._service}:{name}"))
        if checked == wanted:
            return [replace(whole, conditions=_tags(rule, "StringEquals"))]
        if tagged is None or (checked and not self._care.split_tags):
            return [replace(whole, conditions=_tags(rule, "StringEqualsIfExists"))]
        return [
            replace(whole, wanted=checked, conditions=_tags(rule, "StringEquals")),
            replace(whole, wanted=wanted - checked),
        ]

    def _cover(self, wanted: frozenset[str], unwanted: frozenset[str], given: Iterable[str]) -> tuple[str, ...]:
        return self._all.cover(wanted, unwanted, given, careful=self._care.careful)

    def _allow(self, unit: _Unit, texts: tuple[str, ...]) -> Statement:
        return Statement("Allow", self._complete(texts), unit.resources, unit.conditions)

    def _deny(self, rule: Rule, wanted: frozenset[str]) -> Statement | None:
        resources = resources_of(rule, self._service, self._facts.account)
        texts = self._cover(wanted, self._allowed - wanted, restricted(rule.patterns, self._service))
        return Statement("Deny", self._complete(texts), resources, _tags(rule, "StringEquals")) if resources else None

    def _complete(self, texts: Iterable[str]) -> tuple[str, ...]:
        return tuple(f"{self._service}:{text}" for text in texts)


def _untabled(service: str, facts: Facts, allows: Sequence[Rule], strict: Sequence[Rule]) -> list[Statement]:
    """The way without a table: patterns as they stand; of exceptions what a Deny can say without taking too much."""

    def complete(texts: Iterable[str]) -> tuple[str, ...]:
        return tuple(f"{service}:{text}" for text in texts)

    made = [
        Statement(
            "Allow",
            complete(restricted(rule.patterns, service)),
            resources_of(rule, service, facts.account),
            _tags(rule, "StringEqualsIfExists"),
        )
        for rule in allows
    ]
    cut = [
        text
        for rule in allows
        for text in restricted(rule.except_, service)
        if not any(_allows_some(other, service, text) for other in allows)
    ]
    if cut:
        made.append(Statement("Deny", complete(sorted(set(cut)))))
    for rule in strict:
        resources = resources_of(rule, service, facts.account)
        patterns, except_ = restricted(rule.patterns, service), restricted(rule.except_, service)
        # A pattern with exceptions denies too much as it stands, and what is left of it is not known.
        whole = [one for one in patterns if not any(overlaps(one.lower(), other.lower()) for other in except_)]
        if resources and whole:
            made.append(Statement("Deny", complete(sorted(whole)), resources, _tags(rule, "StringEquals")))
    return made


def _allows_some(rule: Rule, service: str, text: str) -> bool:
    """True when an allow may cover an action of this pattern."""
    if any(covers_action(except_, text) for except_ in restricted(rule.except_, service)):
        return False
    return any(overlaps(pattern.lower(), text.lower()) for pattern in restricted(rule.patterns, service))


# ── what belongs to every policy ─────────────────────────────────────────────────────────────────


def _in_regions(made: list[Statement], service: str, scope: Scope, facts: Facts) -> list[Statement]:
    if not scope.regions or facts.global_(service):
        return made
    if sum(one.effect == "Allow" for one in made) > 1:
        elsewhere: Condition = ("StringNotEquals", "aws:RequestedRegion", scope.regions)
        return [*made, Statement("Deny", (f"{service}:*",), conditions=(elsewhere,))]
    within: Condition = ("StringEquals", "aws:RequestedRegion", scope.regions)
    return [replace(one, conditions=(*one.conditions, within)) if one.effect == "Allow" else one for one in made]


def _keys_behind(service: str, *, writes: bool) -> list[Statement]:
    """The use of KMS keys that a service makes in the caller's name, which no request of the agent's asks for."""
    keys: tuple[str, ...]
    if service in _READ_BEHIND:
        keys = _WRITE_KEY if writes else _READ_KEY
    elif service in _BUILT_BEHIND and writes:
        keys = _BUILD_KEY
    else:
        return []
    return [Statement("Allow", keys, ANY, (("StringLike", "kms:ViaService", (f"{service}.*",)),))]


def _may_deny_keys(rule: Rule) -> bool:
    keys = [key.partition(":")[2] for key in _BUILD_KEY]
    except_ = restricted(rule.except_, "kms")
    return rule.effect is Effect.DENY and any(
        overlaps(pattern.lower(), key.lower())
        for pattern in restricted(rule.patterns, "kms")
        for key in keys
        if not any(covers_action(one, key) for one in except_)
    )


# ── where it does not fit ────────────────────────────────────────────────────────────────────────


def _too_long(scope: Scope, services: Sequence[str], facts: Facts, length: int) -> PolicyTooLong:
    costs = []
    for rule in scope.aws.rules:
        without = replace(scope, aws=replace(scope.aws, rules=tuple(one for one in scope.aws.rules if one is not rule)))
        try:
            statements = [one for service in services for one in _statements(without, service, facts, _CARE[-1])]
            costs.append((length - len(render(statements)), rule))
        except NothingAllowed:
            costs.append((length, rule))
    worst = [(cost, rule) for cost, rule in sorted(costs, key=lambda one: -one[0]) if cost > 0][:_WORST_NAMED]
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
