"""The JSON Schemas of what conditions in Rego get and give: a contract with whoever writes them, by version."""

from __future__ import annotations

import dataclasses
from typing import Any, Final, get_args

from supervisor.model.request import AccessLevel, AwsCall, Connect, Exec, GateName, ToolCall, Zone
from supervisor.policy.rego_input import VERSION
from supervisor.policy.rego_output import LONGEST, MOST_EYES, MOST_MINUTES, ROLE

SCHEMA_URL: Final = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Final[dict[str, Any]] = {"type": "string"}
_TEXTS: Final[dict[str, Any]] = {"type": "array", "items": _TEXT}
_PAIRS: Final[dict[str, Any]] = {"type": "object", "additionalProperties": _TEXT}
_NS: Final[dict[str, Any]] = {"type": "integer", "description": "nanoseconds since 1970, UTC"}
_SHAPES: Final[dict[str, dict[str, Any]]] = {
    "argv": _TEXTS,
    "known_as": _TEXTS,
    "hashbang": _TEXTS,
    "addresses": _TEXTS,
    "actions": _TEXTS,
    "resources": _TEXTS,
    "notes": _TEXTS,
    "env": _PAIRS,
    "some_tags": _PAIRS,
    "request_tags": _PAIRS,
    "facts": _PAIRS,
    "tags": {"type": ["object", "null"], "additionalProperties": _TEXT, "description": "null = not looked up"},
    "arguments": {"description": "a tool's arguments, as values"},
    "port": {"type": "integer", "minimum": 0, "maximum": 65535},
    "zone": {"enum": list(get_args(Zone))},
    "level": {"enum": list(get_args(AccessLevel)), "description": "empty = not known"},
}


def _all_of(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An object of which every field is always there."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        **more,
    }


def _action(cls: type[Exec] | type[Connect] | type[AwsCall] | type[ToolCall]) -> dict[str, Any]:
    fields = {field.name: _SHAPES.get(field.name, _TEXT) for field in dataclasses.fields(cls)}
    return _all_of({"kind": {"const": cls.KIND}, **fields})


def input_schema() -> dict[str, Any]:
    """The schema of `input`, draft 2020-12."""
    root = _all_of(
        {
            "version": {"const": VERSION},
            "time": _all_of({"ns": _NS}, description="when it is decided"),
            "session": _all_of({"id": _TEXT, "agent": _TEXT, "ends_ns": {**_NS, "type": ["integer", "null"]}}),
            "scope": _all_of({"name": _TEXT, "account": _TEXT, "regions": _TEXTS, "parameters": _PAIRS}),
            "settings": {"type": "object", "description": "`policy.settings` of the scope; each value is text"},
            "request": _all_of(
                {
                    "id": _TEXT,
                    "gate": {"enum": list(get_args(GateName))},
                    "reason": {**_TEXT, "description": "the agent's words: nothing to decide by"},
                    "programs": {**_TEXTS, "description": "from the asking process up to the agent"},
                }
            ),
            "action": {"oneOf": [_action(cls) for cls in (Exec, Connect, AwsCall, ToolCall)]},
            "decision": _all_of(
                {"effect": {"enum": ["allow", "ask"]}, "rules": {**_TEXTS, "description": "file:line"}},
                description="what the rules say, before grants; what they deny is not asked about",
            ),
        }
    )
    return {"$schema": SCHEMA_URL, "title": f"agent-supervise condition input, version {VERSION}", **root}


def output_schema() -> dict[str, Any]:
    """The schema of `decision`, draft 2020-12; whatever does not fit it denies."""
    made = {
        "type": "object",
        "properties": {
            "effect": {"enum": ["allow", "ask", "deny"], "description": "allow = nothing against it"},
            "because": {**_TEXT, "description": f"why, in one line; {LONGEST} characters are kept"},
            "four_eyes": {
                "type": "object",
                "properties": {
                    "count": {"type": "integer", "minimum": 2, "maximum": MOST_EYES, "default": 2},
                    "role": {**_TEXT, "default": ROLE, "description": "of those who approve"},
                },
                "additionalProperties": False,
            },
            "reason": {"type": "boolean", "description": "whoever allows it says why"},
            "minutes": {
                "type": ["integer", "null"],
                "minimum": 0,
                "maximum": MOST_MINUTES,
                "description": "a grant for it has at most this left; 0 = once at a time",
            },
        },
        "required": ["effect"],
        "additionalProperties": False,
    }
    return {
        "$schema": SCHEMA_URL,
        "title": f"agent-supervise condition decision, version {VERSION}",
        "anyOf": [made, {"type": "boolean", "description": "true = nothing against it, false = deny"}],
    }


def schemas() -> dict[str, Any]:
    """Both, as `scopes schema --rego` prints them."""
    return {"version": VERSION, "input": input_schema(), "decision": output_schema()}
