"""What a value of a call names: the part of an ARN that it fills, or the ARN that it is.

Values come from the agent. One that would read as a pattern, as a policy variable or as further parts of the ARN names
nothing that we could tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

MOST_TEXT = 2048
_UNSAFE = re.compile(r"[*?\x00-\x1f\x7f\u0085\u2028\u2029]|\$\{")
_ARN = re.compile(
    r"arn:[a-z][a-z0-9-]*:[a-zA-Z0-9-]+:[a-z0-9-]*:(?:[0-9]{12}|aws|cloudfront|aws-managed)?:[^\s].*", re.DOTALL
)
_REGION = re.compile(r"[a-z]{2,5}(?:-[a-z]+)+-[0-9]{1,2}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_PARTITIONS = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-isob-", "aws-iso-b"),
    ("us-isof-", "aws-iso-f"),
    ("us-iso-", "aws-iso"),
    ("eu-isoe-", "aws-iso-e"),
    ("eusc-", "aws-eusc"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call goes: what the first parts of its ARNs are. `*` where it is not known."""

    partition: str
    region: str
    account: str


def partition_of(region: str) -> str:
    """The partition of a region by its name; the commercial one for names that no other has."""
    return next((partition for start, partition in _PARTITIONS if region.startswith(start)), "aws")


@lru_cache(maxsize=256)
def place_of(region: str, account: str) -> Place:
    """The place of a call to this region in this account, either of them empty where it is not known."""
    return Place(
        partition_of(region),
        region if _REGION.fullmatch(region) else "*",
        account if _ACCOUNT.fullmatch(account) else "*",
    )


def text_of(value: Any) -> str | None:
    """The value as a name, `None` when it cannot be one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value) if abs(value) < 1 << 64 else None
    if not isinstance(value, str) or not value or len(value) > MOST_TEXT or _UNSAFE.search(value):
        return None
    return value


def is_arn(text: str) -> bool:
    """True when the text is an ARN and no pattern of ARNs."""
    return text.startswith("arn:") and _ARN.fullmatch(text) is not None and not _UNSAFE.search(text)


def account_of(arn: str) -> str:
    """The account number in an ARN, empty where it has none."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and _ACCOUNT.fullmatch(parts[4]) else ""


# ── how services write names ─────────────────────────────────────────────────────────────────────


def _plain(text: str) -> str | None:
    return None if ":" in text else text


def _free(text: str) -> str | None:
    return text


def _lower(text: str) -> str | None:
    """Services that store names in lower case find them in any case (RDS, ElastiCache, Redshift, EC2's ids)."""
    return _plain(text.lower())


def _snapshot(text: str) -> str | None:
    """RDS's and Redshift's own snapshots are called `rds:NAME`, those of AWS Backup `awsbackup:NAME`."""
    name = text.lower()
    return None if ":" in name.removeprefix("rds:").removeprefix("awsbackup:") else name


def _queue(text: str) -> str | None:
    """`account:name` of a queue's URL, of which SQS reads the path."""
    try:
        parts = urlsplit(text).path.strip("/").split("/")
    except ValueError:
        return None
    if len(parts) < 2 or "%" in text or not _ACCOUNT.fullmatch(parts[-2]) or not parts[-1] or ":" in parts[-1]:
        return None
    return f"{parts[-2]}:{parts[-1]}"


def _zone(text: str) -> str | None:
    """Route 53 takes its ids with and without the path that it answers them with."""
    return _plain(
        text.removeprefix("/").removeprefix("hostedzone/").removeprefix("change/").removeprefix("delegationset/")
    )


def _no_slash(text: str) -> str | None:
    return _plain(text.removeprefix("/"))


def _last(text: str) -> str | None:
    """The last part of a path, where a service takes one."""
    return _plain(text.rpartition("/")[2]) or None


def _family(text: str) -> str | None:
    """`family:revision` of an ECS task definition."""
    family, colon, revision = text.partition(":")
    if ":" in revision or not family or (colon and not revision.isdigit()):
        return None
    return f"{family}:{revision or '*'}"


def _parameter(text: str) -> str | None:
    """An SSM parameter, which may carry a version or label behind a colon."""
    name, _, selector = text.removeprefix("/").partition(":")
    return None if ":" in selector or not name else name


def _nothing(text: str) -> str | None:
    """A member that takes a whole ARN only."""
    return None


CONVERTERS: Mapping[str, Callable[[str], str | None]] = MappingProxyType(
    {
        "": _plain,
        "free": _free,
        "arn": _nothing,
        "lower": _lower,
        "snapshot": _snapshot,
        "queue": _queue,
        "zone": _zone,
        "no_slash": _no_slash,
        "last": _last,
        "family": _family,
        "parameter": _parameter,
    }
)
"""How a value becomes the part of an ARN that it names, by the word behind `!` in a template."""
