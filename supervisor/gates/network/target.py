"""The one name of what a client wants to reach: canonical host and port, from an authority or an absolute URL."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_NUMERIC_END = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")
_PORT = re.compile(r"[1-9][0-9]{0,4}\Z")
HTTP_PORT = 80


class BadTarget(ValueError):
    """What a client wrote does not name one host and port; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """A host (lower case, no trailing dot, IP addresses in their shortest form) and a port."""

    host: str
    port: int

    @property
    def is_address(self) -> bool:
        """True when the host is an IP address and not a name."""
        return ":" in self.host or self.host.replace(".", "").isdigit()

    @property
    def authority(self) -> str:
        """`host:port`, an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def canonical_host(text: str) -> str:
    """The one spelling of a host; raises `BadTarget`.

    Refused: addresses in any other notation than dotted decimal or plain IPv6 (`2130706433`, `0x7f.1`, `127.1`, zone
    ids), because resolvers read them as addresses while rules read them as names; characters outside LDH names
    (a non-ASCII name is written in its `xn--` form by every client).
    """
    if text.startswith("["):
        if not text.endswith("]"):
            raise BadTarget(f"unbalanced brackets in {text!r}")
        return _address(text[1:-1], 6)
    host = text.lower()
    host = host.removesuffix(".")
    if not host or len(host) > 253:
        raise BadTarget("the host is empty or longer than 253 characters")
    labels = host.split(".")
    if _NUMERIC_END.match(labels[-1]):
        return _address(host, 4)
    for label in labels:
        if not _LABEL.match(label):
            raise BadTarget(f"{text!r} is not a host name")
    return host


def _address(text: str, version: int) -> str:
    try:
        address = ipaddress.ip_address(text) if "%" not in text else None
    except ValueError:
        address = None
    if address is None or address.version != version:
        raise BadTarget(f"{text!r} is not an address in plain notation")
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def from_authority(text: str, default_port: int | None = None) -> Target:
    """Parse `host:port` (CONNECT, RFC 9110 section 9.3.6) or a Host field; raises `BadTarget`.

    Without `default_port` the port must be written.
    """
    host, port = text, ""
    if not text.endswith("]") and ":" in text:
        host, _, port = text.rpartition(":")
        if not host.startswith("[") and ":" in host:
            raise BadTarget(f"{text!r}: an IPv6 address stands in brackets")
        if not _PORT.match(port) or int(port) > 65535:
            raise BadTarget(f"{text!r} has no port from 1 to 65535")
    elif default_port is None:
        raise BadTarget(f"{text!r} names no port")
    return Target(canonical_host(host), int(port) if port else default_port or 0)


def from_absolute(text: str) -> tuple[Target, str]:
    """Split `http://host[:port]/path?query` into its target and origin form; raises `BadTarget`."""
    scheme, separator, rest = text.partition("://")
    if not separator or scheme.lower() != "http":
        raise BadTarget("only http:// URLs are forwarded; use CONNECT for everything else")
    end = next((index for index, char in enumerate(rest) if char in "/?#\\"), len(rest))
    authority, path = rest[:end], rest[end:]
    if "@" in authority:
        raise BadTarget("the URL carries a user name")
    if "#" in path or "\\" in path[:1]:
        raise BadTarget("the URL has a fragment or a backslash where its path begins")
    if not path.startswith("/"):
        path = "/" + path
    return from_authority(authority, HTTP_PORT), path
