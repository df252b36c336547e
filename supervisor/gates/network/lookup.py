"""Names to addresses, outside the cell, each address with its zone."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from supervisor.gates.network.target import Target
from supervisor.model.request import Zone
from supervisor.parse.net import zone_of

Resolver = Callable[[str, int], Sequence[str]]

_LEAST_PUBLIC: tuple[Zone, ...] = ("public", "private", "link-local", "loopback", "metadata")


@dataclass(frozen=True, slots=True)
class Found:
    """What a host resolved to: addresses to dial in this order, and the least public zone among them."""

    addresses: tuple[str, ...]
    zone: Zone


NOTHING = Found((), "unresolved")


def system_resolver(host: str, port: int) -> Sequence[str]:
    """The addresses that the system's resolver gives, in its order; raises `OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def look_up(target: Target, resolver: Resolver) -> Found:
    """Resolve and classify; `NOTHING` when the name has no usable address."""
    try:
        addresses = (target.host,) if target.is_address else tuple(resolver(target.host, target.port))
    except OSError:
        return NOTHING
    if not addresses:
        return NOTHING
    return Found(addresses, max((zone_here(address) for address in addresses), key=_rank))


def _rank(zone: Zone) -> int:
    return _LEAST_PUBLIC.index(zone) if zone in _LEAST_PUBLIC else len(_LEAST_PUBLIC)


def zone_here(address: str) -> Zone:
    """The zone of one address on this host: one of the host's own public addresses leads to its own services."""
    zone = zone_of(address)
    return "loopback" if zone in ("public", "private") and _is_own(address) else zone


def _is_own(address: str) -> bool:
    # The kernel answers with the destination itself as source address only where it is local. No packet is sent.
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            return bool(probe.getsockname()[0] == address)
    except OSError:
        return False
