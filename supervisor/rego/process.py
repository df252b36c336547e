"""Our end of the process that works conditions out: started, asked with a deadline, killed when it is late."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from supervisor.policy.rego_engine import decoded, encoded
from supervisor.rego.wire import Closed, Late, receive, send

START_SECONDS: Final = 30.0
_ENVIRONMENT: Final = ("HOME", "PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Modules:
    """What is to be compiled: (name, text), the rules that will be asked for, and the functions that are called."""

    modules: tuple[tuple[str, str], ...]
    entries: tuple[str, ...]
    calls: tuple[str, ...] = ()


class Refused(Exception):
    """The modules do not compile. `text` is what the engine says, `unknown` the functions that it does not have."""

    def __init__(self, text: str, unknown: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.text, self.unknown = text, tuple(unknown)


class RegoProcess:
    """One process. Not to be shared between threads."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._link, theirs = socket.socketpair()
        try:
            # -P: nothing is ever imported from the folder that the agent works in.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "supervisor.rego.worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=None if os.environ.get("AGENT_SUPERVISE_DEBUG") else subprocess.DEVNULL,
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                cwd="/",
                start_new_session=True,
            )
        except OSError:
            self._link.close()
            raise
        finally:
            theirs.close()
        self._ready = False
        self.pid = self._process.pid
        start = {"modules": modules.modules, "entries": modules.entries, "calls": modules.calls}
        self._link.settimeout(START_SECONDS)
        try:
            send(self._link, json.dumps(start, ensure_ascii=False))
        except (Late, Closed):
            self.kill()
            raise

    def wait(self, until: float) -> None:
        """Until the modules are compiled, or the monotonic moment `until`. Raises `Refused`, `Late`, `Closed`."""
        if self._ready:
            return
        reply = json.loads(receive(self._link, until))
        if "refused" in reply:
            raise Refused(str(reply["refused"]))
        if reply["unknown"]:
            raise Refused("", reply["unknown"])
        self._ready = True

    def ask(self, document: str, seconds: float) -> list[dict[str, Any]]:
        """What each entry answers to an input, both JSON.

        Raises `Late` and `Closed`, after which this process is of no use, and `Unreadable` for an input that holds
        what the engine cannot be given.
        """
        made = encoded(document)
        until = time.monotonic() + seconds
        send(self._link, made)
        reply: list[dict[str, Any]] = json.loads(receive(self._link, until))
        if len(reply) != len(self._modules.entries):
            raise Closed
        return [decoded(one) for one in reply]

    def kill(self) -> None:
        """End it now, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._link.close()
