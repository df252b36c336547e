"""A desk that answers as a test says, clients of a gate, and servers to reach."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Callable

from supervisor.gates.network import NetworkGate
from supervisor.gates.protocol import Reply
from supervisor.model.decision import By, Verdict
from supervisor.model.effect import Effect
from supervisor.model.request import Action, Connect, GateName, Process, Request, Subject

ALLOW = Verdict(Effect.ALLOW, By.POLICY)
DENY = Verdict(Effect.DENY, By.POLICY, "denied by site.yaml:12: nothing here needs this host")


def wait_for(condition: Callable[[], object], what: str, seconds: float = 8) -> None:
    """Wait until `condition` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.005)


class Desk:
    """Answers with `reply` (a verdict, HELD, garbage or an exception) and keeps what it is told."""

    def __init__(self, reply: object = ALLOW) -> None:
        self.reply: object = reply
        self.requests: list[Request] = []
        self._numbered = 0
        self.withdrawn: list[tuple[str, str]] = []
        self.endings: list[tuple[str, str, int, int]] = []
        self.answers: list[tuple[str, int, str, str]] = []
        self.faults: list[str] = []
        self._lock = threading.Lock()

    def new_request(self, gate: GateName, action: Action, chain: tuple[Process, ...] = ()) -> Request:
        with self._lock:
            self._numbered += 1
            return Request(f"r{self._numbered}", gate, Subject("s", "agent", chain), action)

    def ask(self, request: Request, foretold: Callable[[], None] | None = None) -> Reply:
        self.requests.append(request)
        reply = self.reply(request) if callable(self.reply) else self.reply
        if isinstance(reply, Exception):
            raise reply
        return reply  # type: ignore[no-any-return]

    def withdraw(self, request_id: str, why: str) -> None:
        self.withdrawn.append((request_id, why))

    def ended(self, request_id: str, *, detail: str = "", sent: int = 0, received: int = 0) -> None:
        self.endings.append((request_id, detail, sent, received))

    def answered(self, request_id: str, status: int, *, aws_request_id: str = "", detail: str = "") -> None:
        self.answers.append((request_id, status, aws_request_id, detail))

    def fault(self, part: str, what: str) -> None:
        self.faults.append(what)

    @property
    def connects(self) -> list[Connect]:
        """The actions that were asked about."""
        return [request.action for request in self.requests if isinstance(request.action, Connect)]


def listening(host: str = "127.0.0.1") -> socket.socket:
    """A listening TCP socket, as a cell would pass it out."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.bind((host, 0))
    listener.listen(16)
    return listener


class Running:
    """A started gate, its desk, and clients of it."""

    def __init__(self, gate: NetworkGate, desk: Desk, port: int, forwards: dict[str, int]) -> None:
        self.gate, self.desk, self.port, self.forwards = gate, desk, port, forwards

    def client(self, port: int | None = None) -> socket.socket:
        """A connection to the proxy (or to another listener)."""
        return socket.create_connection(("127.0.0.1", port or self.port), timeout=10)

    def say(self, request: str | bytes) -> bytes:
        """What the gate answers to one request until it closes."""
        with self.client() as client:
            client.sendall(request.encode() if isinstance(request, str) else request)
            return read_all(client)

    def tunnel(self, host: str, port: int) -> socket.socket:
        """An established CONNECT tunnel."""
        client = self.client()
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        client.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
        answer = read_until(client, b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        return client


def read_all(client: socket.socket) -> bytes:
    """Everything until the end; a reset is an end."""
    data = b""
    try:
        while more := client.recv(65536):
            data += more
    except ConnectionResetError:
        data += b"<reset>"
    return data


def read_until(client: socket.socket, mark: bytes) -> bytes:
    """Bytes up to and with `mark`."""
    data = b""
    while not data.endswith(mark):
        more = client.recv(1)
        if not more:
            break
        data += more
    return data


class Echo(socketserver.StreamRequestHandler):
    """Sends back what it gets."""

    def handle(self) -> None:
        try:
            while data := self.connection.recv(65536):
                self.connection.sendall(data)
        except OSError:
            return


class Web(socketserver.StreamRequestHandler):
    """Answers each request with the bytes that it received as its body."""

    def handle(self) -> None:
        try:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                byte = self.connection.recv(1)
                if not byte:
                    return
                head += byte
            lower = head.lower()
            body = b""
            if b"content-length:" in lower:
                left = int(lower.partition(b"content-length:")[2].split(b"\r\n")[0])
                while len(body) < left:
                    body += self.connection.recv(left - len(body))
            elif b"transfer-encoding:" in lower:
                while not body.endswith(b"0\r\n\r\n"):
                    body += self.connection.recv(65536)
            seen = head + body
            self.connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(seen) + seen
            )
        except OSError:
            return


class Server(socketserver.ThreadingTCPServer):
    """A server on loopback that counts its connections."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, handler: type[socketserver.BaseRequestHandler], host: str = "127.0.0.1", port: int = 0) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.connections = 0
        super().__init__((host, port), handler)
        self.port: int = self.server_address[1]
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def process_request(self, request: object, client_address: object) -> None:
        self.connections += 1
        super().process_request(request, client_address)  # type: ignore[arg-type]
