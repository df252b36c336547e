"""A real OPA server on loopback: built once by Go from its module, kept in the user's cache, ended by its pid."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

from tests.parts import missing, need

VERSION = "1.22.3"
MODULE = f"github.com/open-policy-agent/opa@v{VERSION}"
BUILD_SECONDS, START_SECONDS, END_SECONDS, PATIENCE = 1800, 60, 30, 60
AUTHZ = """package system.authz

default allow := false

allow if input.identity == "TOKEN"
"""
_opener = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class OpaProcess:
    """A running server that wants `token` from whoever asks."""

    url: str
    token: str
    pid: int

    def put(self, name: str, text: str) -> None:
        """Give it a module."""
        self._call("PUT", f"/v1/policies/{name}", text.encode(), {"Content-Type": "text/plain"})

    def document(self, package: str) -> str:
        """The URL of a package's decision."""
        return f"{self.url}/v1/data/{package.replace('.', '/')}/decision"

    def _call(self, method: str, path: str, data: bytes, headers: dict[str, str]) -> Any:
        request = Request(self.url + path, data, {**headers, "Authorization": f"Bearer {self.token}"}, method=method)
        with _opener.open(request, timeout=PATIENCE) as answer:
            return json.loads(answer.read() or b"{}")


def opa_program() -> Path:
    """The program; built where it is not there yet."""
    go = need("go")
    base = os.environ.get("XDG_CACHE_HOME", "")
    cache = (Path(base) if base.startswith("/") else Path.home() / ".cache") / "agent-supervise-tests"
    home = cache / f"opa-{VERSION}"
    home.mkdir(parents=True, exist_ok=True)
    program = home / "opa"
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            made = home / "build"
            environment = {**os.environ, "GOBIN": str(made), "GOFLAGS": "-p=1", "CGO_ENABLED": "0"}
            try:
                done = subprocess.run(
                    [go, "install", MODULE], env=environment, capture_output=True, text=True, timeout=BUILD_SECONDS
                )
            except subprocess.TimeoutExpired:
                missing(f"go did not build OPA in {BUILD_SECONDS} s")
            if done.returncode:
                missing(f"go could not build OPA: {done.stderr[-500:]}")
            (made / "opa").rename(program)
            shutil.rmtree(made)
    return program


@contextmanager
def opa_running(folder: Path, certificate: tuple[Path, Path] | None = None) -> Iterator[OpaProcess]:
    """A server of its own in `folder`, over TLS where there is a (certificate, key)."""
    token = secrets.token_urlsafe(24)
    (folder / "authz.rego").write_text(AUTHZ.replace("TOKEN", token))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(opa_program()), "run", "--server", f"--addr=127.0.0.1:{port}", "--disable-telemetry"]
    command += ["--authentication=token", "--authorization=basic", "--log-level=error", str(folder / "authz.rego")]
    if certificate is not None:
        command += [f"--tls-cert-file={certificate[0]}", f"--tls-private-key-file={certificate[1]}"]
    with (folder / "opa.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_bare())
    try:
        _await(port, process, folder / "opa.log")
        scheme = "http" if certificate is None else "https"
        yield OpaProcess(f"{scheme}://127.0.0.1:{port}", token, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _bare() -> Mapping[str, str]:
    return {"PATH": os.defpath, "HOME": "/nonexistent"}


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        with socket.socket() as link:
            if link.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise URLError(f"OPA did not start: {log.read_text()[-500:]}")
