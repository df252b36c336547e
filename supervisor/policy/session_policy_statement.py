"""Statements of an IAM policy, and the one text that they are sent as.

Source: AWS STS API reference, `Policy` of AssumeRole and GetFederationToken (at most 2,048 characters of U+0020 to
U+00FF); AWS IAM User Guide, "IAM JSON policy elements: Variables and tags" (how `${`, `*` and `?` are taken literally).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

MOST_CHARACTERS: Final = 2048
"""What STS takes of an inline session policy, in characters."""
_NOT_SENT = re.compile(r"[^\x20-\xff]")

Condition = tuple[str, str, tuple[str, ...]]
"""Operator, key and values, as in `("StringEquals", "aws:ResourceTag/env", ("dev",))`."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. `actions` are complete: `s3:GetObject`."""

    effect: Literal["Allow", "Deny"]
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    conditions: tuple[Condition, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The statement as IAM spells it."""
        made: dict[str, Any] = {
            "Effect": self.effect,
            "Action": _one_or_more(self.actions),
            "Resource": _one_or_more(self.resources),
        }
        for operator, key, values in self.conditions:
            made.setdefault("Condition", {}).setdefault(operator, {})[key] = _one_or_more(values)
        return made


def render(statements: Sequence[Statement]) -> str:
    """Canonical, compact JSON of a policy, in characters that STS takes."""
    policy = {"Version": "2012-10-17", "Statement": [one.as_json() for one in merged(statements)]}
    text = json.dumps(policy, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return _NOT_SENT.sub(lambda found: json.dumps(found[0])[1:-1], text)


def merged(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """The same statements, fewer: equal resources put their actions together, equal actions their resources."""
    by_place: dict[Statement, Statement] = {}
    for one in statements:
        place = replace(one, actions=())
        before = by_place.get(place)
        by_place[place] = one if before is None else replace(one, actions=_union(before.actions, one.actions))
    by_action: dict[Statement, Statement] = {}
    for one in by_place.values():
        what = replace(one, resources=())
        before = by_action.get(what)
        by_action[what] = one if before is None else replace(one, resources=_union(before.resources, one.resources))
    return tuple(by_action.values())


def literal(text: str) -> str:
    """A text in which IAM sees no variable; wildcards stay wildcards."""
    return text.replace("${", "${$}{")


def without_wildcards(text: str) -> str:
    """A text that stands for itself alone."""
    return re.sub(r"[*?]|\$(?=\{)", lambda found: "${" + found[0] + "}", text)


def _union(one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    both = set(one) | set(other)
    return ("*",) if "*" in both else tuple(sorted(both))


def _one_or_more(texts: tuple[str, ...]) -> str | list[str]:
    return texts[0] if len(texts) == 1 else list(texts)
