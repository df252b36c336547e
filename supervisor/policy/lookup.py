"""When a host's name may be told to a resolver: whoever owns the name hears of every look-up, with all its labels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from supervisor.model.effect import Effect
from supervisor.model.grant import Grant
from supervisor.model.request import Connect, Request
from supervisor.parse.net import match_host
from supervisor.policy.compiled import compiled
from supervisor.policy.decide import decide
from supervisor.policy.scope import Scope


def may_look_up(scope: Scope, grants: Sequence[Grant], request: Request, now: datetime) -> bool:
    """True where the connection is allowed by its name, or a rule that asks names exactly this host.

    A rule of wildcards that asks or denies speaks of names that the agent makes up: resolving them would send out what
    it wrote into them, unasked.
    """
    wanted = request.action
    if not isinstance(wanted, Connect):
        return False
    effect = decide(scope, grants, request, now).effect
    if effect is not Effect.ASK:
        return effect is Effect.ALLOW
    return any(
        pattern.host and match_host(pattern, wanted.host, wanted.port)
        for entry in compiled(scope).hosts
        if entry.rule.effect is not Effect.DENY and not entry.broken
        for pattern in entry.patterns
    )
