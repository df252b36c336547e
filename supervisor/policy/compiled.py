"""A scope made ready for deciding: its patterns compiled once, its command rules found by program.

The compiled form is kept by the identity of the scope value, which is frozen: the same scope always means the same, so
keeping it changes no decision.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from supervisor.model.decision import Decision
from supervisor.model.effect import Effect
from supervisor.model.request import Action
from supervisor.parse.argv import CommandPattern, compile_pattern
from supervisor.parse.net import HostPattern, compile_host
from supervisor.policy.scope import FourEyes, Rule, Rules, Scope

_KEPT_SCOPES = 8
_IAM_ACTION = re.compile(r"[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+\Z")


def is_iam_action(pattern: str) -> bool:
    """True for `service:Action`, which tells IAM actions from commands where both may stand."""
    return _IAM_ACTION.match(pattern) is not None


@dataclass(frozen=True, slots=True, eq=False)
class CommandRule:
    """A rule of the commands section. `broken` = a pattern does not compile: it applies unless it allows."""

    rule: Rule
    patterns: tuple[CommandPattern, ...]
    except_: tuple[CommandPattern, ...]
    broken: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class HostRule:
    """A rule of the network section; `broken` as in `CommandRule`."""

    rule: Rule
    patterns: tuple[HostPattern, ...]
    except_: tuple[HostPattern, ...]
    broken: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Eyes:
    """Four-eyes lines, split into their IAM actions and their commands."""

    line: FourEyes
    actions: tuple[str, ...]
    commands: tuple[CommandPattern, ...]
    broken: bool


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """The sections whose patterns are compiled; the others are compared as they stand.

    `by_program` holds the indexes of the command rules that can match a program of that name, `always` of those that
    can match any.
    """

    commands: tuple[CommandRule, ...]
    by_program: dict[str, tuple[int, ...]]
    always: tuple[int, ...]
    hosts: tuple[HostRule, ...]
    eyes: tuple[Eyes, ...]
    kept: dict[Action, Decision] = field(default_factory=dict)
    """Decisions without grants on what was seen before."""


def command(text: str) -> CommandPattern | None:
    """The compiled pattern, or `None` where it is none."""
    try:
        return compile_pattern(text)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def host(text: str) -> HostPattern | None:
    """The compiled pattern, or `None` where it is none."""
    try:
        return compile_host(text)
    except ValueError:
        return None


def _commands(texts: Iterable[str]) -> tuple[tuple[CommandPattern, ...], bool]:
    found = [command(text) for text in texts]
    return tuple(pattern for pattern in found if pattern is not None), None in found


def _hosts(texts: Iterable[str]) -> tuple[tuple[HostPattern, ...], bool]:
    found = [host(text) for text in texts]
    return tuple(pattern for pattern in found if pattern is not None), None in found


def _command_rule(rule: Rule) -> CommandRule:
    patterns, broken = _commands(rule.patterns)
    # An exception that cannot be read takes nothing out of a refusal, and everything out of an allow.
    except_, broken_except = _commands(rule.except_)
    broken = broken or (broken_except and rule.effect is Effect.ALLOW)
    return CommandRule(rule, patterns, except_, broken)


def _host_rule(rule: Rule) -> HostRule:
    patterns, broken = _hosts(rule.patterns)
    except_, broken_except = _hosts(rule.except_)
    broken = broken or (broken_except and rule.effect is Effect.ALLOW)
    return HostRule(rule, patterns, except_, broken)


def _eyes(line: FourEyes) -> Eyes:
    actions = tuple(text for text in line.on if is_iam_action(text))
    commands, broken = _commands(text for text in line.on if not is_iam_action(text))
    return Eyes(line, actions, commands, broken)


def _compile(scope: Scope) -> Compiled:
    rules = tuple(_command_rule(rule) for rule in scope.commands.rules)
    by_program: dict[str, list[int]] = {}
    always = []
    for index, made in enumerate(rules):
        if made.broken or any("*" in pattern.program or "*" in pattern.path for pattern in made.patterns):
            always.append(index)
            continue
        for name in {pattern.program for pattern in made.patterns}:
            by_program.setdefault(name, []).append(index)
    return Compiled(
        rules,
        {name: tuple(indexes) for name, indexes in by_program.items()},
        tuple(always),
        tuple(_host_rule(rule) for rule in scope.network.rules),
        tuple(_eyes(line) for line in scope.approvals.four_eyes),
    )


_kept: dict[int, tuple[Scope, Compiled]] = {}


def compiled(scope: Scope) -> Compiled:
    """The compiled form of a scope."""
    found = _kept.get(id(scope))
    if found is not None and found[0] is scope:
        return found[1]
    made = _compile(scope)
    if len(_kept) >= _KEPT_SCOPES:
        _kept.clear()
    _kept[id(scope)] = (scope, made)
    return made


def rules_of(scope: Scope, section: str) -> Rules:
    """The rules of a section by its key in the file."""
    sections = {"aws": scope.aws, "commands": scope.commands, "network": scope.network, "mcp": scope.mcp}
    return sections[section]
