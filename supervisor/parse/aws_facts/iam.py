"""What IAM says of actions and services: levels, tags in conditions, credential vending, global services."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from supervisor.model.request import AccessLevel, AwsCall
from supervisor.parse.aws_facts.table import action, actions_in, header, operation
from supervisor.parse.aws_facts.tags import UNTOLD


def levels(name: str) -> AccessLevel:
    """The access level of the IAM action `service:Action`, in any case; empty when IAM has no such action."""
    found = action(name)
    return "" if found is None else found.level


def actions_of_service(prefix: str) -> Mapping[str, AccessLevel]:
    """Every action of an IAM service prefix, spelled `service:Action`, with its level; empty for an unknown prefix."""
    return {name: found.level for name, found in actions_in(prefix).items()}


def resource_tag_supported(name: str) -> bool:
    """True when `aws:ResourceTag` can limit the IAM action on everything that it needs."""
    found = action(name)
    return found is not None and found.resource_tag


def request_tag_supported(name: str) -> bool:
    """True when `aws:RequestTag` can limit the IAM action."""
    found = action(name)
    return found is not None and found.request_tag


def is_global(service: str, operation_name: str = "") -> bool:
    """True for a service (botocore's name or IAM's prefix), or one operation of it, that has no region."""
    if service in header()["global"]:
        return True
    known = operation(service, operation_name) if operation_name else None
    return known is not None and known.is_global


def vends_credentials(names: Iterable[tuple[str, str]]) -> bool:
    """True when one of the operations answers with credentials: these are never passed through."""
    vendors = header()["vendors"]
    return any(name in vendors.get(service, ()) for service, name in names)


def touches_tags(call: AwsCall) -> tuple[str, ...] | None:
    """The tag keys that the call would set or take away, `None` when it changes tags and does not say which."""
    if UNTOLD in call.request_tags:
        return None
    keys = tuple(dict.fromkeys(key for key, _ in call.request_tags))
    if keys:
        return keys
    unknown = not call.actions and "tag" in call.operation.lower()
    return None if unknown or any(levels(name) == "tagging" for name in call.actions) else ()
