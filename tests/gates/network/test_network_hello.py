"""The first bytes of a tunnel are TLS with a name, HTTP, or something else, however they arrive."""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.gates.network.hello import Hello, Opening, read_hello


def client_hello(name: str | None) -> bytes:
    """What OpenSSL sends first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    out = ssl.MemoryBIO()
    connection = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    return out.read()


def in_records(hello: bytes, size: int) -> bytes:
    """The same ClientHello cut into records of at most `size` bytes."""
    message = hello[5:]
    parts = [message[start : start + size] for start in range(0, len(message), size)]
    return b"".join(b"\x16\x03\x01" + len(part).to_bytes(2) + part for part in parts)


def test_server_name() -> None:
    """The name of a ClientHello is read, and its absence seen."""
    assert read_hello(client_hello("Example.COM")) == Hello(Opening.TLS, "example.com")
    assert read_hello(client_hello(None)) == Hello(Opening.TLS, None)


@pytest.mark.parametrize("size", [1, 5, 100])
def test_split_records(size: int) -> None:
    """A ClientHello cut into many records still shows its name."""
    assert read_hello(in_records(client_hello("example.com"), size)) == Hello(Opening.TLS, "example.com")


def test_every_prefix_waits() -> None:
    """No prefix of a ClientHello is taken for anything but incomplete."""
    for data in (client_hello("example.com"), in_records(client_hello("example.com"), 7)):
        for end in range(len(data)):
            assert read_hello(data[:end]).opening is Opening.PARTIAL


@given(st.integers(min_value=0, max_value=400), st.integers(min_value=0, max_value=255))
def test_damaged(position: int, value: int) -> None:
    """A damaged ClientHello never shows a name that it does not carry."""
    data = bytearray(client_hello("example.com"))
    data[position % len(data)] = value
    hello = read_hello(bytes(data))
    assert hello.server_name is None or hello.server_name.encode() in bytes(data).lower()


@given(st.binary(max_size=300))
def test_total(data: bytes) -> None:
    """Any bytes are classified."""
    assert isinstance(read_hello(data), Hello)


@pytest.mark.parametrize(
    ("data", "opening"),
    [
        (b"GET / HTTP/1.1\r\n", Opening.HTTP),
        (b"\r\n\r\nGET / HTTP/1.1\r\n", Opening.HTTP),
        (b"get / http/1.1\n", Opening.HTTP),
        (b"PRI * HTTP/2.0\r\n", Opening.HTTP),
        (b"GET /\r\nHost: other.example\r\n", Opening.HTTP),
        (b"get\thttp://other.example/\n", Opening.HTTP),
        (b"GET key\r\n", Opening.OTHER),
        (b"GET / HT", Opening.PARTIAL),
        (b"GET / HTTP/1.1", Opening.PARTIAL),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Opening.OTHER),
        (b"EHLO there\r\n", Opening.OTHER),
        (b"\x00\x00\x00\x08\x04\xd2\x16\x2f", Opening.OTHER),
        (b"\x80\x2e\x01\x00\x02", Opening.OTHER),
        (b"\x16\x03\x01\x00\x00", Opening.BROKEN),
        (b"\x16\x03\x01\x00\x04\x02\x00\x00\x00", Opening.BROKEN),
        (b"\x16\x02", Opening.BROKEN),
    ],
)
def test_openings(data: bytes, opening: Opening) -> None:
    """HTTP is known by its first line in any case and behind empty lines; half a line waits."""
    assert read_hello(data).opening is opening
