"""What a host name says about a request to AWS: services, region, and for S3 the bucket."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from supervisor.parse.aws_http.index import index

_HOST = re.compile(r"([a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?)(?::([1-9][0-9]{0,4}))?\Z", re.ASCII)
# The gate is addressed by its loopback address. SDKs put an operation's host prefix before whatever they are told, so
# that a request sent through the proxy variables may name `123456789012.127.0.0.1`.
_GATE = re.compile(
    r"(?:([a-z0-9._-]+)[.-])?(?:127\.0\.0\.1|localhost)(?::[1-9][0-9]{0,4})?\Z|\[::1\](?::[0-9]{1,5})?\Z"
)
_ZONE = re.compile(r"s3express-(?:fips-)?([a-z0-9]+-[a-z0-9]+)\Z", re.ASCII)
_BUCKET_HOSTS = frozenset(
    f"{name}{stack}" for name in ("s3", "s3-fips", "s3-accelerate", "s3-external-1") for stack in ("", ".dualstack")
)
_NOT_BUCKETS = frozenset(("s3-accesspoint", "s3-accesspoint-fips", "s3-object-lambda", "s3-object-lambda-fips"))


@dataclass(frozen=True, slots=True)
class Host:
    """What a Host header names. `gate` = ourselves; `services` are the candidates, `None` = it does not say."""

    name: str
    gate: bool = False
    services: tuple[str, ...] | None = None
    region: str = ""
    bucket: str = ""
    prefix: str = ""
    """What an SDK put before the gate's own address."""
    label: bool = False
    """The first label is the customer's own, and not part of the service's name."""
    express: bool = False
    """S3's directory buckets."""
    why: str = ""
    """Why it is none that we serve."""


@lru_cache(maxsize=256)
def read_host(text: str) -> Host:
    """A Host header's value, in any case; none is the gate's. Never raises; what is not understood has `why`."""
    lower = text.lower()
    if not lower:
        return Host(lower, gate=True)
    gate = _GATE.match(lower)
    if gate is not None:
        return Host(lower, gate=True, prefix=gate[1] or "")
    found = _HOST.match(lower)
    if found is None or ".." in lower:
        return Host(lower, why="the Host header is no host name")
    name, port = found[1], found[2]
    if port not in (None, "443", "80"):
        return Host(lower, why="the host's port is none that AWS serves")
    suffix = next((one for one in index().suffixes if name.endswith("." + one)), None)
    if suffix is None:
        return Host(name, why="the host is no endpoint of AWS")
    return _aws(name, name.removesuffix("." + suffix).split("."))


def _aws(name: str, labels: list[str]) -> Host:
    region = ""
    # The region is the last label, but for `eu-west-1.queue` and other hosts of the first years. What stands before
    # S3's own label is a bucket, whatever it looks like.
    for place in (len(labels) - 1,) if labels[-1].startswith("s3") else range(len(labels) - 1, -1, -1):
        if len(labels) > 1 and _is_region(labels[place]):
            region = labels.pop(place)
            break
    last = labels[-1]
    if last.startswith("s3-") and _is_region(last[3:]):
        region, labels[-1] = last[3:], "s3"
    if len(labels) > 1 and labels[-1] == "vpce":
        return Host(name, why="endpoints of a VPC are not served here; use the service's own host")
    s3 = _s3(name, labels, region)
    if s3 is not None:
        return s3
    stem = ".".join(labels)
    hosts = index().hosts
    services, own = hosts.get(stem), False
    if services is None and len(labels) > 1:
        services, own = hosts.get(".".join(["*", *labels[1:]])), True
    if services is None:
        return Host(name, why="the host is no endpoint of AWS that the index knows")
    return Host(name, services=services, region=region, label=own)


def _s3(name: str, labels: list[str], region: str) -> Host | None:
    """S3's hosts, whose bucket may have dots."""
    if _NOT_BUCKETS.intersection(labels) or labels[-2:] == ["accesspoint", "s3-global"]:
        if labels[-1].startswith("s3-object-lambda") and len(labels) == 2:
            return Host(name, services=("s3",), region=region)
        return Host(name, why="S3 access points are not served here; name the bucket")
    for length in (2, 1):
        stem = ".".join(labels[-length:])
        bucket = ".".join(labels[:-length])
        if len(labels) >= length and stem in _BUCKET_HOSTS:
            return Host(name, services=("s3",), region=region, bucket=bucket)
    plain = [label for label in labels if label != "dualstack"]
    zone = _ZONE.match(plain[-1])
    if zone is not None and not plain[-1].startswith("s3express-control"):
        if len(plain) > 2:
            return Host(name, why="the bucket's name in the host has a dot, which directory buckets cannot have")
        bucket = plain[0] if len(plain) == 2 else ""
        if bucket and not bucket.endswith(f"--{zone[1]}--x-s3"):
            return Host(name, why="the bucket is not of the zone that the host names")
        return Host(name, services=("s3",), region=region, bucket=bucket, express=True)
    if plain[-1] in ("s3express-control", "s3express-control-fips"):
        if len(plain) == 1:
            return Host(name, services=("s3", "s3control"), region=region, express=True)
        return Host(name, services=("s3control",), region=region, express=True)
    return None


@lru_cache(maxsize=256)
def _is_region(label: str) -> bool:
    return any(re.match(pattern, label, re.ASCII) for pattern in index().regions)
