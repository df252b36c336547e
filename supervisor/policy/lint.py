"""Rules that can never do anything: patterns that are none, and rules that a stricter one always outranks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from supervisor.model.effect import Effect
from supervisor.model.request import Exec
from supervisor.parse.argv import Certainty, compile_pattern, match_command
from supervisor.parse.net import ANY_PORT, HostPattern, compile_host, match_host
from supervisor.policy.compiled import is_iam_action
from supervisor.policy.document import Problems, shown, suggestion
from supervisor.policy.glob import covers_action, matches
from supervisor.policy.resources import is_object
from supervisor.policy.scope import Rule, Scope
from supervisor.policy.sections import Stated
from supervisor.policy.services import SERVICES


def check_rules(scope: Scope, stated: Stated, problems: Problems) -> None:
    """Add a problem for every rule of this file that cannot match or cannot matter."""
    before = len(problems.found)
    for section in ("aws", "commands", "network", "mcp"):
        rules = stated.rules.get(section)
        for rule in rules.rules if rules else ():
            for pattern in (*rule.patterns, *rule.except_):
                if "${" not in pattern and (why := _CHECKS[section](pattern)):
                    problems.add(rule.source, why, _FIXES[section])
            for arn in rule.on:
                if why := _bad_arn(arn):
                    problems.add(rule.source, why, "write it as arn:aws:s3:::bucket/*")
            if rule.effect is Effect.ALLOW and rule.where and rule.on and all(is_object(arn) for arn in rule.on):
                why = "this rule can never match: `where` goes by tags, and those of S3 objects are not looked up"
                problems.add(rule.source, why, "name the objects in `on`, and take `where` out")
    for eyes in stated.four_eyes:
        for text in eyes.on:
            check = _bad_action if is_iam_action(text) else _bad_command
            if "${" not in text and (why := check(text)):
                problems.add(stated.source, f"four_eyes: {why}", "name IAM actions and commands")
    if len(problems.found) > before:
        return
    # A stricter rule of the whole scope counts, also one that was extended: what this file says would do nothing.
    own = {id(rule) for rules in stated.rules.values() for rule in rules.rules}
    for together in (scope.aws.rules, scope.commands.rules, scope.network.rules, scope.mcp.rules):
        for rule in together:
            if id(rule) in own:
                _check_covered(rule, [other for other in together if other.effect > rule.effect], problems)


def _check_covered(rule: Rule, stricter: Iterable[Rule], problems: Problems) -> None:
    covered_by = _COVERED[rule.section]
    if rule.except_ and all(any(covered_by(other, pattern) for other in rule.except_) for pattern in rule.patterns):
        problems.add(rule.source, "this rule can never match: `except` takes out all of it", "take `except` out")
        return
    for other in stricter:
        if other.except_ or other.where or (other.on and other.on != rule.on):
            continue
        for pattern in rule.patterns:
            if any(covered_by(one, pattern) for one in other.patterns):
                where = "" if other.source.file == rule.source.file else f"{other.source.file}:"
                problems.add(
                    rule.source,
                    f"`{rule.effect.word}: {pattern}` can never matter: {where or 'line '}{other.source.line} "
                    f"says `{other.effect.word}: {', '.join(other.patterns)}`, and the stricter one wins",
                    "take it out, or give the stricter rule an `except`",
                )


# ── does one pattern cover all of another? ───────────────────────────────────────────────────────


def _command_covered(wide: str, narrow: str) -> bool:
    if "*" in narrow or wide == narrow:
        return wide == narrow
    try:
        pattern, inner = compile_pattern(wide), compile_pattern(narrow)
    except ValueError:
        return False
    start = Exec(inner.path or inner.program, (inner.path or inner.program, *inner.tokens), "")
    return match_command(pattern, start) is Certainty.YES


def _action_covered(wide: str, narrow: str) -> bool:
    return covers_action(wide, narrow)


def _host_covered(wide: str, narrow: str) -> bool:
    try:
        pattern, inner = compile_host(wide), compile_host(narrow)
    except ValueError:
        return False
    if pattern.port not in (ANY_PORT, inner.port):
        return False
    return _same_place(pattern, inner) or bool(inner.host and match_host(pattern, inner.host, inner.port or 443))


def _same_place(one: HostPattern, other: HostPattern) -> bool:
    if one.is_any:
        return True
    return (one.host, one.suffix, one.network) == (other.host, other.suffix, other.network)


_COVERED: dict[str, Callable[[str, str], bool]] = {
    "aws": _action_covered,
    "commands": _command_covered,
    "network": _host_covered,
    "mcp": matches,
}


# ── is a pattern one at all? ─────────────────────────────────────────────────────────────────────


def _bad_command(text: str) -> str:
    try:
        compile_pattern(text)
    except ValueError as error:
        return str(error)
    return ""


def _bad_host(text: str) -> str:
    try:
        compile_host(text)
    except ValueError as error:
        return str(error)
    return ""


def _bad_action(text: str) -> str:
    if text == "*":
        return ""
    if not is_iam_action(text):
        return f"{shown(text)} is no IAM action"
    service = text.partition(":")[0].lower()
    if "*" in service or "?" in service:
        fits = any(matches(service, known) for known in SERVICES)
    else:
        fits = service in SERVICES
    if fits:
        return ""
    return f"{shown(text)} can never match: AWS has no service {shown(service)}{suggestion(service, SERVICES)}"


def _bad_tool(text: str) -> str:
    server, slash, tool = text.partition("/")
    return "" if text == "*" or (slash and server and tool) else f"{shown(text)} is no MCP tool"


def _bad_arn(text: str) -> str:
    if text == "*" or "${" in text:
        return ""
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not parts[1] or not parts[2]:
        return f"{shown(text)} is no ARN pattern: it can never match"
    if parts[4] and not ("*" in parts[4] or "?" in parts[4]) and not (parts[4].isdigit() and len(parts[4]) == 12):
        return f"{shown(text)}: {shown(parts[4])} is no account, which has twelve digits" if parts[4] != "aws" else ""
    return ""


_CHECKS: dict[str, Callable[[str], str]] = {
    "aws": _bad_action,
    "commands": _bad_command,
    "network": _bad_host,
    "mcp": _bad_tool,
}
_FIXES = {
    "aws": "write service:Action, such as s3:GetObject or ec2:Describe*",
    "commands": "write a program and its first words, such as git push",
    "network": "write host, host:port, *.suffix:port or range/bits:port",
    "mcp": "write server/tool, such as github/get_*",
}
