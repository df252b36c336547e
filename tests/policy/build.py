"""Scopes and requests in few words, for the tests of the policy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from supervisor.model.decision import Decision
from supervisor.model.effect import Effect
from supervisor.model.grant import Grant
from supervisor.model.request import Action, Connect, Exec, GateName, Request, Subject
from supervisor.parse.net import zone_of
from supervisor.policy.decide import decide, foresee
from supervisor.policy.scope import Rule, Rules, Scope, Section, Source

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
ALLOW, ASK, DENY = Effect.ALLOW, Effect.ASK, Effect.DENY
_GATES: dict[str, GateName] = {"exec": "exec", "connect": "network", "aws": "aws", "mcp": "mcp"}


def rule(section: Section, effect: Effect, *patterns: str, line: int = 1, **more: Any) -> Rule:
    """A rule of a section in `task.yaml`."""
    return Rule(section, effect, patterns, Source("task.yaml", line), **more)


def scope(
    *rules: Rule, commands: Effect = ALLOW, aws: Effect = ASK, network: Effect = ASK, mcp: Effect = ASK, **more: Any
) -> Scope:
    """A scope of these rules; the effects are each section's `otherwise`."""

    def section(name: Section, otherwise: Effect) -> Rules:
        return Rules(tuple(one for one in rules if one.section == name), otherwise, Source("task.yaml", 99))

    return Scope(
        "task",
        "A task",
        "sha256:1",
        Source("task.yaml", 1),
        aws=section("aws", aws),
        commands=section("commands", commands),
        network=section("network", network),
        mcp=section("mcp", mcp),
        **more,
    )


def start(text: str, cwd: str = "/work", **more: Any) -> Exec:
    """A program start by its words."""
    argv = tuple(text.split())
    return Exec(f"/usr/bin/{argv[0].rpartition('/')[2]}", argv, cwd, **more)


def connect(host: str, port: int = 443, *addresses: str) -> Connect:
    """A connection to a host that resolved to these addresses; the zone is the least public one, as the gate has it."""
    order = ("unresolved", "public", "private", "link-local", "loopback", "metadata")
    reached = addresses or ((host,) if zone_of(host) != "unresolved" else ())
    zone = max((zone_of(address) for address in reached), key=order.index, default="public")
    return Connect(host, port, addresses=reached, zone=zone)


def request(action: Action, number: int = 1) -> Request:
    """A request for an action."""
    return Request(f"r{number}", _GATES[action.KIND], Subject("s", "bash"), action)


def judge(made: Scope, action: Action, grants: Sequence[Grant] = ()) -> Decision:
    """The decision on an action."""
    return decide(made, grants, request(action), NOW)


def foreseen(made: Scope, action: Action) -> Decision:
    """The decision on an action and all that it visibly leads to."""
    return foresee(made, (), request(action), NOW)
