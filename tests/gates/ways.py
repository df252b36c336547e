"""A way through each gate, as the contract sees it: something is tried, and it happened or it did not."""

from __future__ import annotations

import http.client
import json
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from supervisor.cell.start import Cell, start_cell
from supervisor.gates.exec import ExecGate
from supervisor.gates.network import NetworkGate
from supervisor.gates.protocol import Gate, Reply
from supervisor.model.request import AwsCall, Connect, Exec, Request
from tests.cell.cell_stage import Stage
from tests.gates.aws.gate_stage import Stage as AwsStage
from tests.gates.aws.gate_stage import aws_stage
from tests.gates.network.stage import ALLOW, Desk, Echo, Server, listening, read_all, read_until

SECONDS = 20.0


class Way(Protocol):
    """Tries are named; `reply` answers what is asked about them, and only that."""

    gate: Gate
    desk: Desk
    reply: object

    def attempt(self, name: str) -> None:
        """Try it, without waiting for what comes of it."""

    def happened(self, name: str) -> bool:
        """What came of it, once that is known."""

    def leave(self, name: str) -> None:
        """Whoever tries this goes away before there is an answer."""

    def told(self) -> str:
        """What those who tried were told so far."""


class _Asked(Desk):
    """Answers what belongs to a try as its way says, allows the rest, and keeps the tries' requests by name."""

    def __init__(self, name_of: Callable[[Request], str], reply: Callable[[], object]) -> None:
        super().__init__(self._answer)
        self._name_of, self._say = name_of, reply
        self.tries: dict[str, Request] = {}

    def _answer(self, request: Request) -> object:
        name = self._name_of(request)
        if not name:
            return ALLOW
        self.tries[name] = request
        reply = self._say()
        return reply(name) if callable(reply) else reply


class Starts:
    """Program starts from a shell in a real cell."""

    def __init__(self, cell: Cell) -> None:
        assert cell.notify_fd is not None
        self.reply: object = ALLOW
        self.desk = _Asked(_started, lambda: self.reply)
        self.gate: Gate = ExecGate(cell.notify_fd, cell.pid)
        cell.notify_fd = None
        self._cell = cell
        self._said = {cell.stdout: b"", cell.stderr: b""}
        self.gate.start(self.desk)
        cell.go()

    def attempt(self, name: str) -> None:
        self._type(f"( /bin/echo try {name} || echo no {name} ) &")

    def happened(self, name: str) -> bool:
        deadline = time.monotonic() + SECONDS
        while True:
            lines = self._said[self._cell.stdout].splitlines()
            if f"try {name}".encode() in lines:
                return True
            if f"no {name}".encode() in lines:
                return False
            assert time.monotonic() < deadline, self._said
            self._read(0.1)

    def leave(self, name: str) -> None:
        self._type(f"/bin/echo try {name} &")
        _until(lambda: name in self.desk.tries)
        self._type("kill -KILL $!")

    def told(self) -> str:
        self._read(0.1)
        return self._said[self._cell.stderr].decode()

    def _type(self, line: str) -> None:
        os.write(self._cell.stdin, line.encode() + b"\n")

    def _read(self, seconds: float) -> None:
        for number in select.select(list(self._said), [], [], seconds)[0]:
            self._said[number] += os.read(number, 65536)


def _started(request: Request) -> str:
    action = request.action
    assert isinstance(action, Exec)
    return action.argv[2] if action.argv[:2] == ("/bin/echo", "try") else ""


class Connections:
    """Connections through the proxy to a server on loopback."""

    def __init__(self) -> None:
        self.reply: object = ALLOW
        self.desk = _Asked(_connected, lambda: self.reply)
        self._server = Server(Echo)
        self._proxy = listening()
        self._port = self._proxy.getsockname()[1]
        self.gate: Gate = NetworkGate({"proxy": self._proxy}, resolver=lambda host, port: ("127.0.0.1",))
        self.gate.start(self.desk)
        self._outcomes: dict[str, bool] = {}
        self._said: list[bytes] = []
        self._clients: dict[str, socket.socket] = {}

    def attempt(self, name: str) -> None:
        threading.Thread(target=self._try, args=(name,), daemon=True).start()

    def happened(self, name: str) -> bool:
        _until(lambda: name in self._outcomes)
        return self._outcomes[name]

    def leave(self, name: str) -> None:
        self.attempt(name)
        _until(lambda: name in self.desk.tries)
        self._clients[name].shutdown(socket.SHUT_RDWR)

    def told(self) -> str:
        return b"".join(self._said).decode()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _try(self, name: str) -> None:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=SECONDS) as client:
                self._clients[name] = client
                where = f"{name}.test:{self._server.port}"
                client.sendall(f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n\r\n".encode())
                head = read_until(client, b"\r\n\r\n")
                if head.startswith(b"HTTP/1.1 200 "):
                    client.sendall(b"\0hello")
                    self._outcomes[name] = read_until(client, b"hello") == b"\0hello"
                    return
                self._said.append(head + read_all(client))
        except OSError as error:
            self._said.append(str(error).encode())
        self._outcomes[name] = False


class Calls:
    """Signed calls to a cloud that answers everything."""

    def __init__(self, aws: AwsStage, desk: _Asked) -> None:
        self.reply: object = ALLOW
        self.desk, self._aws = desk, aws
        self.gate: Gate = aws.gate
        self._outcomes: dict[str, bool] = {}
        self._said: list[bytes] = []
        self._clients: dict[str, http.client.HTTPConnection] = {}

    def attempt(self, name: str) -> None:
        threading.Thread(target=self._try, args=(name,), daemon=True).start()

    def happened(self, name: str) -> bool:
        _until(lambda: name in self._outcomes)
        return self._outcomes[name]

    def leave(self, name: str) -> None:
        self.attempt(name)
        _until(lambda: name in self.desk.tries)
        link = self._clients[name].sock
        assert link is not None
        link.shutdown(socket.SHUT_RDWR)

    def told(self) -> str:
        return b"".join(self._said).decode()

    def _try(self, name: str) -> None:
        link = self._clients[name] = http.client.HTTPConnection("127.0.0.1", self._aws.port, timeout=SECONDS)
        body = json.dumps({"TableName": name})
        request = AWSRequest("POST", f"http://127.0.0.1:{self._aws.port}/", data=body)
        request.headers["X-Amz-Target"] = "DynamoDB_20120810.DescribeTable"
        request.headers["Content-Type"] = "application/x-amz-json-1.0"
        own = self._aws.placeholder
        keys = Credentials(own.access_key, own.secret_key, own.token)
        SigV4Auth(keys, "dynamodb", "eu-central-1").add_auth(request)
        try:
            link.request("POST", "/", body, dict(request.headers))
            answer = link.getresponse()
            self._said.append(answer.read())
            self._outcomes[name] = answer.status == 200
        except (OSError, http.client.HTTPException) as error:
            self._said.append(str(error).encode())
            self._outcomes[name] = False
        finally:
            link.close()


def _called(request: Request) -> str:
    action = request.action
    assert isinstance(action, AwsCall)
    return action.resources[0].rpartition("/")[2]


class _Everything(BaseHTTPRequestHandler):
    """A cloud that answers every call with an empty object."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None: ...


def _connected(request: Request) -> str:
    action = request.action
    assert isinstance(action, Connect)
    return action.host.removesuffix(".test")


@contextmanager
def starts(stage: Stage) -> Iterator[Way]:
    """The exec gate on a shell of its own."""
    with start_cell(stage.plan(), ["/bin/sh"], columns=80, rows=24, stdio="pipes") as cell:
        way = Starts(cell)
        try:
            yield way
        finally:
            way.gate.stop()


@contextmanager
def early_starts(stage: Stage) -> Iterator[Way]:
    """As `starts`, with a desk that foretells an allow whatever it then answers: as if the journal failed meanwhile."""
    with starts(stage) as way:
        plain = way.desk.ask

        def ask(request: Request, foretold: Callable[[], None] | None = None) -> Reply:
            assert foretold is not None
            foretold()
            return plain(request)

        way.desk.ask = ask  # type: ignore[method-assign]
        yield way


@contextmanager
def connections(stage: Stage) -> Iterator[Way]:
    """The network gate on a proxy of its own."""
    way = Connections()
    try:
        yield way
    finally:
        way.gate.stop()
        way.close()


@contextmanager
def calls(stage: Stage) -> Iterator[Way]:
    """The aws gate in front of a cloud of its own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Everything) as cloud:
        threading.Thread(target=cloud.serve_forever, daemon=True).start()
        desk = _Asked(_called, lambda: way.reply)
        with aws_stage(f"http://127.0.0.1:{cloud.server_address[1]}", desk=desk) as aws:
            way = Calls(aws, desk)
            yield way
        cloud.shutdown()


def _until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        select.select([], [], [], 0.01)
