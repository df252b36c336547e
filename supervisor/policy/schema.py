"""The JSON Schema of a scope file, for editors."""

from __future__ import annotations

from typing import Any

from supervisor.policy.expose import MOST as MOST_EXPOSED
from supervisor.policy.limits import FEWEST_FILES, FEWEST_PROCESSES, MOST_FILES, MOST_PROCESSES, SIZE_PATTERN
from supervisor.policy.rego_section import TIMEOUT_PATTERN
from supervisor.policy.sections import EFFECTS, OWNER_WORDS

SCHEMA_URL = "https://json-schema.org/draft/2020-12/schema"
_TEXT = {"type": "string", "minLength": 1}
_TEXTS: dict[str, Any] = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}
_TIME = {"type": "string", "pattern": "^(?=.)([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"}

_SIZE = {"type": "string", "pattern": SIZE_PATTERN}


def _object(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False, **more}


def _rules(patterns: str, **more: Any) -> dict[str, Any]:
    effects = {
        "allow": {**_TEXTS, "description": f"{patterns} that may happen without a question"},
        "ask": {**_TEXTS, "description": f"{patterns} that wait for a human"},
        "deny": {**_TEXTS, "description": f"{patterns} that never happen; no grant outranks this"},
    }
    rule = _object(
        {
            **effects,
            "except": {**_TEXTS, "description": "what this rule leaves out"},
            "because": {"type": "string", "description": "why, for the one who is denied"},
            **more,
        },
        oneOf=[{"required": [effect]} for effect in EFFECTS],
    )
    return {"type": "array", "items": rule, "minItems": 1}


def _section(
    patterns: str, otherwise: tuple[str, ...], rule: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    return _object(
        {
            "rules": _rules(patterns, **(rule or {})),
            "otherwise": {"enum": list(otherwise), "description": "what happens where no rule matches"},
            **more,
        }
    )


def schema() -> dict[str, Any]:
    """The schema, draft 2020-12. What only loading can tell (examples, rules that never match) is not in it."""
    strict = ("ask", "deny")
    parameter = _object(
        {
            "ask": {"type": "string", "description": "what the picker asks for"},
            "default": {"type": "string", "description": "without one, the parameter must be given"},
            "pattern": {"type": "string", "format": "regex", "description": "matches the whole value"},
        }
    )
    server = _object(
        {"command": _TEXTS, "url": _TEXT, "env": {"type": "object", "additionalProperties": {"type": "string"}}},
        oneOf=[{"required": ["command"]}, {"required": ["url"]}],
    )
    tag = {"type": "object", "additionalProperties": _TEXTS, "minProperties": 1}
    eyes = _object(
        {
            "on": {**_TEXTS, "description": "IAM actions and commands"},
            "approvers": _object(
                {
                    "role": {**_TEXT, "description": "a group of this machine, or a role at the identity provider"},
                    "owner": {"enum": list(OWNER_WORDS), "description": "may the session's owner be one of them"},
                }
            ),
            "count": {"type": "integer", "minimum": 2, "maximum": 9},
        },
        required=["on"],
    )
    opa = _object(
        {
            "url": {**_TEXT, "pattern": "^https?://[^?#]+$", "description": "a document below /v1/data/"},
            "timeout": {"type": "string", "pattern": TIMEOUT_PATTERN, "description": "500ms, 2s; else 1s"},
            "token_file": {**_TEXT, "description": "a file with the bearer token"},
            "token_env": {**_TEXT, "description": "a variable with the bearer token"},
            "ca": {**_TEXT, "description": "a file with the certificates to trust"},
            "unreachable": {"enum": list(strict), "description": "what counts where nobody answers; else deny"},
        },
        required=["url"],
    )
    port = {
        "type": ["integer", "string"],
        "minimum": 1024,
        "maximum": 65535,
        "description": "a port that the agent listens on, for your browser: 5173, or 8080:3000 for 3000 at your 8080",
    }
    example = _object(
        {
            "run": {**_TEXT, "description": "shell text"},
            "aws": {**_TEXT, "description": "an IAM action"},
            "connect": {**_TEXT, "description": "host:port"},
            "mcp": {**_TEXT, "description": "server/tool"},
            "on": {**_TEXTS, "description": "ARNs, with aws"},
            "tag": {"type": "object", "additionalProperties": {"type": "string"}},
            "expect": {"enum": list(EFFECTS)},
        },
        required=["expect"],
        oneOf=[{"required": [kind]} for kind in ("run", "aws", "connect", "mcp")],
    )
    root = _object(
        {
            "scope": {"type": "string", "pattern": "^[a-z][a-z0-9]*([-_][a-z0-9]+)*$", "description": "its name"},
            "task": {**_TEXT, "description": "what the agent is to do, in one sentence"},
            "parameters": {
                "type": "object",
                "additionalProperties": {"anyOf": [parameter, {"type": "null"}]},
                "description": "values that the developer fills in; used as ${name}",
            },
            "extends": {**_TEXTS, "description": "scopes that this one adds to; the stricter counts"},
            "expires": {**_TIME, "description": "the task, its credentials and every grant end by then"},
            "aws": _section(
                "IAM actions",
                strict,
                {"on": {**_TEXTS, "description": "ARN patterns"}, "where": _object({"tag": tag}, required=["tag"])},
                account={"type": ["string", "integer"], "description": "twelve digits; any other account is denied"},
                regions={**_TEXTS, "description": "any other region is denied"},
            ),
            "commands": _section("programs and their first words", EFFECTS),
            "network": _section(
                "hosts as host, host:port, *.suffix or range/bits, and the word registries",
                strict,
                expose={"anyOf": [port, {"type": "array", "items": port, "minItems": 1, "maxItems": MOST_EXPOSED}]},
            ),
            "mcp": _section(
                "tools as server/tool",
                strict,
                servers={"type": "object", "additionalProperties": server},
            ),
            "files": _object(
                {
                    "write": {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]},
                    "read": _TEXTS,
                    "read_only": _TEXTS,
                    "hide": _TEXTS,
                }
            ),
            "limits": _object(
                {
                    "processes": {
                        "type": "integer",
                        "minimum": FEWEST_PROCESSES,
                        "maximum": MOST_PROCESSES,
                        "description": "at once, threads too",
                    },
                    "memory": {**_SIZE, "description": "of all programs together: 8g, 512m"},
                    "open_files": {
                        "type": "integer",
                        "minimum": FEWEST_FILES,
                        "maximum": MOST_FILES,
                        "description": "of each process",
                    },
                    "disk": {**_SIZE, "description": "in each private folder: /tmp, /var/tmp, the home"},
                },
                description="what the cell may take of this machine; the lowest counts",
            ),
            "terraform": _object({"destroy": {"type": "integer", "minimum": 0}, "protect": _TEXTS}),
            "policy": _object(
                {
                    "rego": {**_TEXTS, "description": "files of conditions; they only make a decision stricter"},
                    "opa": {"anyOf": [opa, {"type": "array", "items": opa, "minItems": 1}]},
                    "settings": {"type": "object", "description": "what conditions find as input.settings"},
                }
            ),
            "approvals": _object(
                {
                    "wait": _TIME,
                    "use_within": {**_TIME, "description": "so soon after the first the other humans must agree"},
                    "four_eyes": {"type": "array", "items": eyes, "minItems": 1},
                }
            ),
            "examples": {"type": "array", "items": example, "minItems": 1},
        },
        required=["scope", "task"],
    )
    return {"$schema": SCHEMA_URL, "title": "agent-supervise scope", **root}
