"""Starts a cell from its plan, and is the session's hold on it while it runs."""

from __future__ import annotations

import array
import contextlib
import marshal
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from fcntl import ioctl
from pathlib import Path
from typing import Literal

from supervisor.cell.door import Door
from supervisor.cell.granted import Request, Showing, request_of
from supervisor.cell.placeholders import Made
from supervisor.cell.plan import CellPlan
from supervisor.cell.trials import LET_RUN
from supervisor.cell.wayout import way_out
from supervisor.errors import HostError

_PACKAGE = Path(__file__).resolve().parents[2]
_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from supervisor.cell.inside import main; main()"
_START_SECONDS = 20.0
_END_SECONDS = 10.0
_LAST_SECONDS = 1.0
_GRANT_SECONDS = 5.0
_LENT_BASE = 0x7FFF0000
"""User ids above every range that systemd, distributions or container tools hand out (systemd's UIDS-GIDS)."""
_MESSAGE_BYTES = 16384
_MOST_DESCRIPTORS = 64
_FEATURES = {"namespaces": "user namespace", "mounts": "mount namespace"}
"""What `wayout` calls the parts of a host that PID 1 or its builder could not have."""
KILLED = 128 + signal.SIGKILL


class Cell:
    """A cell that is ready or at work. Every descriptor here is the cell's own and closed by `close`.

    `pid` is the cell's PID 1 as this process sees it, `notify_fd` the exec gate's seccomp listener. With a PTY, `pty`
    is its master; with pipes, `stdin`, `stdout` and `stderr` are our ends. `listeners` are bound inside: what connects
    to them comes from the cell. `door`, if there is one, leads to what listens inside.
    """

    def __init__(
        self,
        builder: subprocess.Popen[bytes],
        control: socket.socket,
        made: Made,
        pid: int,
        descriptors: list[int],
        plan: CellPlan,
        stdio: Literal["pty", "pipes"],
        exec_gate: bool,
        door: bool,
        grants: socket.socket,
    ) -> None:
        self._builder, self._control, self._made = builder, control, made
        self._grants = grants
        grants.settimeout(_GRANT_SECONDS)
        self.pid = pid
        self._hold = os.pidfd_open(pid)
        rest = iter(descriptors)
        self.pty = self.stdin = self.stdout = self.stderr = -1
        if stdio == "pty":
            self.pty = next(rest)
        else:
            self.stdin, self.stdout, self.stderr = next(rest), next(rest), next(rest)
        self.listeners = {name: socket.socket(fileno=next(rest)) for name, _ in plan.ports}
        self.door = Door(next(rest)) if door else None
        self.notify_fd = next(rest) if exec_gate else None
        self.trials = socket.socket(fileno=next(rest))
        """Leads to PID 1, which tries on request what the gates must not let happen (`trials`)."""
        self.trials.setblocking(False)
        self._exit: int | None = None
        self.start_error = 0
        """The errno with which the agent's own program could not be started; 0 if it could."""

    @property
    def exit_fd(self) -> int:
        """Becomes readable when the agent has ended (or the cell died); then `wait` returns at once or nearly so."""
        return self._control.fileno()

    def go(self) -> None:
        """Start the agent; its first exec meets the gate. Raises `HostError` if the cell is gone."""
        try:
            self._control.send(b"go")
        except OSError as error:
            raise HostError("the cell ended before the agent could start", where="cell") from error

    def resize(self, columns: int, rows: int) -> None:
        """Tell the terminal's size; the agent gets SIGWINCH."""
        ioctl(self.pty, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def wait(self, timeout: float | None = None) -> int:
        """The agent's exit code (128 + signal if one killed it) once nothing of the cell runs any more.

        Raises `TimeoutError` after `timeout` seconds.
        """
        if self._exit is not None:
            return self._exit
        ready, _, _ = select.select([self._control], [], [], timeout)
        if not ready:
            raise TimeoutError("the agent still runs")
        code = KILLED
        with contextlib.suppress(ConnectionError):
            words = self._control.recv(_MESSAGE_BYTES).split()
            if len(words) == 3 and words[0] == b"exit" and words[1].isdigit() and words[2].isdigit():
                code, self.start_error = int(words[1]), int(words[2])
        self._end()
        self._exit = code
        return code

    @property
    def let_run(self) -> bool:
        """Whether the cell ended because a program start that had to be refused was not. Known after `wait`."""
        return self._builder.returncode == LET_RUN

    def kill(self) -> None:
        """Everything in the cell dies; `wait` then returns 137 unless the agent had ended before. From any thread."""
        if self._hold < 0:
            return
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._hold, signal.SIGKILL)

    def show(self, grant: str, shown: Showing) -> None:
        """Show a path in the cell until `unshow` of the same grant. Raises `HostError`; then it is not shown."""
        self._grant(request_of(grant, shown), shown.path)

    def unshow(self, grant: str) -> int:
        """Take away what was shown for a grant; returns how many programs were ended because they still wrote there.

        Raises `HostError`; then it may still be there.
        """
        return self._grant(("end", grant), grant)

    def _grant(self, request: Request | tuple[str, str], where: str) -> int:
        try:
            self._grants.send(marshal.dumps(request))
            verb, name, *what = marshal.loads(self._grants.recv(_MESSAGE_BYTES))
        except (OSError, EOFError, ValueError) as error:
            raise HostError(f"the cell does not answer: {error}", where=where) from error
        if verb != "done" or name != request[1]:
            raise HostError(
                f"the cell cannot do it: {what[0] if what else 'it says what is not understood'}", where=where
            )
        return int(what[0]) if what else 0

    def _end(self) -> None:
        """PID 1 may have died alone by a signal: the kernel has then killed all others; wait until they are gone."""
        # One that became a trial's program (`let_run`) has let go of its socket and is just about to end.
        select.select([self._hold], [], [], _LAST_SECONDS)
        self.kill()
        try:
            self._builder.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._builder.kill()
            self._builder.wait()
        self._made.remove()

    def close(self) -> None:
        """End the cell if it runs, and let go of every descriptor."""
        if self._hold < 0:
            return
        if self._exit is None:
            self.kill()
            self.wait()
        for number in (self.pty, self.stdin, self.stdout, self.stderr, self.notify_fd, self._hold):
            if number is not None and number >= 0:
                with contextlib.suppress(OSError):
                    os.close(number)
        self._hold = -1
        for listener in self.listeners.values():
            listener.close()
        if self.door is not None:
            self.door.close()
        self.trials.close()
        self._control.close()
        self._grants.close()

    def __enter__(self) -> Cell:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def start_cell(
    plan: CellPlan,
    argv: Sequence[str],
    *,
    columns: int,
    rows: int,
    stdio: Literal["pty", "pipes"] = "pty",
    exec_gate: bool = True,
    door: bool = False,
    program: str = "",
) -> Cell:
    """Build the cell that `plan` describes; the agent `argv` waits in it for `go`. Raises `HostError`.

    With a `door` the session can connect to what listens in the cell. `argv[0]` is an absolute path (or `program` is),
    because the search along PATH is the caller's.
    """
    if sys.platform != "linux":
        raise HostError(
            "an agent is confined by means that only Linux has",
            where=sys.platform,
            fix="run it in a Linux virtual machine or container",
        )
    file = program or argv[0]
    if not file.startswith("/"):
        raise HostError("a cell's program is given by its absolute path", where=file)
    made = Made(plan.placeholders)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    grants, granting = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    builder: subprocess.Popen[bytes] | None = None
    received: list[int] = []
    try:
        with theirs, granting:
            numbers = (theirs.fileno(), granting.fileno())
            words = [sys.executable, "-I", "-S", "-c", _START, str(_PACKAGE), *map(str, numbers)]
            builder = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=numbers,
                env={"LC_ALL": "C.UTF-8"},
                cwd="/",
                start_new_session=True,
            )
        assert builder.stdin is not None
        with contextlib.suppress(BrokenPipeError), builder.stdin:
            builder.stdin.write(marshal.dumps(_plain(plan, file, argv, (columns, rows), stdio, exec_gate, door)))
        deadline = time.monotonic() + _START_SECONDS
        pid = 0
        while True:
            words_got, received = _receive(ours, deadline)
            if words_got[0] == b"pid" and len(words_got) == 2:
                pid = int(words_got[1])
            elif words_got[0] == b"ready" and pid:
                cell = Cell(builder, ours, made, pid, received, plan, stdio, exec_gate, door, grants)
                received = []
                return cell
            else:
                raise HostError("the cell's first process said what is not understood", where="cell")
    except BaseException:
        for number in received:
            os.close(number)
        ours.close()
        grants.close()
        if builder is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                builder.wait(1)
            builder.kill()
            builder.wait()
        made.remove()
        raise


def _receive(control: socket.socket, deadline: float) -> tuple[list[bytes], list[int]]:
    control.settimeout(max(deadline - time.monotonic(), 0.01))
    rights = array.array("i")
    try:
        data, ancillary, flags, _ = control.recvmsg(
            _MESSAGE_BYTES, socket.CMSG_SPACE(_MOST_DESCRIPTORS * rights.itemsize), socket.MSG_CMSG_CLOEXEC
        )
    except TimeoutError as error:
        raise HostError(
            f"the cell was not ready within {_START_SECONDS:.0f} seconds",
            where="cell",
            fix="try again; is this host busy?",
        ) from error
    except ConnectionError:
        data, ancillary, flags = b"", [], 0
    finally:
        control.settimeout(None)
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            rights.frombytes(payload[: len(payload) - len(payload) % rights.itemsize])
    if data.startswith(b"error\0") and not rights:
        what, where, fix = (*data.decode("utf-8", "surrogateescape").split("\0")[1:], "", "", "")[:3]
        if feature := _FEATURES.get(where):
            fix = f"{way_out(feature)}; `agent-supervise doctor` tries out everything"
        raise HostError(what, where=where, fix=fix)
    if not data or flags & socket.MSG_CTRUNC:
        for number in rights:
            os.close(number)
        raise HostError(
            "the cell's first process died before the cell was ready", where="cell", fix="see `agent-supervise doctor`"
        )
    return data.split(), list(rights)


def _plain(
    plan: CellPlan, file: str, argv: Sequence[str], size: tuple[int, int], stdio: str, exec_gate: bool, door: bool
) -> dict[str, object]:
    """The plan as `inside.Plain` reads it."""
    umask = os.umask(0o077)
    os.umask(umask)
    lent = _LENT_BASE + (os.getpid() & 0x7FFF)
    return {
        "entries": [
            (m.kind, m.target, m.source, m.writable, m.devices, m.mode, m.size, m.data, m.owner) for m in plan.mounts
        ],
        "inside": plan.inside,
        "lent": (lent, lent) if plan.as_root else None,
        "owners": sorted({m.owner for m in plan.mounts if m.owner is not None}),
        "ports": [port for _, port in plan.ports],
        "hostname": os.uname().nodename,
        "program": file,
        "argv": list(argv),
        "environment": list(plan.environment),
        "cwd": plan.cwd,
        "umask": umask,
        "size": size,
        "stdio": stdio,
        "limits": plan.limits.rlimits(),
        "gate": exec_gate,
        "door": door,
        "guarded": [(m.target, m.kind) for m in plan.mounts if m.guarded],
    }
