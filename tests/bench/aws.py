"""What the aws gate adds to calls and costs in throughput: a client in a session, beside the same client without one.

Both speak to one cloud that does nothing; a third client goes through mitmproxy in reverse mode, where it can be had.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ROUNDS, SMALL, MANY, LARGE = 5, 300, 40, 256 << 20
SECONDS = 120
SCOPE = f"""scope: bench
task: Measure cloud calls
aws:
  rules:
    - allow: ["dynamodb:ListTables"]
    - allow: ["s3:GetObject", "s3:PutObject"]
      on: ["arn:aws:s3:::bench/*"]
  otherwise: deny
commands: {{otherwise: allow}}
files: {{read: ["{ROOT}"]}}
network: {{otherwise: deny}}
"""
PROXY = "mitmproxy>=11,<12"


class Client:
    """A measuring client in a process of its own."""

    def __init__(self, words: list[str], folder: Path, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            words, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._line() == "ready\n"

    def time(self, what: str, number: int) -> list[float]:
        """Seconds, as the client says."""
        assert self.process.stdin
        self.process.stdin.write(f"{what} {number}\n")
        self.process.stdin.flush()
        return json.loads(self._line())  # type: ignore[no-any-return]

    def _line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline()

    def end(self) -> None:
        """Let it end by itself."""
        self.process.communicate(timeout=SECONDS)


def run() -> dict[str, Any]:
    """Median seconds of each way, taking turns, and ratios."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        top = Path(folder)
        cloud = stack.enter_context(_cloud())
        clients = {"gate": _supervised(top, cloud), "direct": _plain(top, cloud)}
        if proxy := stack.enter_context(_proxy(cloud)):
            clients["mitmproxy"] = _plain(top, proxy)
        figures = _figures(clients)
        figures["peak_rss_mb"] = _peak_rss(top)
        for client in clients.values():
            client.end()
    return figures


def _figures(clients: dict[str, Client]) -> dict[str, Any]:
    taken: dict[str, dict[str, list[float]]] = {what: {way: [] for way in clients} for what in _NUMBERS}
    for way in clients.values():
        way.time("small", 20)
    for _ in range(ROUNDS):
        for what, number in _NUMBERS.items():
            for way, client in clients.items():
                taken[what][way] += client.time(what, number)
    figures: dict[str, Any] = {"rounds": ROUNDS}
    for what, ways in taken.items():
        median = {way: statistics.median(seconds) for way, seconds in ways.items()}
        about: dict[str, Any] = {f"{way}_ms": round(1000 * seconds, 3) for way, seconds in median.items()}
        for way in median:
            if way != "direct":
                if what == "small":
                    about[f"{way}_added_ms"] = round(1000 * (median[way] - median["direct"]), 3)
                else:
                    about[f"{way}_of_direct"] = round(median["direct"] / median[way], 3)
        figures[what] = about
    figures["small"]["target_added_ms"] = 1.0
    figures["put"]["target_of_direct"], figures["get"]["target_of_direct"] = 0.4, 0.6
    return figures


_NUMBERS = {"small": SMALL, "many": MANY, "put": LARGE, "get": LARGE}


def _supervised(top: Path, cloud: int) -> Client:
    workspace = top / "project"
    workspace.mkdir()
    (top / "bench.yaml").write_text(SCOPE)
    environment = os.environ | {"XDG_STATE_HOME": str(top / "state"), "AWS_REGION": "us-east-1"}
    words = [sys.executable, "-m", "supervisor.cli", "--headless", "--scope", str(top / "bench.yaml")]
    words += ["--aws-endpoint", f"http://127.0.0.1:{cloud}", *_words()]
    return Client(words, workspace, {**environment, "PYTHONPATH": str(ROOT)})


def _plain(top: Path, port: int) -> Client:
    keys = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": "us-east-1"}
    return Client(_words(), top, {**os.environ, **keys, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"})


def _words() -> list[str]:
    return ["/usr/bin/python3", str(ROOT / "tests/bench/aws_client.py"), str(ROOT)]


@contextmanager
def _cloud() -> Iterator[int]:
    words = [sys.executable, str(ROOT / "tests/bench/aws_cloud.py")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


@contextmanager
def _proxy(cloud: int) -> Iterator[int]:
    """The port of a mitmproxy in front of the cloud, 0 where it cannot be installed."""
    place = ROOT / ".cache" / "bench" / "mitmproxy"
    program = place / "bin" / "mitmdump"
    if not program.exists():
        venv.create(place, with_pip=True)
        installed = subprocess.run([place / "bin/pip", "install", "--quiet", PROXY], check=False, timeout=600)
        if installed.returncode or not program.exists():
            print(f"aws: {PROXY} cannot be installed, so it is left out", file=sys.stderr)
            yield 0
            return
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    options = ["--set", "stream_large_bodies=1m", "--set", f"confdir={place}/conf", "--quiet"]
    words = [str(program), "--mode", f"reverse:http://127.0.0.1:{cloud}", "--listen-port", str(port), *options]
    with subprocess.Popen([*words, "--listen-host", "127.0.0.1"]) as process:
        try:
            deadline = time.monotonic() + SECONDS
            while time.monotonic() < deadline:
                with socket.socket() as tried:
                    if tried.connect_ex(("127.0.0.1", port)) == 0:
                        break
            yield port
        finally:
            process.terminate()


def _peak_rss(top: Path) -> float:
    """Megabytes that the session process held at most (proc_pid_status(5), VmHWM)."""
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            words = (status.parent / "cmdline").read_bytes()
            environment = (status.parent / "environ").read_bytes()
            if b"supervisor.session_process" in words and str(top).encode() in environment:
                lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
                return round(int(lines["VmHWM"].split()[0]) / 1024, 1)
        except (OSError, KeyError, ValueError):
            continue
    return 0.0
