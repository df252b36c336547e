"""The cell's builder: makes its namespaces from outside of them, stays as PID 1's parent, and guards its files.

Run as a fresh interpreter by `start`, with the plan (marshalled) on standard input and the control socket's descriptor
as its argument. It says `pid N` there, or `error`.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _socket
import errno
import marshal
import os
import sys

from supervisor.cell import kernel
from supervisor.cell.first import First, Plain, begin, filter_of, report
from supervisor.cell.granted_mounts import GrantedMounts, HostMounts
from supervisor.cell.guard import Guard
from supervisor.cell.trials import LET_RUN
from supervisor.errors import HostError

_SPACES = kernel.CLONE_NEWPID | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS | kernel.CLONE_NEWCGROUP
_NO_USER_NAMESPACE = "allow user namespaces for this user; `agent-supervise doctor` says what forbids them"
_FIRST = "import sys; sys.path.insert(0, sys.argv.pop(1)); from supervisor.cell.first import main; main()"
_OOM_SCORE = 500
"""Half of all memory more than it takes: any program of a cell goes before one outside that takes less than that."""
_PACKAGE = sys.path[0]
"""The package's folder, as `start` gave it."""


def main() -> None:
    """Build a cell and stay as its parent; never returns."""
    control = _socket.socket(fileno=int(sys.argv[1]))
    grants = _socket.socket(fileno=int(sys.argv[2]))
    for inherited in (control, grants):
        os.set_inheritable(inherited.fileno(), False)
    code = 1
    try:
        code = _build(sys.stdin.buffer.read(), control, grants)
    except BaseException as error:
        report(control, error)
    os._exit(code)


def _build(data: bytes, control: _socket.socket, grants: _socket.socket) -> int:
    plan = Plain(marshal.loads(data))
    _die_with(os.getppid())
    _first_to_go()
    id_maps = _enter(plan)
    life, keep = os.pipe()
    wanted, wish = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(keep)
        os.close(wanted)
        grants.close()
        _signal.signal(_signal.SIGTERM, _signal.SIG_DFL)
        try:
            if plan.lent is None:
                _begin_anew(data, control, life, wish)
            # Loaded now: the cell does not show this package's files.
            begin(First(plan, control, life, wish, filter_of(plan)), control, id_maps)
        except BaseException as error:
            report(control, error)
        os._exit(1)
    os.close(life)
    os.close(wish)
    control.send(b"pid %d" % pid)
    os.write(keep, b"b")
    host = HostMounts()
    if os.read(wanted, 1):
        uid, gid = plan.lent or (0, 0)
        _write(f"/proc/{pid}/uid_map", f"{plan.inside[0]} {uid} 1")
        _write(f"/proc/{pid}/gid_map", f"{plan.inside[1]} {gid} 1")
        guard = Guard(pid, plan.guarded)
        os.write(keep, b"m")
        control.close()
        for number in range(3):
            os.dup2(keep, number)
        lent = plan.lent
        granted = GrantedMounts(
            grants, host, guard.space, plan.entries, lambda owner: _id_map(owner, lent) if lent else -1, lent
        )
        # A guard that breaks ends the cell: PID 1 has us as the parent that it dies with.
        guard.serve(os.pidfd_open(pid), granted)
    _, status = os.waitpid(pid, 0)
    return LET_RUN if os.WIFEXITED(status) and os.WEXITSTATUS(status) == LET_RUN else 0


def _first_to_go() -> None:
    """When the host runs out of memory, the kernel ends programs of the cell before the developer's own (proc(5))."""
    try:
        with open("/proc/self/oom_score_adj", "r+", encoding="ascii") as file:  # noqa: PTH123
            if int(file.read()) < _OOM_SCORE:
                file.seek(0)
                file.write(str(_OOM_SCORE))
    except OSError:
        return  # It is a courtesy to the developer, and no part of the boundary.


def _die_with(parent: int) -> None:
    def orphaned(*_: object) -> None:
        # The signal also comes when only the thread that started us ends.
        if os.getppid() != parent:
            os._exit(1)

    _signal.signal(_signal.SIGTERM, orphaned)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, _signal.SIGTERM)


def _enter(plan: Plain) -> dict[tuple[int, int], int]:
    """Make the namespaces that PID 1 will be born in; returns the id maps for files that root lends.

    Without root they belong to a user namespace in which we look like root. PID 1 leaves it for one below, in which
    it has its own user's id: so nobody in the cell has a right over the cell's mounts and network.
    """
    try:
        if plan.lent is not None:
            os.setgroups([])
            id_maps = {owner: _id_map(owner, plan.lent) for owner in plan.owners}
            kernel.unshare(_SPACES)
            return id_maps
        uid, gid = os.geteuid(), os.getegid()
        kernel.unshare(_SPACES | kernel.CLONE_NEWUSER)
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"0 {uid} 1")
        _write("/proc/self/gid_map", f"0 {gid} 1")
        return {}
    except OSError as error:
        raise HostError(
            f"this host gives no namespaces for a cell: {error}", where="namespaces", fix=_NO_USER_NAMESPACE
        ) from error


def _begin_anew(data: bytes, control: _socket.socket, life: int, wish: int) -> None:
    """Run PID 1 in an interpreter that was started inside of the user namespace.

    The kernel remembers where a program was started: PID 1 is closed to everybody in the cell, and must not be so to
    the session, which without root is nobody's superior outside of its own user namespaces (ptrace(2)).
    """
    file = os.memfd_create("plan")
    with os.fdopen(os.dup(file), "wb") as opened:
        opened.write(data)
    os.lseek(file, 0, os.SEEK_SET)
    numbers = (control.fileno(), life, wish, file)
    for number in numbers:
        os.set_inheritable(number, True)
    words = [sys.executable, "-I", "-S", "-c", _FIRST, _PACKAGE, *map(str, numbers)]
    os.execve(sys.executable, words, {"LC_ALL": "C.UTF-8"})


def _id_map(owner: tuple[int, int], lent: tuple[int, int]) -> int:
    """A user namespace that shows files of `owner` as belonging to `lent`."""
    held, done = os.pipe()
    ready, say = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(done)
        os.close(ready)
        try:
            kernel.unshare(kernel.CLONE_NEWUSER)
            os.write(say, b"r")
            os.read(held, 1)
        finally:
            os._exit(0)
    os.close(held)
    os.close(say)
    try:
        if not os.read(ready, 1):
            raise kernel.CallError(errno.EPERM, "unshare of a user namespace")
        _write(f"/proc/{pid}/uid_map", f"{owner[0]} {lent[0]} 1")
        _write(f"/proc/{pid}/gid_map", f"{owner[1]} {lent[1]} 1")
        return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(done)
        os.close(ready)
        os.waitpid(pid, 0)


def _write(path: str, text: str) -> None:
    try:
        file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(file, text.encode())
        finally:
            os.close(file)
    except OSError as error:
        raise kernel.CallError(error.errno or 0, f"write {path}") from error
