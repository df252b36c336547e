"""What an operation touches, and what it needs beside its own action: roles, tags, keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tables.aws_actions.iam import PLACE, VARIABLE, Iam, dependent_actions, first_arn, level_of, types_of
from tables.aws_actions.inputs import Member, bare_name, paths_in
from tables.aws_actions.naming import filled_by
from tables.aws_actions.service import Service, arn_template, arns_written, path_arn, special_fillings

_CREATES = re.compile(
    r"(?:Batch)?(?:Create|Run|Allocate|Request|Import|Register|Copy|Restore|Launch|Provision|Purchase|Add|Generate|Clone)"
)
_ROLE = re.compile(r"role_?arns?$", re.IGNORECASE)
_ROLE_NAME = re.compile(r"role$|rolename$", re.IGNORECASE)


def resources_of(
    service: Service, own: Mapping[str, Any], actions: list[str], operation: str, members: list[Member], level: str
) -> tuple[list[str], list[str], list[str], list[tuple[list[str], str]]]:
    """Templates that fill from the input, those that always hold, and those for when nothing else did; last what each
    needed type is filled by, with what stands for it where another type is named and this one is not.
    """
    iam = service.iam
    if "arns" in own:
        return arns_written(service, own), [], [arn_template(service, text) for text in own.get("else", ())], []
    if "paths" in service.rules and any(action.partition(":")[2].isupper() for action in actions):
        return [path_arn(service, operation)], [], [], []
    rows = types_of(iam, actions)
    special, covered = special_fillings(service, members)
    if special and "*" in covered:
        return special, [], [], []
    rows = {key: required for key, required in rows.items() if key[1] not in covered}
    if not rows:
        return special, [] if special else ["*"], [], []
    creates = _CREATES.match(operation) is not None
    looks = level in "lr"
    on: list[str] = list(special)
    always: list[str] = []
    anything: list[str] = []
    single = len(rows) == 1 or sum(rows.values()) == 1
    direct = [one.path for one in members if one.depth == 1 and bare_name(one.name) in ("resourcearn", "resourcearns")]
    if direct:
        return [*on, *(f"@arn {path}" for path in direct)], [], [], []
    unresolved: list[str] = []
    needs: list[tuple[list[str], str]] = []
    for (prefix, kind), required in rows.items():
        arn = first_arn(iam, prefix, kind)
        generic = single and (required or len(rows) == 1)
        made = filled_by(
            service, arn, kind, members, generic=generic, wide=required and (looks or creates), creates=creates
        )
        anywhere = VARIABLE.sub(lambda variable: PLACE.get(variable[1], "*"), arn)
        if required or not any(rows.values()):
            anything.append(anywhere)
        if made:
            on.extend(made)
            if required:
                needs.append((made, anywhere))
        elif required:
            unresolved.append(anywhere)
    if on:
        always.extend(unresolved)
    elif not creates:
        on.extend(_by_arn(service, members))
    otherwise = anything[:6] if looks or creates else []
    given = {one.path for one in members if one.required}
    needs = [need for need in needs if len(rows) > 1 and not any(_always_given(text, given) for text in need[0])]
    return on, always, otherwise, needs


def _by_arn(service: Service, members: list[Member]) -> list[str]:
    """The one ARN that the call must have, when it is one of the service's own things."""
    needed = [one for one in members if one.depth == 1 and one.required and re.search(r"(?i)arn$", one.name)]
    if len(needed) != 1 or _ROLE.search(needed[0].name):
        return []
    return [f"arn:{{P}}:{service.prefix}:{{R}}:{{A}}:{{{needed[0].path}!arn}}"]


def _always_given(text: str, required: set[str]) -> bool:
    """True when the template is filled whatever the input."""
    return "=" in text or all(path in required for path in paths_in(text))


def passed_roles(iam: Iam, actions: list[str], members: list[Member], rules: Mapping[str, Any]) -> list[str]:
    """The roles that the call hands to a service, and the instance profiles that carry one."""
    passes = any("iam:PassRole" in dependent_actions(iam, action) for action in actions)
    texts = [one for one in members if one.shape["type"] == "string"]
    found = [f"@role {one.path}" for one in texts if _names_role(one, passes, rules.get("roles", ()))]
    carrying = ("IamInstanceProfile", *rules.get("profiles", ()))
    found += [f"@profile {one.path}" for one in texts if one.name in carrying]
    profiles = {
        one.path.rpartition(".")[0] for one in members if re.search(r"IamInstanceProfile\.(?:Arn|Name)$", one.path)
    }
    return found + [f"@profile {path}.Arn {path}.Name" for path in sorted(profiles)]


def _names_role(member: Member, passes: bool, roles: Iterable[str]) -> bool:
    if _ROLE.search(member.name) or member.name in roles:
        return True
    return _ROLE_NAME.search(member.name) is not None and (passes or ":role" in member.shape.get("pattern", ""))


def dependents_of(
    service: Service, actions: list[str], members: list[Member], sets: list[list[str]]
) -> list[tuple[Any, list[str], list[str]]]:
    """Actions that a call needs beside its own where it sets tags or names a KMS key."""
    needed = sorted(set().union(*(dependent_actions(service.iam, action) for action in actions)) - set(actions))
    tagging = [name for name in needed if level_of(service.iam, name) == "t"]
    if service.name == "ec2" and any(path.startswith("TagSpecification") for path, _ in sets):
        tagging = ["ec2:CreateTags"]
    found: list[tuple[Any, list[str], list[str]]] = []
    if tagging and sets:
        found.append(([[[path, "present", True]] for path, _ in sets], tagging, []))
    keys = [one.path for one in members if re.search(r"(?i)kms\w*key\w*(?:id|arn)$|kmskey$|^kmsid$", one.name)]
    using = [name for name in needed if name.startswith("kms:")]
    for path in keys if using and service.name != "kms" else ():
        found.append(([[[path, "present", True]]], using, [f"@key {path}"]))
    return found
