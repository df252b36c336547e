"""The demo's AWS: an embedded moto in a process of its own, from its start to its end.

It answers on loopback only and does what it is told, without a question: what keeps production alive in the demo is
the session alone, and what is left is asked from it at the end. Its port listens before it is there, so nobody waits
for it who does not call it yet.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from supervisor.demo.estate import SNAPSHOTS
from supervisor.errors import HostError, UsageError

PARTS: Final = ("moto", "flask", "flask_cors", "werkzeug")
"""Modules of the extra `demo`."""
BACKLOG: Final = 128
END_SECONDS: Final = 5.0
LEFT: Final = b"left\n"
"""What the process is asked on its standard input; it answers with a line of JSON, and ends when the input does."""


@dataclass(frozen=True, slots=True)
class Left:
    """What a cloud holds: the database and its snapshots, how many of the estate's resources, and files of buckets."""

    database: bool = False
    snapshots: int = 0
    resources: int = 0
    uploads: int = 0
    site_files: int = 0
    invalidations: int = 0

    @property
    def production_lives(self) -> bool:
        """Whether the database, its snapshots and what its users uploaded are there."""
        return self.database and self.snapshots == SNAPSHOTS and self.uploads > 0


class EmbeddedAws:
    """An AWS on 127.0.0.1 from when it is made to `stop()`; `seeded` with the estate, or empty.

    Raises `UsageError` where the extra is not installed.
    """

    def __init__(self, *, seeded: bool = True) -> None:
        if lacking := [name for name in PARTS if importlib.util.find_spec(name) is None]:
            raise UsageError(
                f"the embedded AWS needs {', '.join(lacking)}, which is not installed",
                fix="pip install 'agent-supervise[demo]'",
            )
        with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listener:
            self.port = int(listener.getsockname()[1])
            number = listener.fileno()
            command = [sys.executable, "-P", "-m", "supervisor.demo.cloud_process", str(number)]
            self._process = subprocess.Popen(
                [*command, *(["--empty"] if not seeded else [])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=None if os.environ.get("AGENT_SUPERVISE_DEBUG") else subprocess.DEVNULL,
                pass_fds=(number,),
                env=quiet_environment(os.environ),
                start_new_session=True,  # Ctrl-C in the terminal must not take away what is asked at the end
            )

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def left(self) -> Left:
        """What it holds now. Raises `HostError` when it is not there any more."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(LEFT)
            self._process.stdin.flush()
            line = self._process.stdout.readline()
            return Left(**json.loads(line))
        except (OSError, ValueError, TypeError) as error:
            raise HostError(
                "the embedded AWS has ended before it could be asked what is left",
                fix="run it again with AGENT_SUPERVISE_DEBUG=1, which shows what it prints",
            ) from error

    def stop(self) -> None:
        """Answer no more."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()
        try:
            self._process.wait(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def embedded_aws(*, seeded: bool = True) -> Iterator[EmbeddedAws]:
    """An AWS for the length of a block. Raises `UsageError` where the extra is not installed."""
    cloud = EmbeddedAws(seeded=seeded)
    try:
        yield cloud
    finally:
        cloud.stop()


def without_aws(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without any setting of AWS's tools: neither keys nor profiles of a real account."""
    return {name: value for name, value in environment.items() if not name.startswith(("AWS_", "BOTO_"))} | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def quiet_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which moto and its own client use nothing of the developer's, and go by no proxy."""
    kept = without_aws(environment)
    return {
        name: value
        for name, value in kept.items()
        if not name.startswith("MOTO_") and not name.lower().endswith("_proxy")
    }
