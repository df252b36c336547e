"""Host patterns of a scope, and the zone that an address belongs to."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from supervisor.model.request import Zone

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
HTTPS_PORT = 443
ANY_PORT = 0

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)\Z", re.ASCII)
_PORT = re.compile(r"[1-9][0-9]{0,4}\Z", re.ASCII)
_LONGEST = 300
# IDNA 2003 (which the standard library knows) and IDNA 2008 disagree about these: a rule must not depend on which one
# a client uses.
_DISPUTED = frozenset("ßςẞ\u200c\u200d")
# Characters that some IDNA implementations read as a dot.
_DOTS = str.maketrans("\u3002\uff0e\uff61", "...")


def networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


# Every one hands out credentials or configuration of the machine: EC2 and most others; ECS tasks; EKS Pod Identity;
# GKE; Tencent; Scaleway; Azure's wire server; Alibaba; Oracle; the same over IPv6, and OpenStack's.
_METADATA = networks(
    *("169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.169.252", "169.254.0.23", "169.254.42.42"),
    *("168.63.129.16", "100.100.100.200", "192.0.0.192"),
    *("fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:42::42", "fe80::a9fe:a9fe"),
)
_LOOPBACK = networks("127.0.0.0/8", "0.0.0.0/8", "::1/128", "::/128")
_LINK_LOCAL = networks("169.254.0.0/16", "fe80::/10")
# IANA's special-purpose registries: whatever is not plainly a host on the Internet. For IPv6 only 2000::/3 is handed
# out at all; everything outside of it is private for us.
_PRIVATE_4 = networks(
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24"),
    *("192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24"),
    *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
)
_PRIVATE_6 = networks("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3ffe::/16", "3fff::/20")
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")
_LEAST_PUBLIC: tuple[Zone, ...] = ("public", "private", "link-local", "loopback", "metadata")


@dataclass(frozen=True, slots=True)
class HostPattern:
    """A compiled host rule: `host` is a canonical name, `suffix` the part after `*.`, `network` an address range.

    Exactly one of `host`, `suffix`, `network` is set; none of them means any host (`*`). `port` 0 means any port.
    """

    text: str
    port: int
    host: str = ""
    suffix: str = ""
    network: Network | None = None

    @property
    def is_any(self) -> bool:
        """True for `*`: such a rule names no host, so it must not open a private or metadata address."""
        return not (self.host or self.suffix or self.network)


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address that a resolver reads in `text`, in any spelling of inet_aton(3) or RFC 4291; `None` = a name."""
    if len(text) > _LONGEST:
        return None
    plain = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if ":" in plain:
        try:
            return IPv6Address(plain.partition("%")[0])
        except ValueError:
            return None
    parts = plain.lower().removesuffix(".").split(".")
    if not 1 <= len(parts) <= 4 or not all(_NUMBER.match(part) for part in parts):
        return None
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:
        return None
    *leading, last = numbers
    if any(number > 255 for number in leading) or last >= 256 ** (4 - len(leading)):
        return None
    value = last
    for index, number in enumerate(leading):
        value += number << (8 * (3 - index))
    return IPv4Address(value)


def _number(part: str) -> int:
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8 if part.startswith("0") and part != "0" else 10)


def _embedded(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """IPv4 addresses that a packet to `address` may end at (RFC 4291, 6052, 3056, 4380, 5214)."""
    value = int(address)
    last = IPv4Address(value & 0xFFFFFFFF)
    if value >> 32 in (0xFFFF, 0xFFFF0000) or (value >> 32 == 0 and value > 1) or address in _NAT64:
        return (last,)
    if address in _NAT64_LOCAL:
        return (last,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    if (value >> 32) & 0xFFFFFFFF in (0x00005EFE, 0x02005EFE):
        return (last,)
    return ()


def zone_of(address: str) -> Zone:
    """Where a packet to `address` goes. Whatever is no address at all is `unresolved`; nothing is public by default."""
    parsed = read_address(address)
    return "unresolved" if parsed is None else _zone(parsed)


@lru_cache(maxsize=1024)
def _zone(address: IPv4Address | IPv6Address) -> Zone:
    own = _own_zone(address)
    if isinstance(address, IPv4Address):
        return own
    reached = [_own_zone(inner) for inner in _embedded(address)]
    return max([own, *reached], key=_LEAST_PUBLIC.index)


def _own_zone(address: IPv4Address | IPv6Address) -> Zone:
    if _in(address, _METADATA):
        return "metadata"
    if _in(address, _LOOPBACK):
        return "loopback"
    if _in(address, _LINK_LOCAL):
        return "link-local"
    if isinstance(address, IPv4Address):
        return "private" if _in(address, _PRIVATE_4) else "public"
    if address.ipv4_mapped is not None or address in _NAT64:
        return "public"  # says nothing by itself: the embedded address decides
    return "public" if address in _PUBLIC_6 and not _in(address, _PRIVATE_6) else "private"


def _in(address: IPv4Address | IPv6Address, ranges: tuple[Network, ...]) -> bool:
    return any(address in network for network in ranges)


def host_name(text: str) -> str:
    """The one spelling of a host: lower case, no trailing dot, `xn--` labels, addresses in shortest form.

    Raises `ValueError` with the reason. IPv4-mapped addresses become IPv4.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"a host name of {len(text)} characters")
    address = read_address(text)
    if address is not None:
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return str(mapped or address)
    name = text.translate(_DOTS).removesuffix(".").lower()
    if not name.isascii():
        if _DISPUTED & set(text.lower()):
            raise ValueError(f"{text!r} is spelled differently by different clients; write it in its xn-- form")
        try:
            name = name.encode("idna").decode("ascii").lower()
        except UnicodeError as error:
            raise ValueError(f"{text!r} is not an international host name") from error
    labels = name.split(".")
    if not name or len(name) > 253 or not all(_LABEL.match(label) for label in labels):
        raise ValueError(f"{text!r} is not a host name")
    if _NUMBER.match(labels[-1]):
        raise ValueError(f"{text!r} ends like an address but is none")
    return name


def compile_host(text: str) -> HostPattern:
    """Compile `host`, `host:port`, `*.suffix`, `address`, `[ipv6]:port` or `range/bits:port`; `*` is any host.

    Without a port the pattern means port 443 alone (write `host:80` for plain HTTP, `host:*` for every port).
    `*.example.com` matches every name below example.com, not example.com itself. A range may stand with or without
    brackets (`[fd00::/8]:5432`). Raises `ValueError` with what is wrong.
    """
    if not text or len(text) > _LONGEST or text != text.strip() or any(char.isspace() for char in text):
        raise ValueError(
            f"{text[:_LONGEST]!r} is no host pattern: write host, host:port, *.suffix:port or range/bits:port"
        )
    if "://" in text:
        raise ValueError(f"{text!r} is a URL: write the host and port alone")
    host, port = _split_port(text)
    if host == "*":
        return HostPattern(text, port)
    if "/" in host:
        return HostPattern(text, port, network=_range(host))
    if host.startswith("*."):
        suffix = host_name(host[2:])
        if read_address(suffix) is not None:
            raise ValueError(f"{text!r}: write an address range as 10.0.0.0/8")
        return HostPattern(text, port, suffix=suffix)
    if "*" in host:
        raise ValueError(f"{text!r}: `*` stands for whole leading labels only, as in *.example.com")
    return HostPattern(text, port, host=host_name(host))


def _split_port(text: str) -> tuple[str, int]:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"{text!r}: unbalanced brackets")
        port = rest[1:]
        if ":" not in host:
            raise ValueError(f"{text!r}: only IPv6 addresses stand in brackets")
        return host, _port(text, port) if rest else HTTPS_PORT
    if text.count(":") > 1:
        if read_address(text.partition("/")[0]) is None:
            raise ValueError(f"{text!r}: more than one colon, and no IPv6 address")
        return text, HTTPS_PORT
    host, colon, port = text.partition(":")
    return host, _port(text, port) if colon else HTTPS_PORT


def _port(text: str, port: str) -> int:
    if port == "*":
        return ANY_PORT
    if not _PORT.match(port) or int(port) > 65535:
        raise ValueError(f"{text!r}: a port is a number from 1 to 65535, or *")
    return int(port)


def _range(host: str) -> Network:
    try:
        return ipaddress.ip_network(host)
    except ValueError as error:
        raise ValueError(f"{host!r} is no address range: {error}") from error


def match_host(pattern: HostPattern, host: str, port: int) -> bool:
    """True when the pattern names `host` and `port`. A range never matches a name: look its addresses up first."""
    if pattern.port not in (ANY_PORT, port):
        return False
    if pattern.is_any:
        return True
    try:
        name = host_name(host)
    except ValueError:
        return False
    if pattern.host:
        return name == pattern.host
    if pattern.suffix:
        return name.endswith("." + pattern.suffix)
    address = read_address(name)
    if address is None or pattern.network is None:
        return False
    return address.version == pattern.network.version and address in pattern.network
