"""The members whose meaning is more than a template can say: `@copy CopySource` and its like in the tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from supervisor.parse.aws_facts.buckets import bucket_arns, copy_source, is_directory
from supervisor.parse.aws_facts.names import Place, is_arn, text_of
from supervisor.parse.aws_facts.partiql import statement
from supervisor.parse.aws_facts.paths import Steps, steps_of, values_at

Found = tuple[tuple[str, ...], tuple[str, ...]]
"""Further IAM actions, and ARNs."""
Reader = Callable[[Sequence[list[Any]], Place], "Found | None"]
_FUNCTION = re.compile(
    r"(?:(?:([a-z0-9-]+):)?([0-9]{12}):)?(?:function:)?([A-Za-z0-9_-]{1,140})(?::([A-Za-z0-9$_.-]{1,128}))?"
)
# Source: EC2 resource ids as the API Reference's examples show them; a kind that is missing here reads as any kind.
_EC2_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "ami": "image",
        "acl": "network-acl",
        "cgw": "customer-gateway",
        "dopt": "dhcp-options",
        "eigw": "egress-only-internet-gateway",
        "eipalloc": "elastic-ip",
        "eni": "network-interface",
        "fl": "vpc-flow-log",
        "fleet": "fleet",
        "i": "instance",
        "igw": "internet-gateway",
        "key": "key-pair",
        "lt": "launch-template",
        "nat": "natgateway",
        "pcx": "vpc-peering-connection",
        "pg": "placement-group",
        "pl": "prefix-list",
        "rtb": "route-table",
        "sfr": "spot-fleet-request",
        "sg": "security-group",
        "sgr": "security-group-rule",
        "sir": "spot-instances-request",
        "snap": "snapshot",
        "subnet": "subnet",
        "tgw": "transit-gateway",
        "tgw-attach": "transit-gateway-attachment",
        "tgw-rtb": "transit-gateway-route-table",
        "vgw": "vpn-gateway",
        "vol": "volume",
        "vpc": "vpc",
        "vpce": "vpc-endpoint",
        "vpce-svc": "vpc-endpoint-service",
        "vpn": "vpn-connection",
    }
)


def _bucket(given: Sequence[list[Any]], place: Place) -> Found | None:
    """`@s3 Bucket` or `@s3 Bucket KEY`: the buckets, or the objects in them."""
    arns: list[str] = []
    actions: tuple[str, ...] = ()
    for bucket in given[0]:
        if is_directory(bucket):
            actions = ("s3express:CreateSession",)
        for key in given[1] if len(given) > 1 else (None,):
            found = bucket_arns(bucket, place, key)
            if found is None:
                return None
            arns.extend(found)
    return actions, tuple(arns)


def _copy(given: Sequence[list[Any]], place: Place) -> Found | None:
    """`@copy CopySource`: the object that is read."""
    actions: list[str] = []
    arns: list[str] = []
    for source in given[0]:
        found = copy_source(source, place)
        if found is None:
            return None
        arns.extend(found[0])
        actions.append("s3:GetObject")
        if found[1]:
            actions.append("s3:GetObjectVersion")
    return tuple(actions), tuple(arns)


def _partiql(given: Sequence[list[Any]], place: Place) -> Found | None:
    """`@partiql Statement`: what each statement does to which table."""
    actions: list[str] = []
    arns: list[str] = []
    for text in given[0]:
        found = statement(text)
        if found is None:
            return None
        action, table, index = found
        actions.append(f"dynamodb:{action}")
        arn = f"arn:{place.partition}:dynamodb:{place.region}:{place.account}:table/{table}"
        arns.append(f"{arn}/index/{index}" if index else arn)
    return tuple(actions), tuple(arns)


def _key(given: Sequence[list[Any]], place: Place) -> Found | None:
    """`@key KeyId`: a KMS key; an alias stands for a key that we cannot name."""
    arns: list[str] = []
    for value in given[0]:
        text = text_of(value)
        if text is None:
            return None
        start = f"arn:{place.partition}:kms:{place.region}:{place.account}:"
        if text.startswith("arn:"):
            if not is_arn(text) or text.split(":", 3)[2] != "kms":
                return None
            arns.append(text)
            head, rest = text.rsplit(":", 1)
            if not rest.startswith("key/"):
                arns.append(f"{head}:key/*")
        elif text.startswith("alias/"):
            arns.extend((f"{start}{text}", f"{start}key/*"))
        elif re.fullmatch(r"[A-Za-z0-9-]+", text):
            arns.append(f"{start}key/{text.lower()}")
        else:
            return None
    return (), tuple(arns)


def _function(given: Sequence[list[Any]], place: Place) -> Found | None:
    """`@function FunctionName [Qualifier]`: a Lambda function by name, partial or whole ARN."""
    arns: list[str] = []
    qualifiers = [text_of(value) for value in given[1]] if len(given) > 1 else []
    if len(qualifiers) > 1 or None in qualifiers:
        return None
    for value in given[0]:
        text = text_of(value)
        if text is None:
            return None
        partition, region = place.partition, place.region
        if text.startswith("arn:"):
            if not is_arn(text) or text.split(":", 3)[2] != "lambda":
                return None
            partition, _, region, rest = text.split(":", 4)[1:]
            text = rest
            if not re.match(r"[0-9]{12}:function:", text):
                return None
        found = _FUNCTION.fullmatch(text)
        if found is None:
            return None
        own = f"arn:{partition}:lambda:{found[1] or region}:{found[2] or place.account}:function:{found[3]}"
        qualifier = found[4] or (qualifiers[0] if qualifiers else "")
        arns.append(f"{own}:{qualifier}" if qualifier else own)
    return (), tuple(arns)


def _secret(given: Sequence[list[Any]], place: Place) -> Found | None:
    """`@secret SecretId`: a secret's ARN ends in six characters that its name, and an ARN cut short, do not have."""
    arns: list[str] = []
    for value in given[0]:
        text = text_of(value)
        if text is None:
            return None
        if text.startswith("arn:"):
            if not is_arn(text) or text.split(":", 3)[2] != "secretsmanager":
                return None
            arns.append(text)
            if not re.search(r"-[A-Za-z0-9]{6}\Z", text):
                arns.append(f"{text}-??????")
        elif ":" in text:
            return None
        else:
            arns.append(f"arn:{place.partition}:secretsmanager:{place.region}:{place.account}:secret:{text}-??????")
    return (), tuple(arns)


def _role(given: Sequence[list[Any]], place: Place) -> Found | None:
    """`@role RoleArn`: a role that is handed to a service, by ARN or by name."""
    arns: list[str] = []
    for value in given[0]:
        text = text_of(value)
        if text is None:
            return None
        if text.startswith("arn:"):
            if not is_arn(text):
                return None
            arns.append(text)
        else:
            arns.append(f"arn:{place.partition}:iam::{place.account}:role/{text.removeprefix('/')}")
    return ("iam:PassRole",) if arns else (), tuple(arns)


def _profile(given: Sequence[list[Any]], place: Place) -> Found | None:
    """`@profile NAME-OR-ARN`: an instance profile, which stands for a role that we cannot name."""
    count = sum(len(values) for values in given)
    if not count:
        return (), ()
    arns: list[str] = [f"arn:{place.partition}:iam::{place.account}:role/*"]
    for values in given:
        for value in values:
            text = text_of(value)
            if text is None or (text.startswith("arn:") and not is_arn(text)):
                return None
            if text.startswith("arn:") and (owner := text.split(":", 5)[4]) != place.account:
                arns.append(f"arn:{place.partition}:iam::{owner}:role/*")
    return ("iam:PassRole",), tuple(arns)


def _arn(given: Sequence[list[Any]], place: Place) -> Found | None:
    """`@arn ResourceArn`: whatever the ARN names."""
    arns = []
    for values in given:
        for value in values:
            if not isinstance(value, str) or not is_arn(value) or len(value) > 2048:
                return None
            arns.append(value)
    return (), tuple(arns)


def _ec2_id(given: Sequence[list[Any]], place: Place) -> Found | None:
    """`@ec2 Resources[]`: EC2's ids begin with the kind of thing that they name."""
    arns = []
    for value in given[0]:
        text = text_of(value)
        if text is None or not re.fullmatch(r"[a-zA-Z0-9-]+", text):
            return None
        kind, _, rest = text.lower().rpartition("-")
        if kind in ("ami", "snap"):
            arns.append(f"arn:{place.partition}:ec2:{place.region}::{_EC2_KINDS[kind]}/{kind}-{rest}")
        else:
            named = f"{_EC2_KINDS.get(kind, '*')}/{text.lower()}"
            arns.append(f"arn:{place.partition}:ec2:{place.region}:{place.account}:{named}")
    return (), tuple(arns)


def _unclear(given: Sequence[list[Any]], place: Place) -> Found | None:
    """`@unclear`: what the call touches is not in it."""
    return None


_READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "@s3": _bucket,
        "@copy": _copy,
        "@partiql": _partiql,
        "@key": _key,
        "@function": _function,
        "@secret": _secret,
        "@role": _role,
        "@profile": _profile,
        "@arn": _arn,
        "@ec2": _ec2_id,
        "@unclear": _unclear,
    }
)


class Special:
    """One parsed `@word PATH…` of the tables."""

    __slots__ = ("_paths", "_reader")

    def __init__(self, written: str) -> None:
        word, *paths = written.split()
        self._reader = _READERS[word]
        self._paths: tuple[Steps, ...] = tuple(steps_of(path) for path in paths)

    def read(self, parameters: Any, place: Place) -> Found | None:
        """The actions and ARNs that the members name; `None` when they cannot be told."""
        given = [values_at(parameters, path) for path in self._paths]
        known = [values for values in given if values is not None]
        return self._reader(known, place) if len(known) == len(given) else None
