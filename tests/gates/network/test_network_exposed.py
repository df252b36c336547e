"""Exposed ports: what reaches the listener outside is led inside, byte for byte, and nothing else is reachable."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from supervisor.errors import UsageError
from supervisor.gates.network import exposed
from supervisor.gates.network.exposed import ExposedPorts, bind_here
from supervisor.model.event import PortClosed, PortExposed
from supervisor.policy.scope import Exposed
from tests.gates.network.stage import Echo, Server, Web, read_all, wait_for

Serve = Callable[..., Server]
Expose = Callable[..., tuple[ExposedPorts, int]]


def free_port() -> int:
    """A port that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def expose() -> Iterator[Expose]:
    """Expose a port whose inside is this host's own loopback: (the ports, where they are reached)."""
    started: list[ExposedPorts] = []

    def start(port: int, open_inside: Callable[..., Any] = socket.socket) -> tuple[ExposedPorts, int]:
        ports = ExposedPorts([Exposed(port, free_port())])
        started.append(ports)
        ports.start(open_inside)
        return ports, ports.passages[0].at

    yield start
    for ports in started:
        ports.stop()


def reach(at: int) -> socket.socket:
    """A connection to an exposed port."""
    return socket.create_connection(("127.0.0.1", at), timeout=10)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_bytes_go_both_ways(expose: Expose, serve: Serve, host: str) -> None:
    """A server on either loopback is reached, both half-closes pass, and the bytes are counted."""
    ports, at = expose(serve(Echo, host).port)
    with reach(at) as client:
        client.sendall(b"\x00ping")
        assert client.recv(5, socket.MSG_WAITALL) == b"\x00ping"
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b""
    port = ports.passages[0].wanted.port
    wait_for(lambda: ports.closed == (PortClosed(port, at, 1, 5, 5),), "the bytes are counted")


def test_nothing_listens_inside(expose: Expose) -> None:
    """A browser is told so; another program's connection ends."""
    port = free_port()
    _, at = expose(port)
    with reach(at) as browser:
        browser.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert read_all(browser).startswith(f"HTTP/1.1 502 nothing in the cell listens on port {port}\r\n".encode())
    with reach(at) as other:
        other.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
        assert read_all(other) in (b"", b"<reset>")


def test_a_cell_that_has_ended(expose: Expose) -> None:
    """Sockets that cannot be had are a port on which nothing listens."""

    def gone(family: int) -> socket.socket:
        raise ConnectionError("the cell has ended")

    _, at = expose(5173, gone)
    with reach(at) as browser:
        browser.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert b"nothing in the cell listens on port 5173" in read_all(browser)


def test_it_is_this_host_s_alone(expose: Expose, serve: Serve) -> None:
    """The listener is on 127.0.0.1, not on every address of this host."""
    _, at = expose(serve(Web).port)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", at), timeout=5).close()


def test_a_port_that_is_taken() -> None:
    """Another one is had; the one who has it keeps it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with bind_here(port) as other:
            assert other.getsockname()[0] == "127.0.0.1" and other.getsockname()[1] != port
            with reach(port) as client:
                connection, _ = taken.accept()
                connection.sendall(b"mine")
                connection.close()
                assert read_all(client) == b"mine"


def test_where_it_is_is_told() -> None:
    """The record and the words name the port that was had, and the one that was wanted."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wanted = taken.getsockname()[1]
        ports = ExposedPorts([Exposed(3000, wanted)])
        at = ports.passages[0].at
        assert ports.opened == (PortExposed(3000, at, wanted),)
        said = f"port 3000 of the cell is at 127.0.0.1:{at} (port {wanted} of this host is taken)"
        assert ports.told == (said,)
        ports.stop()


def test_a_gate_is_not_exposed() -> None:
    """The ports of the cell that lead to gates are for the cell alone, and nothing is left listening."""
    outside = free_port()
    with pytest.raises(UsageError, match="leads to a gate"):
        ExposedPorts([Exposed(5173, outside), Exposed(3128, 8080)], {3128})
    with pytest.raises(ConnectionRefusedError):
        reach(outside)


def test_the_end(expose: Expose, serve: Serve) -> None:
    """When it stops, connections break and nobody can connect."""
    ports, at = expose(serve(Echo).port)
    with reach(at) as client:
        client.sendall(b"x")
        assert client.recv(1) == b"x"
        ports.stop()
        assert read_all(client) in (b"", b"<reset>")
    with pytest.raises(OSError):
        reach(at)


def test_too_many_at_once(expose: Expose, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit a connection ends, and those that are there go on."""
    monkeypatch.setattr(exposed, "CONNECTIONS", 2)
    _, at = expose(serve(Echo).port)
    with reach(at) as first, reach(at) as second:
        for client in (first, second):
            client.sendall(b"x")
            assert client.recv(1) == b"x"
        with reach(at) as third:
            assert read_all(third) in (b"", b"<reset>")
        first.sendall(b"y")
        assert first.recv(1) == b"y"


def test_a_large_answer_arrives_whole(expose: Expose, serve: Serve) -> None:
    """A slow reader holds the server back and loses nothing."""

    class Large(Echo):
        def handle(self) -> None:
            self.connection.sendall(bytes(range(256)) * 65536)

    _, at = expose(serve(Large).port)
    with reach(at) as client:
        assert read_all(client) == bytes(range(256)) * 65536


def test_a_hundred_clients(expose: Expose, serve: Serve) -> None:
    """Each gets its own answer."""
    _, at = expose(serve(Echo).port)
    answers: dict[int, bytes] = {}

    def ask(number: int) -> None:
        with reach(at) as client:
            word = b"%03d" % number
            client.sendall(word)
            answers[number] = client.recv(3, socket.MSG_WAITALL)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert answers == {number: b"%03d" % number for number in range(100)}
