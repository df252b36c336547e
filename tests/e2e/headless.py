"""A supervised session without a console, as a script would start one."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

SECONDS = 30.0
COMMAND = [sys.executable, "-m", "supervisor.cli"]
ROOT = Path(__file__).resolve().parents[2]

SCOPE = """\
scope: trial
task: Try what a scope holds
commands:
  rules:
    - deny: [terraform destroy]
      because: nothing in this task destroys infrastructure
    - ask: [git push]
  otherwise: allow
network:
  rules: [{allow: ["127.0.0.1:${port}"]}]
  otherwise: deny
files:
  read: ["${tools}"]
parameters:
  port: {ask: The port that may be reached, default: "9"}
  tools: {ask: Where the tools lie}
approvals: {wait: 30s}
"""

TERRAFORM = '#!/bin/sh\necho ran terraform "$@"\n'


@contextmanager
def folder_fd(folder: Path) -> Iterator[int]:
    """A folder's descriptor."""
    number = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield number
    finally:
        os.close(number)


@dataclass
class Desk:
    """A home, a workspace in it, a folder of tools beside it, and sessions of their own."""

    base: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home, self.tools = self.base / "home", self.base / "tools"
        self.work = self.home / "work"
        self.work.mkdir(parents=True)
        self.tools.mkdir()
        (self.tools / "terraform").write_text(TERRAFORM)
        (self.tools / "terraform").chmod(0o755)
        self.scope = self.base / "trial.yaml"
        self.scope.write_text(SCOPE)
        self.environment = {
            "PATH": f"{self.tools}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.base / "state"),
            "PYTHONPATH": str(ROOT),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "AWS_SECRET_ACCESS_KEY": "PLANTED-SECRET",
        }

    @property
    def options(self) -> list[str]:
        """The scope of these tests."""
        return ["--scope", str(self.scope), "--set", f"tools={self.tools}"]

    def run(
        self,
        *agent: str,
        options: tuple[str, ...] = (),
        stdin: str = "",
        scope: bool = True,
        seconds: float = SECONDS,
    ) -> subprocess.CompletedProcess[str]:
        """A whole session."""
        words = [*COMMAND, "--headless", *(self.options if scope else []), *options, *agent]
        return subprocess.run(
            words, cwd=self.work, env=self.environment, input=stdin, capture_output=True, text=True, timeout=seconds
        )

    def shell(self, text: str) -> subprocess.CompletedProcess[str]:
        """A session of a shell that runs `text` from a file, so that nothing of it is seen before it runs."""
        (self.work / "task.sh").write_text(text)
        return self.run("bash", "task.sh")

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Another command of the product."""
        return subprocess.run(
            [*COMMAND, *words], cwd=self.work, env=self.environment, capture_output=True, text=True, timeout=SECONDS
        )

    @property
    def sessions(self) -> list[Path]:
        """The sessions' folders, oldest first."""
        return sorted((self.base / "state/agent-supervise/sessions").glob("*"))

    def end(self) -> None:
        """End the sessions that still run, by the process id behind their control socket."""
        for folder in self.sessions:
            with socket.socket(socket.AF_UNIX) as control, folder_fd(folder) as number:
                # By descriptor: the path of a socket may have 107 bytes, and test folders are longer (unix(7)).
                if control.connect_ex(f"/proc/self/fd/{number}/control.sock"):
                    continue
                pid, _, _ = struct.unpack("3i", control.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            os.kill(pid, signal.SIGTERM)
