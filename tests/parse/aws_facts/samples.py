"""Inputs made from botocore's models: the members that an operation requires, or all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.loaders import Loader

from supervisor.parse.aws_facts.table import prefix_of
from supervisor.parse.aws_http.request import AwsRequest

ACCOUNT = "123456789012"
REGION = "eu-central-1"
_LOADER = Loader()


@cache
def services() -> tuple[str, ...]:
    """Every service that the installed botocore models."""
    return tuple(_LOADER.list_available_services("service-2"))


@cache
def model(service: str) -> dict[str, Any]:
    """A service's model."""
    found: dict[str, Any] = _LOADER.load_service_model(service, "service-2")
    return found


def operations() -> Iterator[tuple[str, str]]:
    """Every service and operation."""
    for service in services():
        for name in model(service)["operations"]:
            yield service, name


def sample(service: str, operation: str, *, full: bool) -> dict[str, Any]:
    """An input of the operation."""
    known = model(service)
    shape = known["operations"][operation].get("input", {}).get("shape")
    prefix = prefix_of(service)
    if shape is None:
        return {}
    found: dict[str, Any] = _value(known["shapes"], shape, "", full, (), prefix)
    return found


def request(service: str, operation: str, parameters: dict[str, Any] | None = None, region: str = REGION) -> AwsRequest:
    """A request for the operation with this input."""
    return AwsRequest(
        names=((service, operation),),
        protocol="json",
        method="POST",
        path="/",
        parameters=parameters or {},
        signing_name=service,
        region=region,
    )


def _value(shapes: Any, name: str, member: str, full: bool, above: tuple[str, ...], prefix: str) -> Any:
    shape = shapes[name]
    kind = shape["type"]
    if kind == "structure":
        wanted = shape.get("members", {}) if full else shape.get("required", ())
        return {
            key: _value(shapes, shape["members"][key]["shape"], key, full, (*above, name), prefix)
            for key in wanted
            if shape["members"][key]["shape"] not in above and len(above) < 8
        }
    if kind == "list":
        inner = shape["member"]["shape"]
        return [] if inner in above else [_value(shapes, inner, member, full, (*above, name), prefix)]
    if kind == "map":
        inner = shape["value"]["shape"]
        return {} if inner in above else {"a-key": _value(shapes, inner, member, full, (*above, name), prefix)}
    if kind in ("integer", "long", "float", "double"):
        return 7
    if kind == "boolean":
        return False
    if kind == "timestamp":
        return "2026-01-01T00:00:00Z"
    if shape.get("enum"):
        return shape["enum"][0]
    if re.search(r"(?i)arns?$", member):
        owner = "iam" if "role" in member.lower() else prefix
        place = "" if owner == "iam" else REGION
        return f"arn:aws:{owner}:{place}:{ACCOUNT}:{'role' if owner == 'iam' else 'thing'}/sample"
    if re.search(r"(?i)(account|owner|registry|catalog)_?ids?$|bucketowner$", member):
        return ACCOUNT
    if member == "QueueUrl":
        return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/sample"
    return "sample"
