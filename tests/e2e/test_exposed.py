"""A scope's exposed ports in real sessions: a server of the agent's is at the developer's browser, and ends with it."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cell.cell_stage import PYTHON
from tests.e2e.headless import COMMAND, SECONDS, Desk

pytestmark = pytest.mark.long

SCOPE = """\
scope: shown
task: Serve a page
commands: {otherwise: allow}
network: {otherwise: deny, expose: ["%s"]}
"""
SERVER = f"{PYTHON} -m http.server --bind {{address}} 3000"


def free_port() -> int:
    """A port that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def serving(desk: Desk, port: int, command: str) -> Iterator[subprocess.Popen[str]]:
    """A session whose agent runs `command` until its standard input ends."""
    scope = desk.base / "shown.yaml"
    scope.write_text(SCOPE % f"{port}:3000")
    (desk.work / "page.txt").write_text("made by the agent\n")
    words = [*COMMAND, "--headless", "--scope", str(scope), "sh", "-c", f"{command} & cat; kill $!"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        words, cwd=desk.work, env=desk.environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as session:
        try:
            yield session
        finally:
            session.communicate(timeout=SECONDS)


def get(port: int, path: str) -> tuple[int, str]:
    """A page, once the server is there."""
    deadline = time.monotonic() + SECONDS
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            status, text = answer.status, answer.read().decode()
        except OSError:
            status, text = 0, ""
        finally:
            connection.close()
        if status not in (0, 502) or time.monotonic() > deadline:
            return status, text


def lines(folder: Path, kind: str) -> list[dict[str, object]]:
    """The journal's lines of a kind."""
    every = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    return [line for line in every if line["kind"] == kind]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "0.0.0.0"])
def test_a_server_of_the_agent_s_is_at_the_browser(desk: Desk, address: str) -> None:
    """A page that is served in the cell is read outside of it, on record with its bytes, until the session ends."""
    port = free_port()
    with serving(desk, port, SERVER.format(address=address)) as session:
        assert get(port, "/page.txt") == (200, "made by the agent\n")
        assert session.stderr is not None
        assert session.stderr.readline() == f"agent-supervise: port 3000 of the cell is at 127.0.0.1:{port}\n"
    (opened,), (closed,) = lines(desk.sessions[0], "port.exposed"), lines(desk.sessions[0], "port.closed")
    assert (opened["port"], opened["at"], opened["wanted"]) == (3000, port, port)
    assert closed["connections"] >= 1 and closed["into"] > 0 and closed["out_of"] > 100  # type: ignore[operator]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    assert desk.command("verify", desk.sessions[0].name).returncode == 0


def test_a_port_that_is_taken_is_told(desk: Desk) -> None:
    """Another one is had, and said: who has the port keeps it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serving(desk, port, SERVER.format(address="127.0.0.1")) as session:
            assert session.stderr is not None
            told = session.stderr.readline()
            other = lines(desk.sessions[0], "port.exposed")[0]["at"]
            assert told.endswith(f"is at 127.0.0.1:{other} (port {port} of this host is taken)\n") and other != port
            assert get(int(str(other)), "/page.txt") == (200, "made by the agent\n")


def test_what_no_scope_exposes_stays_inside(desk: Desk) -> None:
    """A server in the cell is nothing that this host's programs can reach, and others of the cell do."""
    port = free_port()
    server = f"{PYTHON} -m http.server --bind 0.0.0.0 {port}"
    fetch = (
        "import time, urllib.request\n"
        "opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))\n"
        "for _ in range(2000):\n"
        "    try:\n"
        f"        print(opener.open('http://127.0.0.1:{port}/page.txt').read().decode()); break\n"
        "    except OSError:\n"
        "        time.sleep(0.01)\n"
    )
    (desk.work / "fetch.py").write_text(fetch)
    with serving(desk, free_port(), f"{server} 2>/dev/null & {PYTHON} fetch.py; echo fetched") as session:
        assert session.stdout is not None
        assert session.stdout.readline() == "made by the agent\n"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5).close()


def test_a_gate_s_port_is_refused(desk: Desk) -> None:
    """What leads to a gate is for the cell alone: the session does not start, and says what to do."""
    scope = desk.base / "gate.yaml"
    scope.write_text(SCOPE % "8080:3128")
    done = desk.run("true", options=("--scope", str(scope)), scope=False)
    assert done.returncode == 2
    assert "port 3128 of the cell leads to a gate" in done.stderr and "fix: " in done.stderr
