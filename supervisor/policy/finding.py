"""What the rules of a scope say to an action, before grants and before words."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from supervisor.model.effect import Effect
from supervisor.model.request import Action, AwsCall, Connect, Exec, ToolCall
from supervisor.parse.argv import programs_of
from supervisor.parse.aws_cli import aws_command
from supervisor.parse.command import inner
from supervisor.parse.names import is_loader, program_name
from supervisor.parse.opaque import Opaque
from supervisor.policy.compiled import compiled
from supervisor.policy.match import (
    Finding,
    Match,
    inner_zone,
    match_aws,
    match_connect,
    match_exec,
    match_tool,
    may_apply,
    names_inner_address,
    outside,
)
from supervisor.policy.reads import level_by_name
from supervisor.policy.scope import Rules, Scope
from supervisor.policy.tags import touch, touched_keys


def find(scope: Scope, action: Action) -> tuple[Action, Finding]:
    """What the rules say, and to what of it: the action itself, or something that it visibly leads to and is denied."""
    finding = _find(scope, action)
    if isinstance(action, Exec) and finding.effect is not Effect.DENY:
        for start in (action, *inner(action)):
            if isinstance(start, Exec) and (early := _early(scope, start, itself=start is action)):
                return early
    return action, finding


def visible_call(start: Exec) -> AwsCall | None:
    """The AWS call that a command line of the aws program makes, as far as it shows."""
    # Most starts have nothing of it in their words, which is quicker to see than what they are called.
    if not any("aws" in text for text in (start.program, *start.known_as, *start.argv)):
        return None
    if "aws" not in programs_of(start):
        return None
    call = aws_command(start.argv[1:])
    if isinstance(call, Opaque) or not call.actions:
        return None
    level = level_by_name(call.actions)
    return AwsCall(call.actions, call.resources, call.service, call.operation, call.region, level=level)


def needs_tags(scope: Scope, call: AwsCall) -> bool:
    """True when the tags of the call's resources may matter to the decision on it."""
    if scope.opa or any("tags" in one.text for one in scope.rego):
        return True  # a condition may go by them, and one that finds none of a resource must not take it for bare
    ruled = [rule for rule in scope.aws.rules if rule.where]
    if not ruled:
        return False
    untold = replace(call, tags=None, some_tags=())
    return touched_keys(call) != () or any(may_apply(rule, untold) for rule in ruled)


def _early(scope: Scope, start: Exec, *, itself: bool) -> tuple[Action, Finding] | None:
    """A deny that is certain already: by a rule about a start that was not asked for yet, or about its AWS call."""
    if not itself:
        found = _find_exec(scope, start)
        if any(match.certain and match.rule.effect is Effect.DENY for match in found.matches):
            return start, found
    call = visible_call(start)
    if call is None:
        return None
    # Of resources and tags a command line tells little: only what is denied on any of them is denied this early.
    named = replace(call, resources=())
    unknown = [rule for rule in scope.aws.rules if rule.on or rule.where]
    if any(rule.effect is Effect.DENY and may_apply(rule, named) for rule in unknown):
        return None
    if any(rule.effect is Effect.ALLOW and may_apply(rule, named) for rule in scope.aws.rules):
        rules = tuple(rule for rule in scope.aws.rules if rule not in unknown and rule.effect is Effect.DENY)
        found = _of_rules("aws", match_aws(rules, named), Rules(rules, Effect.ASK))
    else:
        found = _find_aws(scope, named)
    return (named, found) if found.effect is Effect.DENY else None


def _find(scope: Scope, action: Action) -> Finding:
    match action:
        case Exec():
            return _find_exec(scope, action)
        case Connect():
            return _find_connect(scope, action)
        case AwsCall():
            return _find_aws(scope, action)
        case ToolCall():
            return _of_rules("mcp", match_tool(scope.mcp.rules, action), scope.mcp)
        case _:
            assert_never(action)


def _of_rules(section: str, matches: tuple[Match, ...], rules: Rules) -> Finding:
    if matches:
        return Finding(max(match.rule.effect for match in matches), section, matches)
    # Inside of the cell a program may be allowed by `otherwise`, since other gates stand behind; what leaves it never.
    least = Effect.ALLOW if section == "commands" else Effect.ASK
    return Finding(max(rules.otherwise, least), section, otherwise=rules)


def _find_exec(scope: Scope, start: Exec) -> Finding:
    finding = _of_rules("commands", match_exec(compiled(scope), start), scope.commands)
    if finding.effect is Effect.ALLOW and is_loader(program_name(start.program)):
        # The dynamic linker maps the program that its arguments name without another exec: nothing asks later.
        for within in inner(start):
            found = _find_exec(scope, within) if isinstance(within, Exec) else None
            if found is None:
                return Finding(Effect.ASK, "commands", why="the dynamic linker hides which program runs")
            if found.effect > finding.effect:
                return found
    return finding


def _find_connect(scope: Scope, wanted: Connect) -> Finding:
    rules = compiled(scope)
    found = _of_rules("network", match_connect(rules, wanted), scope.network)
    zone = inner_zone(wanted)
    if zone != "public" and found.effect is not Effect.DENY and not names_inner_address(rules.hosts, wanted):
        return Finding(Effect.DENY, "network", why=f"it is a {zone} address, which a rule has to name")
    return found


def _find_aws(scope: Scope, call: AwsCall) -> Finding:
    matches = match_aws(scope.aws.rules, call)
    found = _of_rules("aws", matches, scope.aws)
    if found.effect is not Effect.DENY and (where := outside(scope, call)):
        return Finding(Effect.DENY, "aws", why=f"it is in {where}")
    if found.effect is Effect.ALLOW and not call.actions:
        found = Finding(Effect.ASK, "aws", matches, why="which IAM action it is cannot be told")
    if not found.matches and found.effect is Effect.ASK and not call.resources and call.level not in ("list", "read"):
        found = replace(found, why="what it changes cannot be told")
    touched = touch(scope.aws.rules, call)
    if touched is None or found.effect is Effect.DENY:
        return found
    stricter = touched.effect > found.effect
    return replace(
        found, effect=max(found.effect, touched.effect), why=touched.why if stricter else found.why, once=touched.why
    )
