"""One botocore service while its line is made: its model, its overlay, the texts that its operations share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tables.aws_actions.iam import PLACE, VARIABLE, Iam, first_arn
from tables.aws_actions.inputs import Member, leads, paths_in


@dataclass
class Service:
    """What is known of a botocore service while its line is made."""

    iam: Iam
    name: str
    model: Mapping[str, Any]
    rules: Mapping[str, Any]
    prefix: str
    strings: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)

    def at(self, written: str) -> int:
        """The index of a text in the line's list."""
        return self.strings.setdefault(written, len(self.strings))


def actions_of(service: Service, prefixes: list[str], operation: str) -> list[str]:
    own = service.rules.get("operations", {}).get(operation) or {}
    if "actions" in own:
        return [name if ":" in name else f"{service.prefix}:{name}" for name in own["actions"]]
    for prefix in prefixes:
        entry = service.iam.actions(prefix).get(operation.lower())
        if entry is not None:
            return [f"{prefix}:{entry['name']}"]
    if "every" in service.rules:
        method = service.model["operations"][operation]["http"]["method"]
        return [service.rules["every"].replace("{method}", method)]
    return []


def input_shape(service: Service, operation: str) -> str:
    return str(service.model["operations"][operation].get("input", {}).get("shape", ""))


def spelled(service: Service, actions: Iterable[str]) -> list[str]:
    return [name if ":" in name else f"{service.prefix}:{name}" for name in actions]


def arns_written(service: Service, rule: Mapping[str, Any]) -> list[str]:
    return [arn_template(service, text) for text in rule.get("arns", ())]


def arn_template(service: Service, written: str) -> str:
    """An overlay's short form: a whole ARN, `*`, `@special …`, or a resource type with its slots in order."""
    if written == "*" or written.startswith(("@", "arn:")):
        return written
    name, *slots = written.split()
    if ":" in name:
        prefix, _, name = name.partition(":")
    else:
        prefix = service.prefix
    types = service.iam.types(prefix)
    name = name.lower()
    if name not in types:
        raise ValueError(f"overlay: {service.name}: {prefix} has no resource type {name}, but {', '.join(types)}")
    fills = iter(slots)

    def fill(variable: re.Match[str]) -> str:
        return PLACE.get(variable[1]) or next(fills)

    try:
        text = VARIABLE.sub(fill, first_arn(service.iam, prefix, name))
    except StopIteration:
        raise ValueError(f"overlay: {service.name}: {written} needs more slots: {types[name]['arn']}") from None
    if next(fills, None) is not None:
        raise ValueError(f"overlay: {service.name}: {written} has too many slots: {types[name]['arn']}")
    return text


def fits(service: Service, operation: str, text: str) -> bool:
    return all(leads(service.model, operation, path) for path in paths_in(text))


def special_fillings(service: Service, members: list[Member]) -> tuple[list[str], list[str]]:
    """The fillings for members that mean the same in all operations, and the types that they speak for."""
    top = {one.path for one in members if one.depth == 1}
    found: list[str] = []
    covered: list[str] = []
    for rule in service.rules.get("special", ()):
        if top.issuperset(rule["needs"]) and not found:
            found.append(rule["as"])
            covered.extend([rule["covers"]] if isinstance(rule["covers"], str) else rule["covers"])
    return found, covered


def path_arn(service: Service, operation: str) -> str:
    """API Gateway's resources are the paths of its requests."""
    path = service.model["operations"][operation]["http"]["requestUri"].partition("?")[0]
    path = path.removeprefix(service.rules.get("strip", ""))
    shape = service.model["shapes"].get(input_shape(service, operation), {})
    names = {
        reference.get("locationName", name): name
        for name, reference in shape.get("members", {}).items()
        if reference.get("location") == "uri"
    }
    filled = re.sub(r"\{([^}+]+)\+?\}", lambda slot: "{" + names[slot[1]] + "!free}", path)
    return str(service.rules["paths"]) + filled
