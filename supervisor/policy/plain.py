"""A scope in plain words: what the agent may do, what asks first, and what it never does."""

from __future__ import annotations

from collections.abc import Iterable

from supervisor.model.effect import Effect
from supervisor.model.visible import visible
from supervisor.policy.limits import limits_in_words
from supervisor.policy.scope import Exposed, Rule, Rules, Scope

REGISTRIES_BECAUSE = "the package registries that this machine is configured for"
"""What the rule says that `registries` in a scope file became."""

_OTHER = {"commands": "program", "aws": "AWS call", "network": "host", "mcp": "MCP tool"}
_DO = {"commands": "run", "aws": "call", "network": "reach", "mcp": "use"}
FEW = 4
Words = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def plain_words(scope: Scope) -> Words:
    """(may, asks, never), each a few short lines; parameters that are not filled in stand there as `${name}`."""
    may: list[str] = []
    asks: list[str] = []
    never: list[str] = []
    if scope.commands.otherwise is Effect.ALLOW:
        may.append("run local programs in its cell")
    if "." in scope.files.write:
        may.append("write files in the workspace")
    if others := [path for path in scope.files.write if path != "."]:
        may.append(f"write {join(others)}")
    if "." not in scope.files.write:
        never.append("write files in the workspace")
    may += [f"show its port {port.port or port.text} to your browser at {_at(port)}" for port in scope.expose]
    for section, rules in _sections(scope):
        # What the scope itself says comes before what it extends.
        for rule in sorted(rules.rules, key=lambda rule: rule.source.file != scope.source.file):
            if rule.effect is Effect.ALLOW and section == "commands" and rules.otherwise is Effect.ALLOW:
                continue
            line = _line(section, rule)
            {Effect.ALLOW: may, Effect.ASK: asks, Effect.DENY: never}[rule.effect].append(line)
    for section, rules in _sections(scope):
        if section == "mcp" and not (scope.mcp_servers or rules.rules):
            continue
        _otherwise(section, rules, asks, never)
    keys = dict.fromkeys(key for rule in scope.aws.rules for key, _ in rule.where)
    if keys:
        asks.append(f"any change of the AWS tag {join(keys)}")
    for eyes in scope.approvals.four_eyes:
        without = ", none of them the session's owner" if eyes.owner else ""
        asks.append(f"{eyes.count} people{without}: {join(eyes.on)}")
    if scope.account:
        never.append(f"any AWS account but {scope.account}")
    if scope.regions:
        never.append(f"any AWS region but {join(scope.regions)}")
    if scope.terraform.protect:
        never.append(f"destroy with terraform: {join(scope.terraform.protect)}")
    if limited := limits_in_words(scope.limits):
        never.append(f"take more than {limited}")
    return _shown(may), _shown(asks), _shown(never)


def _at(port: Exposed) -> str:
    return f"127.0.0.1:{port.host_port or port.text.partition(':')[0]}"


def _sections(scope: Scope) -> tuple[tuple[str, Rules], ...]:
    return ("commands", scope.commands), ("aws", scope.aws), ("network", scope.network), ("mcp", scope.mcp)


def _otherwise(section: str, rules: Rules, asks: list[str], never: list[str]) -> None:
    other = "other " if rules.rules and any(rule.effect is not Effect.DENY for rule in rules.rules) else ""
    if rules.otherwise is Effect.ASK:
        asks.append(f"any {other}{_OTHER[section]}")
    elif rules.otherwise is Effect.DENY:
        never.append(f"any {other}{_OTHER[section]}")


def _line(section: str, rule: Rule) -> str:
    if rule.because == REGISTRIES_BECAUSE:
        what = "the package registries"
        return f"reach {what}" if rule.effect is Effect.ALLOW else what
    if rule.effect is Effect.ALLOW and rule.because:
        return rule.because
    if rule.because and len(rule.patterns) > FEW:
        return f"{join(rule.patterns, FEW - 1)}: {rule.because}"
    what = join(rule.patterns)
    if rule.on and rule.on != ("*",):
        what += f" on {join((_tail(arn) for arn in rule.on), 2)}"
    if rule.where:
        what += " where " + ", ".join(f"{key} is {' or '.join(values)}" for key, values in rule.where)
    if rule.except_:
        what += f", except {join(rule.except_)}"
    return f"{_DO[section]} {what}" if rule.effect is Effect.ALLOW else what


def _tail(arn: str) -> str:
    return arn.split(":", 5)[-1] if arn.count(":") >= 5 else arn


def join(words: Iterable[str], most: int = FEW) -> str:
    """`a, b, c and 5 more`."""
    listed = tuple(dict.fromkeys(words))
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more


def _shown(lines: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(visible(line) for line in lines))
