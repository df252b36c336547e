"""The document that conditions in Rego get: one request, the rules' decision on it, and the time, all of it as data.

Version 1. Every field is always there (`rego_schema`), so that no condition is undefined for want of one. Times are
integers: nanoseconds since 1970 in UTC. It is made of what a journal has too, and reads no clock.
"""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final, assert_never

from supervisor.model.decision import Decision
from supervisor.model.request import Action, AwsCall, Connect, Exec, Request, ToolCall
from supervisor.model.visible import portable
from supervisor.policy.scope import Scope

VERSION: Final = 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# What JSON writes as \u00XX: the engine in process would read six characters where an OPA server reads one.
_UNREADABLE: Final = re.compile("[\x00-\x07\x0b\x0e-\x1f]")


class Unreadable(ValueError):
    """The request holds a character that conditions cannot be asked about; the text says which."""


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
    """A document as JSON text; raises `Unreadable`."""
    # Not ASCII alone: the engine in process does not read \uXXXX.
    written = json.dumps(made, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    if "\\u" in written and (found := _unreadable(made)):
        raise Unreadable(f"it holds the control character U+{ord(found):04X}")
    return written


def nanoseconds(moment: datetime) -> int:
    """Nanoseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND * 1000


def _unreadable(value: object) -> str:
    if isinstance(value, str):
        found = _UNREADABLE.search(value)
        return found[0] if found else ""
    parts = [*value.keys(), *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return next((found for found in map(_unreadable, parts) if found), "")


def _action(action: Action) -> dict[str, Any]:
    match action:
        case Exec():
            return {"kind": action.KIND, **_plain(action, "env")}
        case Connect() | ToolCall():
            return {"kind": action.KIND, **_plain(action)}
        case AwsCall():
            made = {"kind": action.KIND, **_plain(action, "tags", "some_tags", "request_tags", "facts")}
            made["tags"] = None if action.tags is None else made["tags"]
            return made
        case _:
            assert_never(action)


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
