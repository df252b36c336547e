"""What AWS would say to a call under a session policy: the documented evaluation, small and apart from the product."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_VARIABLE = re.compile(r"\$\{([*?$])\}")


def permits(
    policy: str, action: str, resource: str, *, tags: Mapping[str, str] | None = None, region: str = "eu-central-1"
) -> bool:
    """True when an Allow matches and no Deny does. `tags` `None`: AWS does not check tags for this action."""
    document = json.loads(policy)
    assert document["Version"] == "2012-10-17"
    context = {"aws:requestedregion": region}
    for key, value in (tags or {}).items():
        context[f"aws:resourcetag/{key.lower()}"] = value
    effects = {one["Effect"] for one in document["Statement"] if _matches(one, action, resource, context)}
    return "Allow" in effects and "Deny" not in effects


def _matches(statement: dict[str, Any], action: str, resource: str, context: Mapping[str, str]) -> bool:
    assert set(statement) <= {"Effect", "Action", "Resource", "Condition"}, statement
    return (
        any(_glob(one.lower(), action.lower()) for one in _list(statement["Action"]))
        and any(_arn(one, resource) for one in _list(statement["Resource"]))
        and all(
            _holds(operator, key.lower(), _list(values), context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def _holds(operator: str, key: str, values: list[str], context: Mapping[str, str]) -> bool:
    wanted, has = [_plain(value) for value in values], context.get(key)
    match operator:
        case "StringEquals":
            return has in wanted
        case "StringNotEquals":
            return has not in wanted
        case "StringEqualsIfExists":
            return has is None or has in wanted
        case "StringLike":
            return has is not None and any(_glob(value, has) for value in values)
        case _:
            raise AssertionError(f"a condition that this evaluator does not know: {operator}")


def _arn(pattern: str, arn: str) -> bool:
    if pattern == "*":
        return True
    parts, given = pattern.split(":", 5), arn.split(":", 5)
    assert len(parts) == 6, f"AWS takes no such resource: {pattern}"
    return len(given) == 6 and all(_glob(one, other) for one, other in zip(parts, given, strict=True))


def _glob(pattern: str, text: str) -> bool:
    made = ""
    for piece in re.split(r"(\$\{[*?$]\}|[*?])", pattern):
        assert "${" not in piece or _VARIABLE.fullmatch(piece), f"a policy variable: {pattern}"
        made += {"*": ".*", "?": "."}.get(piece) or re.escape(_plain(piece))
    return re.fullmatch(made, text, re.DOTALL) is not None


def _plain(text: str) -> str:
    return _VARIABLE.sub(lambda found: found[1], text)


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
