"""Whose business a new connection of the proxy is, told from its request line alone, before a byte of it is taken."""

from __future__ import annotations

from enum import Enum
from typing import Final

from supervisor.gates.network.cloud import is_cloud_endpoint
from supervisor.gates.network.target import HTTP_PORT, BadTarget, from_authority

LONGEST: Final = 8 * 1024
"""Bytes in which the target's host must have been said."""
_HTTPS: Final = 443
_OWN: Final = "127.0.0.1"


class Whose(Enum):
    """`UNKNOWN`: not enough was said yet."""

    UNKNOWN = "unknown"
    AWS = "aws"
    NETWORK = "network"


def whose(start: bytes, *, port: int) -> Whose:
    """Read the start of a connection. `port` is the proxy's own.

    A request in origin form is meant for us as an AWS endpoint; so is one in absolute form for a cloud endpoint or for
    a name below our own address (`data-127.0.0.1`: a client that puts a label in front of whatever its endpoint is),
    and a tunnel to port 443 of a cloud endpoint. Everything else is the network gate's.
    """
    method, space, rest = start.partition(b" ")
    if not space:
        return Whose.UNKNOWN if len(start) < 32 and b"\r" not in start else Whose.NETWORK
    if not rest:
        return Whose.UNKNOWN
    if rest.startswith(b"/"):
        return Whose.AWS
    if method == b"CONNECT":
        return _named(rest, (b" ", b"\r"), port, tunnel=True)
    scheme = b"http://"
    if rest[: len(scheme)].lower() != scheme[: len(rest)]:
        return Whose.NETWORK
    if len(rest) <= len(scheme):
        return Whose.UNKNOWN
    return _named(rest[len(scheme) :], (b"/", b"?", b"#", b" ", b"\r"), port, tunnel=False)


def _named(rest: bytes, ends: tuple[bytes, ...], port: int, *, tunnel: bool) -> Whose:
    found = [at for at in (rest.find(end) for end in ends) if at >= 0]
    if not found:
        return Whose.UNKNOWN if len(rest) < LONGEST else Whose.NETWORK
    authority = rest[: min(found)].decode("ascii", "replace").lower()
    if not tunnel and authority.endswith(f"{_OWN}:{port}"):
        return Whose.AWS
    try:
        target = from_authority(authority, _HTTPS if tunnel else HTTP_PORT)
    except BadTarget:
        return Whose.NETWORK
    is_ours = is_cloud_endpoint(target.host) and (not tunnel or target.port == _HTTPS)
    return Whose.AWS if is_ours else Whose.NETWORK
