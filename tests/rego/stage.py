"""Scopes with conditions in Rego, requests to put to them, and a server that answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from supervisor.model.decision import Decision
from supervisor.model.effect import Effect
from supervisor.model.request import Exec, Request, Subject
from supervisor.policy.scope import OpaServer, RegoFile, Scope, Source
from supervisor.rego.testing import as_rego
from tests.core.desk import scope

PUSH = Exec("/usr/bin/git", ("git", "push"), "/work", ("git",))
ALLOWED = Decision(Effect.ALLOW, explain="it is allowed")


def rego(name: str, body: str) -> RegoFile:
    """A file of conditions; its package is its name."""
    return as_rego(f"{name}.rego", f"package agent_supervise.{name}\n\n{body}\n")


def under(*files: RegoFile, opa: tuple[OpaServer, ...] = ()) -> Scope:
    """A scope that allows git, and has these conditions."""
    made = scope((Effect.ASK, "git push"), otherwise=Effect.ALLOW)
    return replace(made, rego=files, opa=opa)


def asked(*argv: str, number: int = 1) -> Request:
    """A program start."""
    words = argv or PUSH.argv
    return Request(f"r{number}", "exec", Subject("s", "bash"), Exec(f"/usr/bin/{words[0]}", words, "/work"))


Answer = tuple[int, bytes]


class Answering(ThreadingHTTPServer):
    """A server on loopback; `answers` gives status and body for an input, `seen` has what it was asked."""

    daemon_threads = True

    def __init__(self, answers: Callable[[Any], Answer]) -> None:
        self.answers = answers
        self.seen: list[tuple[str, dict[str, str], Any]] = []
        self.connections = 0
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self) -> Any:
        """Count connections."""
        self.connections += 1
        return super().get_request()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is none of our concern."""

    def opa(self, **more: Any) -> OpaServer:
        """This server, as a scope names it."""
        return OpaServer(f"http://127.0.0.1:{self.server_port}/v1/data/a/decision", Source("t.yaml", 3), **more)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Answering

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, dict(self.headers), body))
        status, data = self.server.answers(body["input"])
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""


@contextmanager
def answering(answers: Callable[[Any], Answer]) -> Iterator[Answering]:
    """A server that runs meanwhile."""
    with Answering(answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def result(value: Any, **more: Any) -> Answer:
    """What OPA sends for a document."""
    return 200, json.dumps({"result": value, **more}).encode()
