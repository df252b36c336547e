"""The document that conditions in Rego get: one request, the rules' decision on it, and the time, all of it as data.

Version 1. Every field is always there (`rego_schema`), so that no condition is undefined for want of one. Times are
integers: nanoseconds since 1970 in UTC. It is made of what a journal has too, and reads no clock.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Final, assert_never

from supervisor.model.decision import Decision
from supervisor.model.request import Action, AwsCall, Connect, Exec, Request, ToolCall
from supervisor.model.visible import portable
from supervisor.policy.scope import Scope

VERSION: Final = 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def document(
    scope: Scope, request: Request, decision: Decision, now: datetime, deadline: datetime | None = None
) -> dict[str, Any]:
    """The input as plain JSON values. `decision` is that of the rules, `now` and `deadline` are aware."""
    subject = request.subject
    return {
        "version": VERSION,
        "time": {"ns": nanoseconds(now)},
        "session": {
            "id": subject.session,
            "agent": portable(subject.agent),
            "ends_ns": nanoseconds(deadline) if deadline else None,
        },
        "scope": {
            "name": scope.name,
            "account": scope.account,
            "regions": list(scope.regions),
            "parameters": dict(scope.values),
        },
        "settings": json.loads(scope.settings) if scope.settings else {},
        "request": {
            "id": request.id,
            "gate": request.gate,
            "reason": portable(request.reason),
            "programs": [portable(process.program) for process in subject.chain],
        },
        "action": _action(request.action),
        "decision": {
            "effect": decision.effect.word,
            "rules": [f"{rule.file}:{rule.line}" for rule in decision.rules],
        },
    }


def text(made: dict[str, Any]) -> str:
    """A document as JSON text."""
    return json.dumps(made, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def pruned(made: dict[str, Any], read: Collection[tuple[str, str]] | None) -> dict[str, Any]:
    """What is read of a document (`rego_text.Rego.inputs`): engines take their time over what they are given."""
    if read is None:
        return made
    kept: dict[str, Any] = {}
    for first, second in read:
        if first not in made:
            continue
        value: Any = made[first]
        if not second or (first, "") in read:
            kept[first] = value
        elif isinstance(value, dict):
            part = kept.setdefault(first, {})
            if second in value:
                part[second] = value[second]
    return kept


def nanoseconds(moment: datetime) -> int:
    """Nanoseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND * 1000


def _action(action: Action) -> dict[str, Any]:
    match action:
        case Exec():
            return {"kind": action.KIND, **_plain(action, "env")}
        case Connect():
            return {"kind": action.KIND, **_plain(action)}
        case ToolCall():
            return {"kind": action.KIND, **_plain(action), "arguments": _arguments(action.arguments)}
        case AwsCall():
            made = {"kind": action.KIND, **_plain(action, "tags", "some_tags", "request_tags", "facts")}
            made["tags"] = None if action.tags is None else made["tags"]
            return made
        case _:
            assert_never(action)


def _arguments(written: str) -> Any:
    """A tool's arguments as values; what is no JSON is text."""
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        return portable(written)


def _plain(action: Action, *mappings: str) -> dict[str, Any]:
    """The fields of an action; pairs under these names become an object."""
    made: dict[str, Any] = {}
    for field in dataclasses.fields(action):
        value = getattr(action, field.name)
        if field.name in mappings:
            made[field.name] = {portable(key): portable(one) for key, one in value or ()}
        elif isinstance(value, tuple):
            made[field.name] = [portable(one) for one in value]
        else:
            made[field.name] = portable(value) if isinstance(value, str) else value
    return made
