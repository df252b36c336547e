"""Network gates on loopback listeners, and servers that end with their test."""

from __future__ import annotations

import socketserver
from collections.abc import Callable, Iterator

import pytest

from supervisor.gates.network import NetworkGate
from tests.gates.network.stage import ALLOW, Desk, Running, Server, listening


@pytest.fixture
def running() -> Iterator[Callable[..., Running]]:
    """Start gates; every name resolves to loopback unless a test brings its own resolver."""
    gates: list[NetworkGate] = []

    def start(reply: object = ALLOW, forwards: dict[str, tuple[str, int]] | None = None, **options: object) -> Running:
        desk = reply if isinstance(reply, Desk) else Desk(reply)
        options.setdefault("resolver", lambda host, port: ("127.0.0.1",))
        listeners = {"proxy": listening()} | {f"forward:{name}": listening() for name in forwards or {}}
        ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
        gate = NetworkGate(listeners, forwards=forwards, **options)  # type: ignore[arg-type]
        gates.append(gate)
        gate.start(desk)
        return Running(gate, desk, ports.pop("proxy"), ports)

    yield start
    for gate in gates:
        gate.stop()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers on loopback."""
    servers: list[Server] = []

    def start(handler: type[socketserver.BaseRequestHandler], host: str = "127.0.0.1", port: int = 0) -> Server:
        servers.append(Server(handler, host, port))
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
