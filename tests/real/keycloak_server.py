"""A real Keycloak on loopback: the distribution from Maven Central, kept in the user's cache, started in dev mode."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from tests.parts import missing, need

VERSION = "26.7.3"
ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
DOWNLOAD_SECONDS, START_SECONDS, END_SECONDS = 900, 600, 60
ADMIN = "admin"
PATIENCE = 240.0
"""Seconds for one answer: a machine with other work is slower than any server in use."""
_opener = build_opener(ProxyHandler({}))


@dataclass
class Keycloak:
    """A running server. `password` is the admin's."""

    url: str
    home: Path
    password: str
    process: subprocess.Popen[bytes]
    command: list[str]
    environment: dict[str, str]

    def issuer(self, realm: str) -> str:
        """The issuer of a realm."""
        return f"{self.url}/realms/{realm}"

    def admin(self, method: str, path: str, body: object = None) -> Any:
        """The admin's REST API; the path begins after `/admin`."""
        form = {"grant_type": "password", "client_id": "admin-cli", "username": ADMIN, "password": self.password}
        token = post(self.issuer("master") + "/protocol/openid-connect/token", form)["access_token"]
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        with _opener.open(Request(f"{self.url}/admin{path}", data, headers, method=method), timeout=PATIENCE) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def answers(self) -> bool:
        """Whether it is there."""
        with contextlib.suppress(OSError), _opener.open(self.url + "/realms/master", timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    def start(self) -> None:
        """Start it, and wait until it answers."""
        log = (self.home / "log").open("ab")
        self.process = subprocess.Popen(
            self.command, env=self.environment, cwd=self.home, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        log.close()
        if not until(lambda: self.answers() or self.process.poll() is not None, START_SECONDS):
            self.stop()
            missing(f"Keycloak was not there within {START_SECONDS} s")
        if self.process.poll() is not None:
            missing(f"Keycloak did not start: {(self.home / 'log').read_text()[-1500:]}")

    def stop(self) -> None:
        """End it, by its pid: kc.sh passes the signal on to its Java."""
        if self.process.poll() is None:
            self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(END_SECONDS)
        # Its own process group, of which nobody else is a member.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(END_SECONDS)


def post(url: str, form: dict[str, str]) -> Any:
    """A form for JSON."""
    with _opener.open(Request(url, urlencode(form).encode()), timeout=PATIENCE) as answer:
        return json.loads(answer.read())


def until(true: Callable[[], bool], seconds: float) -> bool:
    """Whether it becomes true in time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def distribution() -> Path:
    """The unpacked server, prepared once for dev mode; shared by all runs of this user."""
    for program in ("mvn", "java"):
        need(program)
    base = os.environ.get("XDG_CACHE_HOME", "")
    cache = (Path(base) if base.startswith("/") else Path.home() / ".cache") / "agent-supervise-tests"
    cache.mkdir(parents=True, exist_ok=True)
    home = cache / f"keycloak-{VERSION}"
    with (cache / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / ".prepared").exists():
            shutil.rmtree(home, ignore_errors=True)
            _unpack(_archive(cache), cache)
            with _started(home, {}):
                pass
            shutil.rmtree(home / "data", ignore_errors=True)
            (home / "log").unlink()
            (home / ".prepared").touch()
    return home


def _archive(cache: Path) -> Path:
    archive = cache / f"keycloak-quarkus-dist-{VERSION}.zip"
    if archive.exists() and zipfile.is_zipfile(archive):
        return archive
    command = ["mvn", "-q", "-B", COPY, f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={cache}"]
    try:
        done = subprocess.run(command, cwd=cache, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS)
    except subprocess.TimeoutExpired:
        missing(f"Maven did not bring {ARTIFACT} in {DOWNLOAD_SECONDS} s")
    if done.returncode or not archive.exists():
        missing(f"Maven could not bring {ARTIFACT}: {(done.stdout + done.stderr)[-500:]}")
    return archive


def _unpack(archive: Path, cache: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(cache)
    for script in (cache / f"keycloak-{VERSION}" / "bin").glob("*.sh"):
        script.chmod(0o755)


@contextmanager
def running(folder: Path, realms: dict[str, dict[str, Any]]) -> Iterator[Keycloak]:
    """A server of one's own below `folder`, with these realms imported at its start."""
    home = folder / "keycloak"
    shutil.copytree(distribution(), home, copy_function=_link, symlinks=True)
    with _started(home, realms) as server:
        yield server


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


@contextmanager
def _started(home: Path, realms: dict[str, dict[str, Any]]) -> Iterator[Keycloak]:
    imported = home / "data" / "import"
    imported.mkdir(parents=True)
    for name, realm in realms.items():
        (imported / f"{name}-realm.json").write_text(json.dumps(realm))
    port, health, password = free_port(), free_port(), secrets.token_urlsafe(16)
    command = [
        str(home / "bin" / "kc.sh"), "start-dev", "--import-realm", "--http-host=127.0.0.1", f"--http-port={port}",
        f"--http-management-port={health}",
    ]  # fmt: skip
    environment = os.environ | {
        "KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN, "KC_BOOTSTRAP_ADMIN_PASSWORD": password,
        "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m",
    }  # fmt: skip
    server = Keycloak(f"http://127.0.0.1:{port}", home, password, subprocess.Popen(["true"]), command, environment)
    server.process.wait()
    try:
        server.start()
        yield server
    finally:
        server.stop()


def free_port() -> int:
    """A port of loopback that nobody has now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port
