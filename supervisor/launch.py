"""Starting a session process from a command line or the picker, and hearing how its start went.

The process is its own session (setsid(2)): it survives the terminal that started it. What to run arrives on its
standard input, its answer comes on standard output: one JSON object each. It may be started early, so that its imports
are done by the time a human has picked a scope.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from supervisor.errors import HostError, SuperviseError
from supervisor.model.codec import from_json, to_json
from supervisor.policy.scope import Scope

if TYPE_CHECKING:
    from supervisor.identity.oidc.values import DevicePrompt

START_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Launch:
    """What a session runs. `argv[0]` is the agent as it was typed, `program` the absolute path behind it.

    `stdio` `pty` is a terminal of `columns` x `rows`; `pipes` hands the three descriptors given at start to the agent
    by way of the session (`--headless`). `unattended` says why nobody will answer; empty = consoles may. `forwards`
    are ports of this host's loopback that the cell may reach by the same number, beside those of the agent's adapter.
    `profile` is the AWS profile that credentials are made from, `aws_endpoint` a URL that stands in for all of AWS.
    With `vouched_by` `local` the user's identity configuration is passed over: nobody logs in.
    """

    scope: Scope
    argv: tuple[str, ...]
    program: str
    cwd: str
    environment: Mapping[str, str] = field(default_factory=dict)
    columns: int = 80
    rows: int = 24
    stdio: Literal["pty", "pipes"] = "pty"
    unattended: str = ""
    weakened: tuple[str, ...] = ()
    record: bool = True
    forwards: tuple[tuple[str, int], ...] = ()
    profile: str = ""
    aws_endpoint: str = ""
    vouched_by: Literal["configured", "local"] = "configured"


@dataclass(frozen=True, slots=True)
class Started:
    """A session that runs: its folder and the pid of its process."""

    folder: Path
    pid: int

    @property
    def control(self) -> Path:
        """Its control socket."""
        return self.folder / "control.sock"


class Launcher:
    """One session process, started when this is made. `stdio` are descriptors for an agent without a terminal."""

    def __init__(self, *, stdio: Sequence[int] = ()) -> None:
        command = [sys.executable, "-P", "-m", "supervisor.session_process", *map(str, stdio)]
        debug = bool(os.environ.get("AGENT_SUPERVISE_DEBUG"))
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if debug else subprocess.DEVNULL,
            pass_fds=tuple(stdio),
            start_new_session=True,
            cwd="/",
        )

    def start(self, launch: Launch, *, show_login: Callable[[DevicePrompt], None] | None = None) -> Started:
        """Start the session; returns when its console may attach. Raises what the session process raised.

        Where a human must log in first, `show_login` gets what is to be done: with a code at another device, else in a
        browser here.
        """
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps(to_json(launch)).encode() + b"\n")
            process.stdin.flush()
            answer = self._said()
            while "login" in answer:
                _show(answer["login"], show_login)
                answer = self._said()
        except (OSError, ValueError) as error:
            raise _gone(str(error)) from error
        if "folder" in answer:
            return Started(Path(answer["folder"]), process.pid)
        if "what" in answer:
            process.wait(timeout=START_SECONDS)
            raise SuperviseError(answer["what"], where=answer.get("where", ""), fix=answer.get("fix", ""))
        raise _gone("it said nothing")

    def _said(self) -> dict[str, Any]:
        """The next line of the session process; empty where it has gone."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {}
        return answer

    def wait(self) -> int:
        """Wait until the session process has ended; its exit code is the agent's."""
        return self._process.wait()

    def release(self) -> None:
        """Let go of the process: one without a console ends with the command line that started it."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()

    def cancel(self) -> None:
        """End a session process that was not needed."""
        self.release()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def launch(what: Launch) -> Path:
    """Start a session for consoles to attach to; returns its folder. Raises `SuperviseError`."""
    return Launcher().start(what).folder


def _show(login: object, show_login: Callable[[DevicePrompt], None] | None) -> None:
    from supervisor.identity.oidc.values import DevicePrompt

    if show_login is None:
        raise HostError("somebody must log in, and there is nobody to ask", fix="start it from a terminal")
    show_login(from_json(DevicePrompt, login))


def _gone(why: str) -> HostError:
    return HostError(
        f"the session process ended before it had started anything: {why}",
        fix="run `agent-supervise doctor`; AGENT_SUPERVISE_DEBUG=1 shows what it prints",
    )
