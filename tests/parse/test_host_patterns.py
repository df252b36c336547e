"""Host patterns, and the zones of addresses."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.gates.network.target import BadTarget, canonical_host
from supervisor.parse.net import compile_host, host_name, match_host, zone_of

ADDRESSES = st.one_of(
    st.ip_addresses(v=4),
    st.ip_addresses(v=6),
    *(
        st.ip_addresses(network=network)
        for network in ("2000::/3", "64:ff9b::/96", "2002::/16", "::ffff:0:0/96", "::/96")
    ),
)


@given(ADDRESSES)
def test_nothing_special_is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    """No address that the standard library calls private, reserved, multicast or local is public for us."""
    if zone_of(str(address)) != "public":
        return
    mapped = getattr(address, "ipv4_mapped", None) or address
    assert mapped.is_global
    assert not (mapped.is_private or mapped.is_multicast or (mapped.is_reserved and mapped not in NAT64))
    assert not (mapped.is_loopback or mapped.is_link_local or mapped.is_unspecified)


NAT64 = ipaddress.ip_network("64:ff9b::/96")


@given(st.ip_addresses(v=4))
def test_embedded_addresses_are_no_more_public_than_themselves(address: ipaddress.IPv4Address) -> None:
    """An IPv6 address that leads to an IPv4 address (mapped, NAT64, 6to4, compatible) is no more public than that."""
    number, ranks = int(address), ("public", "private", "link-local", "loopback", "metadata")
    own = ranks.index(zone_of(str(address)))
    for carrier in (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80, number):
        if carrier > 1:
            assert ranks.index(zone_of(str(ipaddress.IPv6Address(carrier)))) >= own


@given(st.ip_addresses(v=4))
def test_every_spelling_is_the_same_address(address: ipaddress.IPv4Address) -> None:
    """Hexadecimal, octal and decimal spellings are in the zone of the address that a resolver reads in them."""
    number = int(address)
    parts = [number >> shift & 255 for shift in (24, 16, 8, 0)]
    by_parts = (
        ".".join(map(hex, parts)),
        f"{parts[0]}.{number & 0xFFFFFF}",
        f"{parts[0]}.{parts[1]}.{number & 0xFFFF}",
    )
    for spelled in (str(number), hex(number), oct(number).replace("0o", "0"), *by_parts, f"{address}."):
        assert zone_of(spelled) == zone_of(str(address))
        assert host_name(spelled) == str(address)


@given(st.text(max_size=50))
def test_zone_of_never_raises(text: str) -> None:
    """Whatever is no address is unresolved."""
    assert zone_of(text) in ("public", "private", "link-local", "loopback", "metadata", "unresolved")


@pytest.mark.parametrize(
    ("address", "zone"),
    [
        ("169.254.169.254", "metadata"),
        ("169.254.170.2", "metadata"),
        ("169.254.170.23", "metadata"),
        ("fd00:ec2::254", "metadata"),
        ("fd20:ce::254", "metadata"),
        ("100.100.100.200", "metadata"),
        ("192.0.0.192", "metadata"),
        ("168.63.129.16", "metadata"),
        ("::ffff:169.254.169.254", "metadata"),
        ("64:ff9b::a9fe:a9fe", "metadata"),
        ("2002:a9fe:a9fe::1", "metadata"),
        ("0xa9fea9fe", "metadata"),
        ("169.254.1.1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("127.0.0.1", "loopback"),
        ("127.1", "loopback"),
        ("0", "loopback"),
        ("0.0.0.0", "loopback"),
        ("::1", "loopback"),
        ("::", "loopback"),
        ("[::1]", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::127.0.0.1", "loopback"),
        ("10.1.2.3", "private"),
        ("172.31.255.255", "private"),
        ("192.168.0.1", "private"),
        ("100.64.0.1", "private"),
        ("fc00::1", "private"),
        ("fd12::1", "private"),
        ("224.0.0.1", "private"),
        ("ff02::1", "private"),
        ("255.255.255.255", "private"),
        ("198.18.0.1", "private"),
        ("203.0.113.9", "private"),
        ("2001:db8::1", "private"),
        ("fec0::1", "private"),
        ("8.8.8.8", "public"),
        ("172.32.0.1", "public"),
        ("2606:4700:4700::1111", "public"),
        ("64:ff9b::808:808", "public"),
        ("::ffff:8.8.8.8", "public"),
        ("", "unresolved"),
        ("example.com", "unresolved"),
        ("256.1.1.1", "unresolved"),
        ("1.2.3.4.5", "unresolved"),
        ("08.8.8.8", "unresolved"),
    ],
)
def test_zones(address: str, zone: str) -> None:
    """Each address is in the zone where a packet to it ends."""
    assert zone_of(address) == zone


@pytest.mark.parametrize(
    ("pattern", "host", "port", "matches"),
    [
        ("example.com", "example.com", 443, True),
        ("example.com", "example.com", 80, False),
        ("example.com:80", "example.com", 80, True),
        ("example.com:*", "example.com", 8443, True),
        ("Example.COM.", "example.com", 443, True),
        ("example.com", "EXAMPLE.com.", 443, True),
        ("example.com", "www.example.com", 443, False),
        ("example.com", "notexample.com", 443, False),
        ("*.example.com", "www.example.com", 443, True),
        ("*.example.com", "a.b.example.com", 443, True),
        ("*.example.com", "example.com", 443, False),
        ("*.example.com", "badexample.com", 443, False),
        ("*.example.com:5432", "db.example.com", 5432, True),
        ("bücher.example", "xn--bcher-kva.example", 443, True),
        ("xn--bcher-kva.example", "BÜCHER.example", 443, True),
        ("10.0.0.0/8:5432", "10.1.2.3", 5432, True),
        ("10.0.0.0/8:5432", "0x0a010203", 5432, True),
        ("10.0.0.0/8:5432", "::ffff:10.1.2.3", 5432, True),
        ("10.0.0.0/8", "11.0.0.1", 443, False),
        ("10.0.0.0/8", "db.example.com", 443, False),
        ("127.0.0.1:8080", "127.1", 8080, True),
        ("[::1]:8080", "0:0:0:0:0:0:0:1", 8080, True),
        ("[fd00::/8]:5432", "fd00::1", 5432, True),
        ("fd00::/8", "fd00::1", 443, True),
        ("::1", "::1", 443, True),
        ("*", "anything.example", 443, True),
        ("*:22", "10.0.0.1", 22, True),
        ("*", "anything.example", 80, False),
        ("example.com", "exa mple.com", 443, False),
        ("example.com", "", 443, False),
    ],
)
def test_matching(pattern: str, host: str, port: int, matches: bool) -> None:
    """A pattern matches its host in every spelling, at its port alone; without a port that is 443."""
    assert match_host(compile_host(pattern), host, port) is matches


@pytest.mark.parametrize(
    "text",
    ["", " ", "a b", "https://example.com", "example.com:0", "example.com:99999", "example.com:https", "*example.com",
     "a.*.com", "*.*", "10.0.0.0/33", "10.0.0.1/8", "[example.com]:443", "[::1", "a:b:c", "exa$mple.com", "-a.example",
     "a..b", "faß.de", "1.2.3.4.5", "x" * 400, "\udcff.example", "*.10.0.0.1"],
)  # fmt: skip
def test_nonsense_is_refused(text: str) -> None:
    """A pattern that names no host raises `ValueError` with the reason."""
    with pytest.raises(ValueError, match=r".{8,}"):
        compile_host(text)


@given(st.text(max_size=40))
def test_patterns_and_targets_spell_hosts_alike(text: str) -> None:
    """Whatever the network gate takes for a target has the same spelling here, so a rule meets it."""
    try:
        host = canonical_host(text)
    except BadTarget:
        return
    assert host_name(text) == host


@given(st.text(max_size=40), st.text(max_size=40))
def test_matching_never_raises(text: str, host: str) -> None:
    """Any host may be asked about."""
    try:
        pattern = compile_host(text)
    except ValueError:
        pattern = compile_host("*.example.com")
    assert match_host(pattern, host, 443) in (True, False)


def test_a_star_names_nobody() -> None:
    """`*` is told apart from patterns that name a host, since it must not open inner addresses."""
    assert compile_host("*:443").is_any
    assert not compile_host("*.example.com").is_any
