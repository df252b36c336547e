"""What rules say about one service, as statements: exactly where its actions are known, else as nearly as can be said.

Two ways lead round IAM's lack of an exception inside of a statement: to name all that is left, or to use the rule's own
patterns and deny what they cover beyond what any rule allows. The shorter one is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from supervisor.policy.glob import covers_action, overlaps
from supervisor.policy.scope import Rule
from supervisor.policy.session_policy_actions import actions_of, restricted
from supervisor.policy.session_policy_facts import Facts
from supervisor.policy.session_policy_keys import READING
from supervisor.policy.session_policy_resources import ANY, resources_of
from supervisor.policy.session_policy_statement import Condition, Statement, literal, render

_TAGS_BY_CHOICE: Final = frozenset({"dynamodb", "s3"})
"""Services whose customers choose whether tags count in conditions: where they do not, a tag is as if absent."""


@dataclass(frozen=True, slots=True)
class Care:
    """How exactly a policy is written: each step says less and is shorter."""

    careful: bool = False
    split_tags: bool = False
    asks: bool = False


CARE: Final = (Care(True, True, True), Care(False, True, True), Care(asks=True), Care())
"""The most exact first."""


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


def _is_plain(rule: Rule) -> bool:
    return not rule.on and not rule.where


def _tags(rule: Rule, operator: str) -> tuple[Condition, ...]:
    return tuple(
        (operator, f"aws:ResourceTag/{key}", tuple(literal(value) for value in values)) for key, values in rule.where
    )


class Tabled:
    """The exact way, with a table of the service's actions."""

    def __init__(
        self,
        service: str,
        facts: Facts,
        care: Care,
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
        self.writes = any(levels.get(name, "") not in READING for name in self._allowed)
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
        if checked == wanted and self._service not in _TAGS_BY_CHOICE:
            return [replace(whole, conditions=_tags(rule, "StringEquals"))]
        if tagged is None or self._service in _TAGS_BY_CHOICE or (checked and not self._care.split_tags):
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


def untabled(service: str, facts: Facts, allows: Sequence[Rule], strict: Sequence[Rule]) -> list[Statement]:
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
