"""The decision on one request: the strictest rule that applies, else `otherwise`; a grant answers an ask and no deny.

Pure: the same scope, grants, request and time give the same decision, so a journal can be replayed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from supervisor.model.decision import Approvers, Decision, RuleRef
from supervisor.model.effect import Effect
from supervisor.model.grant import Grant
from supervisor.model.request import Action, AwsCall, Exec, Request
from supervisor.parse.argv import Certainty
from supervisor.parse.command import inner
from supervisor.parse.opaque import Opaque
from supervisor.policy.compiled import compiled
from supervisor.policy.explain import explain, inside, needs
from supervisor.policy.finding import find, visible_call
from supervisor.policy.glob import overlaps
from supervisor.policy.irreversible import irreversible
from supervisor.policy.match import certainty
from supervisor.policy.offers import covers
from supervisor.policy.scope import Scope

_KEPT = 2_000
_LONGEST_KEPT = 4_096


def decide(scope: Scope, grants: Sequence[Grant], request: Request, now: datetime) -> Decision:
    """What the policy says to one request at `now` (aware).

    What a program start visibly leads to may deny it early; it never asks and never allows, because each of those
    starts meets the gate itself.
    """
    made = _ungranted(scope, request.action)
    if made.effect is not Effect.ASK or made.irreversible or made.four_eyes > 1 or made.once:
        return made
    grant = next((one for one in grants if now < one.expires and covers(one.matcher, request.action)), None)
    if grant is None:
        return made
    told = f"{inside(grant.by)} allowed this for the task ({grant.id})"
    return replace(made, effect=Effect.ALLOW, explain=told, needs="", grant=grant.id)


def _ungranted(scope: Scope, action: Action) -> Decision:
    """The decision without grants. The same under the same scope is worked out once: builds repeat themselves."""
    if not _is_kept(action):
        return _decision(scope, action)
    kept = compiled(scope).kept
    found = kept.get(action)
    if found is None:
        found = _decision(scope, action)
        if len(kept) >= _KEPT:
            kept.clear()
        kept[action] = found
    return found


def _is_kept(action: Action) -> bool:
    """Whether it is worth its place in memory: what is short comes again and again."""
    match action:
        case Exec():
            return sum(map(len, action.argv)) <= _LONGEST_KEPT
        case AwsCall():
            return sum(map(len, action.resources)) <= _LONGEST_KEPT and not action.facts and not action.request_tags
        case _:
            return False


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
        call = visible_call(start)
        if call is not None:
            decisions.append(decide(scope, grants, replace(request, gate="aws", action=call), now))
    return strictest(decisions)


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


def _decision(scope: Scope, action: Action) -> Decision:
    about, finding = find(scope, action)
    effect = finding.effect
    approvers = () if effect is Effect.DENY else _approvers(scope, action)
    eyes = max((each.count for each in approvers), default=0)
    if eyes > 1:
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
    allowed = effect is Effect.ALLOW
    return Decision(
        effect,
        rules,
        explain(about, finding, effect, eyes),
        "" if allowed else needs(about, finding, scope),
        scope.digest,
        irreversible=irreversible(action) if effect is Effect.ASK else (),
        four_eyes=eyes,
        approvers=approvers,
        once=finding.once if effect is Effect.ASK else "",
    )


def _approvers(scope: Scope, action: Action) -> tuple[Approvers, ...]:
    """Which humans the scope wants for it; what only may fall under a line does."""
    found = []
    for eyes in compiled(scope).eyes:
        if isinstance(action, Exec):
            under = eyes.broken or certainty(eyes.commands, action) is not Certainty.NO
        elif isinstance(action, AwsCall):
            actions = action.actions or (f"{action.service or '*'}:{action.operation or '*'}",)
            under = any(overlaps(pattern.lower(), name.lower()) for pattern in eyes.actions for name in actions)
        else:
            under = False
        if under:
            found.append(Approvers(eyes.line.count, eyes.line.role, eyes.line.owner))
    return tuple(dict.fromkeys(found))
