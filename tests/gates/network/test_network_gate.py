"""Real sockets through a running network gate: what is allowed passes, everything else does not."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from supervisor.gates.protocol import HELD
from supervisor.model.decision import By, Verdict
from supervisor.model.effect import Effect
from tests.gates.network.stage import ALLOW, DENY, Desk, Echo, Running, Server, Web, listening, read_all, wait_for
from tests.gates.network.test_network_hello import client_hello

ACCESS_DENIED = b"\x15\x03\x01\x00\x02\x02\x31"
Start = Callable[..., Running]
Serve = Callable[..., Server]


def get(port: int, path: str = "/", host: str = "site.example") -> str:
    """An absolute-form GET."""
    return f"GET http://{host}:{port}{path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n"


def test_absolute_form(running: Start, serve: Serve) -> None:
    """An allowed absolute-form request reaches its server in origin form, and its end is on record."""
    web, gate = serve(Web), running()
    answer = gate.say(get(web.port, "/a?b"))
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b"\r\n\r\nGET /a?b HTTP/1.1\r\n" in answer
    action = gate.desk.connects[0]
    assert (action.host, action.port, action.method, action.path) == ("site.example", web.port, "GET", "/a?b")
    assert (action.addresses, action.zone) == (("127.0.0.1",), "loopback")
    wait_for(lambda: gate.desk.endings, "the end")
    request_id, detail, sent, received = gate.desk.endings[0]
    assert (request_id, detail, received) == ("r1", "", len(answer))
    assert sent > 0


def test_tunnel(running: Start, serve: Serve) -> None:
    """An allowed CONNECT is a transparent tunnel with both half-closes, and its bytes are counted."""
    echo, gate = serve(Echo), running()
    with gate.tunnel("site.example", echo.port) as client:
        client.sendall(b"\x00ping")
        assert client.recv(5, socket.MSG_WAITALL) == b"\x00ping"
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
    wait_for(lambda: gate.desk.endings, "the end")
    assert gate.desk.endings == [("r1", "", 5, 5)]


def test_server_speaks_first(running: Start, serve: Serve) -> None:
    """A protocol whose server greets first works on ports that are not HTTP's."""

    class Greeter(Echo):
        def handle(self) -> None:
            self.connection.sendall(b"220 hello\r\n")
            super().handle()

    gate = running()
    with gate.tunnel("site.example", serve(Greeter).port) as client:
        assert client.recv(11, socket.MSG_WAITALL) == b"220 hello\r\n"
        client.sendall(b"EHLO there\r\n")
        assert client.recv(12, socket.MSG_WAITALL) == b"EHLO there\r\n"


def test_deny(running: Start, serve: Serve) -> None:
    """A denied connection is a 403 that says why, and nothing is dialled."""
    web, gate = serve(Web), running(DENY)
    for request in (
        get(web.port),
        f"CONNECT site.example:{web.port} HTTP/1.1\r\nHost: site.example:{web.port}\r\n\r\n",
    ):
        answer = gate.say(request).decode()
        status, _, rest = answer.partition("\r\n")
        assert status == "HTTP/1.1 403 denied by site.yaml:12: nothing here needs this host"
        assert rest.endswith("agent-supervise: denied by site.yaml:12: nothing here needs this host\n")
    assert web.connections == 0
    assert gate.desk.endings == []


@pytest.mark.parametrize(
    "reply",
    [None, "allow", 0, True, Effect.ALLOW, RuntimeError("the session is gone"), ConnectionRefusedError("gone")],
)
def test_no_clear_answer_denies(running: Start, serve: Serve, reply: object) -> None:
    """A desk that raises, or answers with anything but a verdict, denies, and the fault is told."""
    web = serve(Web)
    gate = running(Desk(reply))
    assert gate.say(get(web.port)).startswith(b"HTTP/1.1 403 ")
    assert web.connections == 0
    wait_for(lambda: gate.desk.faults, "the fault")


def test_silent_desk_denies(running: Start, serve: Serve) -> None:
    """A desk that does not answer in time denies."""
    web, release = serve(Web), threading.Event()
    gate = running(Desk(lambda request: release.wait(20) and ALLOW), reply_seconds=0.2)
    assert gate.say(get(web.port)).startswith(b"HTTP/1.1 403 ")
    assert web.connections == 0
    release.set()


@pytest.mark.parametrize("early", [False, True])
def test_held_then_allowed(running: Start, serve: Serve, early: bool) -> None:
    """A held client waits and is served when the answer comes, even if it comes before `ask` has returned."""
    web = serve(Web)
    desk = Desk(HELD)
    gate = running(desk)
    if early:
        desk.reply = lambda request: gate.gate.deliver(request.id, ALLOW) or HELD
    with gate.client() as client:
        client.sendall(get(web.port).encode())
        if not early:
            wait_for(lambda: desk.requests, "the question")
            assert web.connections == 0
            gate.gate.deliver("r99", ALLOW)
            gate.gate.deliver("r1", ALLOW)
        assert read_all(client).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("verdict", [Verdict(Effect.DENY, By.HUMAN, "not today"), Verdict(Effect.ASK, By.HUMAN), None])
def test_held_then_not_allowed(running: Start, serve: Serve, verdict: Verdict) -> None:
    """After a hold, anything but an allow is a 403 with the human's words."""
    web = serve(Web)
    gate = running(HELD)
    with gate.client() as client:
        client.sendall(get(web.port).encode())
        wait_for(lambda: gate.desk.requests, "the question")
        gate.gate.deliver("r1", verdict)
        answer = read_all(client)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert verdict is None or not verdict.message or b"not today" in answer
    assert web.connections == 0


@pytest.mark.parametrize("reset", [False, True])
def test_hang_up_while_held(running: Start, serve: Serve, reset: bool) -> None:
    """A client that hangs up while a human is asked withdraws its question, and a late yes dials nothing."""
    web = serve(Web)
    gate = running(HELD)
    client = gate.client()
    client.sendall(get(web.port).encode() + b"early")
    wait_for(lambda: gate.desk.requests, "the question")
    if reset:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    client.close()
    wait_for(lambda: gate.desk.withdrawn, "the withdrawal")
    gate.gate.deliver("r1", ALLOW)
    assert gate.desk.withdrawn == [("r1", "the client hung up")]
    assert gate.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert web.connections == 0


def test_stop_ends_everything(running: Start, serve: Serve) -> None:
    """When the gate stops, tunnels break, held clients get nothing, and nobody can connect."""
    echo = serve(Echo)
    desk = Desk()
    gate = running(desk)
    tunnel = gate.tunnel("site.example", echo.port)
    desk.reply = HELD
    held = gate.client()
    held.sendall(get(echo.port).encode())
    wait_for(lambda: len(desk.requests) == 2, "the second question")
    gate.gate.stop()
    assert read_all(held) in (b"", b"<reset>")
    assert read_all(tunnel) in (b"", b"<reset>")
    wait_for(lambda: desk.withdrawn and desk.endings, "both told")
    assert desk.endings[0][1] == "the session ended"
    with pytest.raises(OSError):
        gate.client()
    held.close(), tunnel.close()


def test_a_hundred_at_once(running: Start, serve: Serve) -> None:
    """A hundred clients at once each get their own answer: the allowed ones a page, the others a 403."""
    web = serve(Web)
    desk = Desk(lambda request: ALLOW if request.action.path.endswith("even") else DENY)
    gate = running(desk)

    def ask(index: int) -> bytes:
        return gate.say(get(web.port, f"/{index}/{'odd' if index % 2 else 'even'}"))

    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(ask, range(100)))
    for index, answer in enumerate(answers):
        assert answer.startswith(b"HTTP/1.1 403 " if index % 2 else b"HTTP/1.1 200 OK")
        assert index % 2 or f"GET /{index}/even ".encode() in answer
    assert web.connections == 50


def test_checked_address_is_dialled(running: Start, serve: Serve) -> None:
    """A name that resolves differently the second time (rebinding) is still dialled where it was checked."""
    web = serve(Web, "127.0.0.1")
    evil = serve(Web, "127.0.0.2", web.port)
    answers = iter([("127.0.0.1",), ("127.0.0.2",), ("127.0.0.2",)])
    gate = running(resolver=lambda host, port: next(answers))
    assert gate.say(get(web.port)).startswith(b"HTTP/1.1 200 OK")
    assert (web.connections, evil.connections) == (1, 0)
    assert gate.desk.connects[0].addresses == ("127.0.0.1",)


def test_next_address(running: Start, serve: Serve) -> None:
    """Where the first address does not answer, the next checked one is dialled."""
    web = serve(Web)
    gate = running(resolver=lambda host, port: ("127.0.0.3", "::1", "127.0.0.1"))
    assert gate.say(get(web.port)).startswith(b"HTTP/1.1 200 OK")


def test_ipv6(running: Start, serve: Serve) -> None:
    """IPv6 literals are asked about as themselves and dialled."""
    echo, gate = serve(Echo, "::1"), running()
    with gate.tunnel("::1", echo.port) as client:
        client.sendall(b"\x01")
        assert client.recv(1) == b"\x01"
    assert (gate.desk.connects[0].host, gate.desk.connects[0].zone) == ("::1", "loopback")


@pytest.mark.parametrize(
    ("addresses", "zone"),
    [
        (("93.184.216.34",), "public"),
        (("93.184.216.34", "10.0.0.1"), "private"),
        (("93.184.216.34", "::1", "10.0.0.1"), "loopback"),
        (("fe80::1", "10.0.0.1"), "link-local"),
        ((), "unresolved"),
    ],
)
def test_zones(running: Start, addresses: tuple[str, ...], zone: str) -> None:
    """A name is in the least public zone of its addresses."""
    gate = running(DENY, resolver=lambda host, port: addresses)
    gate.say(get(80))
    assert (gate.desk.connects[0].zone, gate.desk.connects[0].addresses) == (zone, addresses)


def test_own_public_address_is_loopback(running: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host's own address counts as loopback even where it looks public."""
    monkeypatch.setattr("supervisor.gates.network.lookup.zone_of", lambda address: "public")
    gate = running(DENY)
    gate.say(get(80))
    assert gate.desk.connects[0].zone == "loopback"


@pytest.mark.parametrize("reply", [ALLOW, HELD, DENY])
def test_second_locks(running: Start, reply: object) -> None:
    """Metadata addresses and cloud endpoints are refused whatever the session answers, without keeping anyone."""
    gate = running(reply, resolver=lambda host, port: ("93.184.216.34", "169.254.169.254"))
    for host in ("innocent.example", "s3.amazonaws.com"):
        assert gate.say(get(80, host=host)).startswith(b"HTTP/1.1 403 ")
    assert len(gate.desk.requests) == 2
    if reply is HELD:
        wait_for(lambda: len(gate.desk.withdrawn) == 2, "the withdrawals")
    if reply is ALLOW:
        wait_for(lambda: len(gate.desk.endings) == 2, "the endings")


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "[::1%25lo]"])
def test_odd_addresses(running: Start, serve: Serve, host: str) -> None:
    """Addresses in decimal, octal, hexadecimal or short form are refused unasked."""
    web, gate = serve(Web), running()
    assert gate.say(get(web.port, host=host)).startswith(b"HTTP/1.1 400 ")
    assert gate.desk.requests == []
    assert web.connections == 0
    wait_for(lambda: gate.desk.faults, "the fault")


def test_names_are_not_told_before_a_decision(running: Start, serve: Serve) -> None:
    """A name that no rule knows is decided on before it is resolved, and again where it leads to no public place."""
    web, asked = serve(Web), []

    def resolver(host: str, port: int) -> tuple[str, ...]:
        asked.append(host)
        return ("127.0.0.1",)

    desk = Desk(DENY)
    gate = running(desk, resolver=resolver, may_look_up=lambda host, port: False)
    gate.say(get(web.port, host="c2VjcmV0.evil.example"))
    assert asked == []
    assert desk.connects[0].zone == "unresolved"
    desk.reply = lambda request: ALLOW if request.action.zone == "unresolved" else DENY
    assert gate.say(get(web.port)).startswith(b"HTTP/1.1 403 ")
    assert [action.zone for action in desk.connects] == ["unresolved", "unresolved", "loopback"]
    desk.reply = ALLOW
    assert gate.say(get(web.port)).startswith(b"HTTP/1.1 200 ")


def test_unreachable(running: Start) -> None:
    """What does not resolve or does not answer is a 502 that says which, and the end is on record."""
    closed = listening()
    port = closed.getsockname()[1]
    closed.close()
    gate = running()
    assert b"refused" in gate.say(get(port)).splitlines()[0]
    wait_for(lambda: gate.desk.endings, "the end")
    assert "refused" in gate.desk.endings[0][1]

    def failing(host: str, port: int) -> tuple[str, ...]:
        raise socket.gaierror("no such name")

    gate = running(resolver=failing)
    assert gate.say(get(80)).startswith(b"HTTP/1.1 502 site.example does not resolve")


def test_slow_head(running: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A head that trickles in is cut off at its deadline, not at its last byte."""
    monkeypatch.setattr("supervisor.gates.network.client.HEAD_SECONDS", 0.3)
    gate = running()
    started = time.monotonic()
    with gate.client() as client:
        client.sendall(b"GET http://a.example/ HTTP/1.1\r\n")
        client.settimeout(0.05)
        answer = b""
        while not answer and time.monotonic() < started + 5:
            try:
                answer = client.recv(100)
            except TimeoutError:
                client.sendall(b"X: 1\r\n")
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_too_many(running: Start, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit a connection is refused, and those that are there go on."""
    monkeypatch.setattr("supervisor.gates.network.serving.CONNECTIONS", 2)
    echo, gate = serve(Echo), running()
    with gate.tunnel("site.example", echo.port) as first, gate.tunnel("site.example", echo.port):
        with gate.client() as third:
            assert read_all(third).startswith(b"HTTP/1.1 503 ")
        first.sendall(b"\x00")
        assert first.recv(1) == b"\x00"


def test_other_server_name(running: Start, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A TLS hello for another host, or for none, never leaves the cell."""
    received: list[bytes] = []

    class Keep(Echo):
        def handle(self) -> None:
            received.append(self.connection.recv(65536))

    for name in ("other.example", None, "s3.amazonaws.com"):
        echo, gate = serve(Keep), running()
        with gate.tunnel("site.example", echo.port) as client:
            client.sendall(client_hello(name))
            assert read_all(client) == ACCESS_DENIED
        wait_for(lambda gate=gate: gate.desk.endings, "the end")
        assert gate.desk.endings[0][1].startswith("refused: the TLS hello")
        assert gate.desk.endings[0][2] == 0
    assert [data for data in received if data] == []


def test_tls_to_an_address(running: Start, serve: Serve) -> None:
    """A tunnel to an address takes a TLS hello without a name, and refuses one with a name."""
    echo, gate = serve(Echo), running()
    with gate.tunnel("127.0.0.1", echo.port) as client:
        hello = client_hello(None)
        client.sendall(hello)
        assert client.recv(len(hello), socket.MSG_WAITALL) == hello
    with gate.tunnel("127.0.0.1", echo.port) as client:
        client.sendall(client_hello("site.example"))
        assert read_all(client) == ACCESS_DENIED


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: other.example\r\n\r\n",
        b"\r\nGET / HTTP/1.1\r\nHost: site.example\r\n\r\n",
        b"GET / HTTP/1.1\nHost: site.example\n\n",
        b"GET /\r\nHost: other.example\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x00\x00",
    ],
)
def test_tunnel_openings_refused(running: Start, serve: Serve, data: bytes) -> None:
    """Plain HTTP for another host, unclear HTTP and broken TLS inside a tunnel never reach the server."""
    web, gate = serve(Web), running()
    with gate.tunnel("site.example", web.port) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        told = read_all(client)
    assert told == ACCESS_DENIED if data.startswith(b"\x16") else told.startswith(b"HTTP/1.1 400 ")
    wait_for(lambda: gate.desk.endings, "the end")
    assert gate.desk.endings[0][1].startswith("refused: ")
    assert gate.desk.endings[0][2] == 0


def test_plain_request_in_a_tunnel(running: Start, serve: Serve) -> None:
    """A plain request for the tunnel's host passes, and a second one behind it does not."""
    web, gate = serve(Web), running()
    request = f"GET /x HTTP/1.1\r\nHost: site.example:{web.port}\r\n\r\n".encode()
    with gate.tunnel("site.example", web.port) as client:
        client.sendall(request)
        assert b"\r\n\r\nGET /x HTTP/1.1\r\n" in read_all(client)
    with gate.tunnel("site.example", web.port) as client:
        client.sendall(request + request.replace(b"site.example", b"other.example"))
        assert b"other.example" not in read_all(client)
    wait_for(lambda: len(gate.desk.endings) == 2, "the end")
    assert "a second request" in gate.desk.endings[1][1]


@pytest.mark.parametrize("status", [b"101 Switching Protocols", b"200 OK"])
def test_websocket_in_a_tunnel(running: Start, serve: Serve, status: bytes) -> None:
    """After a server has switched protocols the tunnel is transparent; without that it carries one request only."""

    class Switcher(Echo):
        def handle(self) -> None:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += self.connection.recv(1)
            assert b"Upgrade: websocket" in head
            self.connection.sendall(b"HTTP/1.1 " + status + b"\r\nUpgrade: websocket\r\n\r\n")
            super().handle()

    gate = running()
    server = serve(Switcher)
    with gate.tunnel("site.example", server.port) as client:
        host = f"Host: site.example:{server.port}\r\n".encode()
        client.sendall(b"GET / HTTP/1.1\r\n" + host + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x01")
        head = client.recv(len(status) + 33, socket.MSG_WAITALL)
        assert head.startswith(b"HTTP/1.1 " + status)
        if status.startswith(b"101"):
            assert client.recv(2, socket.MSG_WAITALL) == b"\x81\x01"
            client.sendall(b"GET / HTTP/1.1")
            assert client.recv(14, socket.MSG_WAITALL) == b"GET / HTTP/1.1"
        else:
            client.sendall(b"GET / HTTP/1.1")
            assert read_all(client) in (b"", b"<reset>")


def test_forward(running: Start, serve: Serve) -> None:
    """A forwarded port of the cell reaches its one port of the host, each connection decided."""
    echo = serve(Echo)
    desk = Desk()
    gate = running(desk, forwards={"model": ("127.0.0.1", echo.port)})
    with gate.client(gate.forwards["forward:model"]) as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        assert client.recv(16, socket.MSG_WAITALL) == b"GET / HTTP/1.1\r\n"
    action = desk.connects[0]
    assert (action.host, action.port, action.method, action.zone) == ("127.0.0.1", echo.port, "FORWARD", "loopback")
    desk.reply = DENY
    with gate.client(gate.forwards["forward:model"]) as client:
        assert read_all(client) in (b"", b"<reset>")
    assert echo.connections == 1


def test_many_megabytes_both_ways(running: Start, serve: Serve) -> None:
    """A large transfer arrives whole in both directions while the slower side holds back the faster."""
    echo, gate = serve(Echo), running()
    size, block = 32 * 1024 * 1024, bytes(range(256)) * 256
    received = 0
    with gate.tunnel("site.example", echo.port) as client:

        def send() -> None:
            for _ in range(size // len(block)):
                client.sendall(block)
            client.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        while data := client.recv(1 << 16):
            position = received % 256
            assert data[:256] == (block[position:] + block)[: min(256, len(data))]
            received += len(data)
        sender.join()
    assert received == size


def test_tls_through_a_tunnel(running: Start, serve: Serve) -> None:
    """A real TLS handshake for the tunnel's own host passes untouched (here it meets no TLS server)."""
    echo, gate = serve(Echo), running()
    context = ssl.create_default_context()
    with gate.tunnel("site.example", echo.port) as client, pytest.raises(ssl.SSLError):
        context.wrap_socket(client, server_hostname="site.example")
    wait_for(lambda: gate.desk.endings, "the end")
    assert not gate.desk.endings[0][1].startswith("refused")
