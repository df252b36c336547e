"""Real client programs through the gate, and a real network namespace that has no other way out."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from supervisor.gates.network import NetworkGate
from supervisor.gates.network.who import chain_behind
from tests.gates.network.stage import ALLOW, DENY, Desk, Running, Server, Web, wait_for
from tests.parts import missing, need

pytestmark = pytest.mark.long

Start = Callable[..., Running]
Serve = Callable[..., Server]


def run(gate: Running, *command: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a client whose environment points to the gate, as the cell's does."""
    proxy = f"http://127.0.0.1:{gate.port}"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(options.pop("home", "/nonexistent")),
        **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"), proxy),
        "npm_config_loglevel": "error",
        "GIT_TERMINAL_PROMPT": "0",
    }
    return subprocess.run(
        command,
        env=environment | options.pop("env", {}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def files(folder: Path) -> type[SimpleHTTPRequestHandler]:
    """A quiet handler that serves a folder."""

    class Files(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, directory=str(folder), **kwargs)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Files


def test_curl(running: Start, serve: Serve) -> None:
    """curl gets plain pages by absolute form and by tunnel, uploads, and shows why it was denied."""
    curl, web, gate = need("curl"), serve(Web), running()
    url = f"http://site.example:{web.port}/x"
    assert "GET /x HTTP/1.1" in run(gate, curl, "-sS", url).stdout
    assert "GET /x HTTP/1.1" in run(gate, curl, "-sSp", url).stdout
    body = "a" * 300_000
    answer = run(gate, curl, "-sS", "-H", "Expect: 100-continue", "-T", "-", url, input=body)
    assert answer.stdout.count("a") >= 300_000
    gate.desk.reply = DENY
    assert "nothing here needs this host" in run(gate, curl, "-sS", url).stdout
    denied = run(gate, curl, "-sS", "https://site.example/")
    assert denied.returncode == 56
    assert "403" in denied.stderr
    assert "HTTP/1.1 403 denied by site.yaml:12" in run(gate, curl, "-sSv", "https://site.example/").stderr


def test_git(running: Start, serve: Serve, tmp_path: Path) -> None:
    """git clones over HTTP through the gate, and says 403 where it is denied."""
    git = need("git")
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    source = tmp_path / "source"
    subprocess.run([git, "init", "-q", str(source)], check=True)
    (source / "file").write_text("text")
    subprocess.run([git, "-C", str(source), "add", "file"], check=True)
    subprocess.run([git, "-C", str(source), *identity, "commit", "-qm", "one"], check=True)
    subprocess.run([git, "-C", str(source), "update-server-info"], check=True)
    server, gate = serve(files(source)), running()
    url = f"http://git.example:{server.port}/.git"
    clone = run(gate, git, "clone", "-q", url, str(tmp_path / "clone"), home=tmp_path)
    assert clone.returncode == 0, clone.stderr
    assert (tmp_path / "clone" / "file").read_text() == "text"
    gate.desk.reply = DENY
    denied = run(gate, git, "clone", "-q", url, str(tmp_path / "other"), home=tmp_path)
    assert "403" in denied.stderr


def test_pip(running: Start, serve: Serve, tmp_path: Path) -> None:
    """pip installs from an index through the gate, and fails where it is denied."""
    index = tmp_path / "simple" / "nothing-here"
    index.mkdir(parents=True)
    (index / "index.html").write_text("<a href='nothing_here-1-py3-none-any.whl'>nothing_here-1-py3-none-any.whl</a>")
    (index / "nothing_here-1-py3-none-any.whl").write_bytes(_wheel())
    server, gate = serve(files(tmp_path)), running()
    pip = [sys.executable, "-m", "pip", "--isolated", "install", "--disable-pip-version-check", "--no-cache-dir"]
    pip += ["--retries=0", "--target", str(tmp_path / "out"), "--trusted-host", "pypi.example"]
    pip += ["--index-url", f"http://pypi.example:{server.port}/simple/", "nothing-here"]
    installed = run(gate, *pip, home=tmp_path)
    assert installed.returncode == 0, installed.stderr
    assert (tmp_path / "out" / "nothing_here.py").exists()
    gate.desk.reply = DENY
    assert run(gate, *pip, "--force-reinstall", home=tmp_path).returncode == 1


def _wheel() -> bytes:
    import io
    import zipfile

    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as wheel:
        wheel.writestr("nothing_here.py", "")
        wheel.writestr("nothing_here-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: nothing-here\nVersion: 1\n")
        wheel.writestr(
            "nothing_here-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("nothing_here-1.dist-info/RECORD", "nothing_here.py,,\n")
    return content.getvalue()


def test_npm(running: Start, serve: Serve, tmp_path: Path) -> None:
    """npm asks its registry through the gate."""
    npm = need("npm")
    (tmp_path / "thing").write_text(
        json.dumps({"name": "thing", "dist-tags": {"latest": "1.2.3"}, "versions": {"1.2.3": {"version": "1.2.3"}}})
    )
    server, gate = serve(files(tmp_path)), running()
    registry = f"http://npm.example:{server.port}/"
    options = (f"--registry={registry}", "--fetch-retries=0", f"--cache={tmp_path / 'cache'}")
    shown = run(gate, npm, "view", "thing", "version", *options, home=tmp_path, cwd=tmp_path)
    assert shown.stdout.strip() == "1.2.3", shown.stderr
    gate.desk.reply = DENY
    assert "403" in run(gate, npm, "view", "thing", "version", *options, home=tmp_path, cwd=tmp_path).stderr


IN_CELL = """
import array, fcntl, socket, struct, subprocess, sys, urllib.request
probe = socket.socket()
request = bytearray(struct.pack("16sh", b"lo", 0x41).ljust(40, b"\\0"))
fcntl.ioctl(probe, 0x8914, request)
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(128)
out = socket.socket(fileno=int(sys.argv[1]))
out.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [listener.fileno()]))])
proxy = f"http://127.0.0.1:{listener.getsockname()[1]}"
listener.close()
client = '''
import sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": sys.argv[1]}))
print(opener.open(sys.argv[2], timeout=20).read().decode())
'''
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[3])), timeout=2)
    print("DIRECT")
except OSError:
    pass
subprocess.run([sys.executable, "-c", client, proxy, sys.argv[2]])
"""


@pytest.fixture
def cell(serve: Serve) -> Iterator[Callable[..., tuple[str, Desk]]]:
    """Run one HTTP client in a network namespace whose only way out is the gate."""
    gates: list[NetworkGate] = []

    def start(reply: object) -> tuple[str, Desk]:
        web = serve(Web)
        ours, theirs = socket.socketpair()
        namespaces = ("--user", "--map-root-user", "--net")
        command = [need("unshare"), *namespaces, sys.executable, "-c", IN_CELL, str(theirs.fileno())]
        command += [f"http://site.example:{web.port}/in-cell", str(web.port)]
        with subprocess.Popen(
            command, pass_fds=[theirs.fileno()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            theirs.close()
            ours.settimeout(10)
            _, fds, _, _ = socket.recv_fds(ours, 1, 1)
            if not fds:
                _, errors = process.communicate(timeout=10)
                missing(f"no network namespace here: {errors.strip()}")
            desk = Desk(reply)
            gate = NetworkGate(
                {"proxy": socket.socket(fileno=fds[0])},
                resolver=lambda host, port: ("127.0.0.1",),
                chain_of=chain_behind(lambda: process.pid),
            )
            gates.append(gate)
            gate.start(desk)
            output, _ = process.communicate(timeout=30)
        ours.close()
        return output, desk

    yield start
    for gate in gates:
        gate.stop()


def test_from_a_network_namespace(cell: Callable[..., tuple[str, Desk]]) -> None:
    """A cell without a route reaches what is allowed through a listener that it passed out, and nothing directly."""
    output, desk = cell(ALLOW)
    assert "GET /in-cell HTTP/1.1" in output
    assert "DIRECT" not in output
    chain = desk.requests[0].subject.chain
    assert [process.argv[1] for process in chain] == ["-c", "-c"]
    assert "build_opener" in chain[0].argv[2]
    assert "in-cell" in chain[1].argv[-2]


def test_denied_in_a_network_namespace(cell: Callable[..., tuple[str, Desk]]) -> None:
    """A denied client in a cell gets nothing."""
    output, _ = cell(DENY)
    assert "in-cell" not in output


def test_threads_end(running: Start) -> None:
    """A stopped gate leaves no thread behind."""
    gate = running()
    gate.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    gate.gate.stop()
    wait_for(lambda: not [thread for thread in threading.enumerate() if "network-gate" in thread.name], "no threads")
