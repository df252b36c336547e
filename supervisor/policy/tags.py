"""Changes of tags that the rules of a scope rely on.

Whoever may change the tag by which "dev" is told from "prod" may turn the one into the other. So a call that sets or
removes a tag which some `where` of the scope names is no call like others: it asks at the least, once at a time, and
where it would take a resource out of what a deny protects, it is denied.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from supervisor.model.effect import Effect
from supervisor.model.request import AwsCall
from supervisor.policy.glob import may_name
from supervisor.policy.scope import Rule

UNTOLD = "*"
"""The key that stands for tags which cannot be told; no real one holds it (Tagging AWS Resources, "Tag naming limits").
"""
_READS = re.compile(r"(?:Batch)?(?:Get|List|Describe|Head|Search|Lookup)")
_TAGGING = re.compile(r"(?:Unt|T)ag(?:[A-Z]|s|ging|$)")
# These replace all tags by the ones they bring: what is not among them is removed.
_REPLACES = re.compile(r"(?:Put|Delete|Replace|Set)\w*Tag(?:ging|s|Set)\Z")


@dataclass(frozen=True, slots=True)
class Touch:
    """A call's touch on the tag `key` that `rule` relies on; the effect is deny where it would leave a deny."""

    effect: Effect
    key: str
    rule: Rule

    @property
    def why(self) -> str:
        """What the call does to the rule, in words of ours."""
        at = f"{self.rule.source.file}:{self.rule.source.line}"
        if self.effect is Effect.DENY:
            return f"it may take the tag `{self.key}` from what the rule at {at} protects by it"
        return f"it changes the tag `{self.key}`, which the rule at {at} relies on"


def touched_keys(call: AwsCall) -> tuple[str, ...] | None:
    """The keys of the tags that the call sets or removes; `None` = it changes tags, and which cannot be told."""
    actions = [action.partition(":")[2] for action in call.actions]
    keys = dict.fromkeys(key for key, _ in call.request_tags)
    if UNTOLD in keys or any(_REPLACES.match(name) for name in (call.operation, *actions)):
        return None
    if keys:
        return tuple(keys)
    return None if changes_tags(call) or any(_is_tagging(name) for name in actions) else ()


def changes_tags(call: AwsCall) -> bool:
    """True when changing the tags of what is there already is all that the call is for."""
    if call.level == "tagging" or _is_tagging(call.operation):
        return True
    return bool(call.actions) and all(_is_tagging(action.partition(":")[2]) for action in call.actions)


def _is_tagging(name: str) -> bool:
    return _TAGGING.search(name) is not None and not _READS.match(name)


def touch(rules: Sequence[Rule], call: AwsCall) -> Touch | None:
    """The gravest touch of the call on a rule with a `where`; `None` where it touches none."""
    keys = touched_keys(call)
    if keys == ():
        return None
    folded = None if keys is None else {key.casefold() for key in keys}
    found: Touch | None = None
    for rule in rules:
        key = next((key for key, _ in rule.where if folded is None or key.casefold() in folded), None)
        if key is None or (
            rule.on and call.resources and not any(may_name(on, arn) for on in rule.on for arn in call.resources)
        ):
            continue
        leaves = rule.effect is Effect.DENY and _leaves(rule, call, folded)
        if leaves or found is None:
            found = Touch(Effect.DENY if leaves else Effect.ASK, key, rule)
        if leaves:
            break
    return found


def may_be_tagged(rule: Rule, call: AwsCall) -> bool:
    """True when one of the resources may have what the rule's `where` wants."""
    if call.tags is None:
        return True
    has = {*call.tags, *call.some_tags}
    return all(any((key, value) in has for value in values) for key, values in rule.where)


def _leaves(rule: Rule, call: AwsCall, folded: set[str] | None) -> bool:
    """True when a resource may have what the deny wants before the call, and no longer after it."""
    if not may_be_tagged(rule, call) or (call.tags is None and not changes_tags(call)):
        return False
    sets = dict(call.request_tags)
    return any(
        (folded is None or key.casefold() in folded) and sets.get(key) not in values for key, values in rule.where
    )
