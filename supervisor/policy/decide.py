"""The decision on one request: the strictest rule that applies, else `otherwise`; a grant answers an ask and no deny.

Pure: the same scope, grants, request and time give the same decision, so a journal can be replayed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from supervisor.model.decision import Decision, RuleRef
from supervisor.model.effect import Effect
from supervisor.model.grant import Grant
from supervisor.model.request import Action, AwsCall, Connect, Exec, Request, ToolCall
from supervisor.parse.argv import Certainty, programs_of
from supervisor.parse.aws_cli import aws_command
from supervisor.parse.command import inner
from supervisor.parse.names import is_loader, program_name
from supervisor.parse.opaque import Opaque
from supervisor.policy.compiled import compiled
from supervisor.policy.explain import explain, inside, needs
from supervisor.policy.glob import overlaps
from supervisor.policy.irreversible import irreversible
from supervisor.policy.match import (
    Finding,
    Match,
    certainty,
    inner_zone,
    match_aws,
    match_connect,
    match_exec,
    match_tool,
    may_apply,
    names_inner_address,
    outside,
)
from supervisor.policy.offers import covers
from supervisor.policy.scope import Rules, Scope


def decide(scope: Scope, grants: Sequence[Grant], request: Request, now: datetime) -> Decision:
    """What the policy says to one request at `now` (aware).

    What a program start visibly leads to may deny it early; it never asks and never allows, because each of those
    starts meets the gate itself.
    """
    action = request.action
    finding = _find(scope, request)
    if isinstance(action, Exec) and finding.effect is not Effect.DENY:
        for start in (action, *inner(action)):
            if isinstance(start, Exec) and (early := _early(scope, start, itself=start is action)):
                return _decision(scope, grants, request, early[0], early[1], now)
    return _decision(scope, grants, request, action, finding, now)


def foresee(scope: Scope, grants: Sequence[Grant], request: Request, now: datetime) -> Decision:
    """The strictest decision over a program start and everything that it visibly leads to; for other requests `decide`.

    For `check` and the examples of a scope, which have no running gates to ask for each start.
    """
    action = request.action
    if not isinstance(action, Exec):
        return decide(scope, grants, request, now)
    decisions = [decide(scope, grants, request, now)]
    for start in (action, *inner(action)):
        if isinstance(start, Opaque):
            decisions.append(opaque(scope, start))
            continue
        within = replace(request, action=start)
        if start is not action:
            decisions.append(decide(scope, grants, within, now))
        call = _visible_call(start)
        if call is not None:
            decisions.append(decide(scope, grants, replace(request, gate="aws", action=call), now))
    return strictest(decisions)


def _visible_call(start: Exec) -> AwsCall | None:
    """The AWS call that a command line of the aws program makes, as far as it shows."""
    if "aws" not in programs_of(start):
        return None
    call = aws_command(start.argv[1:])
    if isinstance(call, Opaque) or not call.actions:
        return None
    return AwsCall(call.actions, call.resources, call.service, call.operation, call.region)


def _early(scope: Scope, start: Exec, *, itself: bool) -> tuple[Action, Finding] | None:
    """A deny that is certain already: by a rule about a start that was not asked for yet, or about its AWS call."""
    if not itself:
        found = _find_exec(scope, start)
        if any(match.certain and match.rule.effect is Effect.DENY for match in found.matches):
            return start, found
    call = _visible_call(start)
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


def opaque(scope: Scope, text: Opaque) -> Decision:
    """The decision on what is not understood: it asks."""
    return Decision(
        Effect.ASK,
        explain=f"{inside(text.text)} is not understood: {text.why}",
        needs="the same in plain words, so that it can be read",
        scope=scope.digest,
    )


def strictest(decisions: Iterable[Decision]) -> Decision:
    """The first of the strictest; raises `ValueError` where there is none."""
    return max(decisions, key=lambda decision: decision.effect)


def _decision(
    scope: Scope, grants: Sequence[Grant], request: Request, action: Action, finding: Finding, now: datetime
) -> Decision:
    effect = finding.effect
    eyes = 0
    if effect is not Effect.DENY and (eyes := _four_eyes(scope, request)) > 1:
        effect = Effect.ASK
    rules = tuple(
        RuleRef(
            match.rule.section,
            match.rule.effect,
            match.rule.source.file,
            match.rule.source.line,
            match.rule.text,
            match.rule.because,
        )
        for match in sorted(finding.matches, key=lambda match: -match.rule.effect)
    )
    if effect is Effect.ALLOW:
        return Decision(effect, rules, explain(action, finding, effect), scope=scope.digest)
    names = irreversible(request.action) if effect is Effect.ASK else ()
    made = Decision(
        effect,
        rules,
        explain(action, finding, effect, eyes),
        needs(action, finding, scope),
        scope.digest,
        irreversible=names,
        four_eyes=eyes,
    )
    if effect is Effect.ASK and not names and eyes <= 1:
        grant = next((grant for grant in grants if now < grant.expires and covers(grant.matcher, request.action)), None)
        if grant is not None:
            told = f"{grant.by} granted this: {grant.id}"
            return replace(made, effect=Effect.ALLOW, explain=told, needs="", grant=grant.id)
    return made


# ── what the rules say ───────────────────────────────────────────────────────────────────────────


def _find(scope: Scope, request: Request) -> Finding:
    action = request.action
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
        return Finding(Effect.ASK, "aws", matches, why="which IAM action it is cannot be told")
    return found


def _four_eyes(scope: Scope, request: Request) -> int:
    """How many humans the scope wants for the request; what only may fall under a line does."""
    action, count = request.action, 0
    for eyes in compiled(scope).eyes:
        if isinstance(action, Exec):
            under = eyes.broken or certainty(eyes.commands, action) is not Certainty.NO
        elif isinstance(action, AwsCall):
            actions = action.actions or (f"{action.service or '*'}:{action.operation or '*'}",)
            under = any(overlaps(pattern.lower(), name.lower()) for pattern in eyes.actions for name in actions)
        else:
            under = False
        if under:
            count = max(count, eyes.line.count)
    return count
