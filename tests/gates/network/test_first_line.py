"""Whose a connection is, by its request line; however it arrives, nothing of it is lost."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from supervisor.gates.network import NetworkGate
from supervisor.gates.network.first_line import LONGEST, Whose, whose
from tests.gates.network.stage import DENY, Desk, listening, read_all, read_until, wait_for

PORT = 3128
AWS, NETWORK, UNKNOWN = Whose.AWS, Whose.NETWORK, Whose.UNKNOWN


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("GET / HTTP/1.1\r\n", AWS),
        ("PUT /bucket/key?x=1 HTTP/1.1\r\n", AWS),
        ("CONNECT s3.eu-central-1.amazonaws.com:443 HTTP/1.1\r\n", AWS),
        ("CONNECT S3.AmazonAWS.com.:443 HTTP/1.1\r\n", AWS),
        ("CONNECT s3.amazonaws.com:80 HTTP/1.1\r\n", NETWORK),
        ("CONNECT s3.amazonaws.com HTTP/1.1\r\n", AWS),
        ("CONNECT amazonaws.com.example.org:443 HTTP/1.1\r\n", NETWORK),
        ("CONNECT notamazonaws.com:443 HTTP/1.1\r\n", NETWORK),
        ("CONNECT 127.0.0.1:3128 HTTP/1.1\r\n", NETWORK),
        ("GET http://sqs.us-east-1.amazonaws.com/ HTTP/1.1\r\n", AWS),
        ("GET http://example.org/ HTTP/1.1\r\n", NETWORK),
        ("GET http://data-127.0.0.1:3128/ HTTP/1.1\r\n", AWS),
        ("GET http://123456789012.127.0.0.1:3128/ HTTP/1.1\r\n", AWS),
        ("GET http://127.0.0.1:3128/ HTTP/1.1\r\n", AWS),
        ("GET http://127.0.0.1:8080/ HTTP/1.1\r\n", NETWORK),
        ("GET http://user@s3.amazonaws.com/ HTTP/1.1\r\n", NETWORK),
        ("GET ftp://s3.amazonaws.com/ HTTP/1.1\r\n", NETWORK),
        ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "x" * 40, NETWORK),
        ("GET\r\n", NETWORK),
    ],
)
def test_whose(line: str, wanted: Whose) -> None:
    """Origin form, AWS's hosts and names in front of our own address are the aws gate's; all else is the network's."""
    assert whose(line.encode("latin-1"), port=PORT) is wanted


def test_a_part_of_a_line_never_says_something_else_than_the_whole() -> None:
    """What is told early stays true when the rest is there."""
    for line in (
        b"GET / HTTP/1.1\r\n",
        b"CONNECT sts.amazonaws.com:443 HTTP/1.1\r\n",
        b"GET http://a.example/ HTTP/1.1\r\n",
    ):
        last = whose(line, port=PORT)
        for length in range(len(line)):
            assert whose(line[:length], port=PORT) in (UNKNOWN, last)


def test_a_host_that_never_ends_is_nobody_s() -> None:
    """There is an end to what is waited for."""
    assert whose(b"CONNECT " + b"a" * LONGEST, port=PORT) is NETWORK


@contextmanager
def _proxy() -> Iterator[tuple[int, list[bytes], Desk]]:
    """A proxy's port, what its aws gate was given, and the desk of its network gate."""
    taken: list[bytes] = []

    def take(connection: socket.socket) -> None:
        def serve() -> None:
            connection.setblocking(True)
            with connection:
                taken.append(read_until(connection, b"\r\n\r\n"))
                connection.sendall(b"served")

        threading.Thread(target=serve, daemon=True).start()

    desk, listener = Desk(DENY), listening()
    port = listener.getsockname()[1]
    gate = NetworkGate({"proxy": listener}, resolver=lambda host, port: ("127.0.0.1",), aws=take)
    gate.start(desk)
    try:
        yield port, taken, desk
    finally:
        gate.stop()


def test_what_is_handed_over_was_not_read() -> None:
    """The aws gate finds the connection as the client began it, also where it began letter by letter."""
    with _proxy() as (port, taken, desk), socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for letter in b"CONNECT sts.amazonaws.com:443 HTTP/1.1\r\n\r\n":
            client.sendall(bytes([letter]))
        assert read_all(client) == b"served"
        assert taken == [b"CONNECT sts.amazonaws.com:443 HTTP/1.1\r\n\r\n"]
        assert desk.requests == []


def test_what_is_not_the_cloud_s_is_the_network_gate_s() -> None:
    """Other targets are decided on as before, and a client that says nothing costs nothing."""
    with _proxy() as (port, taken, desk):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as silent:
            silent.sendall(b"CONN")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(b"CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n\r\n")
            assert read_all(client).startswith(b"HTTP/1.1 403")
        wait_for(lambda: desk.connects, "it was asked about")
        assert taken == [] and desk.connects[0].host == "example.test"


def test_an_aws_of_one_s_own_is_never_tunnelled_to() -> None:
    """The address that stands in for AWS is refused, whatever the scope says, by address and by name."""
    listener, desk = listening(), Desk()
    gate = NetworkGate(
        {"proxy": listener},
        resolver=lambda host, port: ("127.0.0.1",),
        aws=lambda connection: connection.close(),
        cloud=frozenset({("127.0.0.1", 4566)}),
    )
    gate.start(desk)
    try:
        for host in ("127.0.0.1", "sneaky.test"):
            with socket.create_connection(("127.0.0.1", listener.getsockname()[1]), timeout=10) as client:
                client.sendall(f"CONNECT {host}:4566 HTTP/1.1\r\nHost: {host}:4566\r\n\r\n".encode())
                assert b"never tunnelled" in read_all(client)
    finally:
        gate.stop()
