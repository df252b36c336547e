"""The cell's PID 1: builds it, becomes the agent's user without any right, starts the agent and ends with it.

What it says on the control socket: `ready` with descriptors, `exit CODE ERRNO`, or `error`. It is told `go`. On the
door (if the plan has one) it is asked `FAMILY NUMBER` and answers `NUMBER` with a socket, or `NUMBER ERRNO`. It ends,
and the kernel ends everything in the cell with it, when the agent's main program ends, when the control socket is
closed, or when the builder dies.
"""

# pathlib takes longer to load than all of this.
from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _socket
import array
import errno
import fcntl
import marshal
import os
import resource
import select
import struct
import sys
import termios

from supervisor.cell import kernel
from supervisor.cell.mounts import Root
from supervisor.cell.setid import refuse_set_id
from supervisor.cell.trials import Trials
from supervisor.errors import HostError

_SIOCSIFFLAGS, _IFF_UP_RUNNING = 0x8914, 0x41
_TIOCGPTPEER = 0x5441
_IUTF8 = 0x4000
_BACKLOG = 512
DOOR_BYTES = 64
"""Of a word at the door."""

TYPE_CHECKING = False  # as `typing` has it, without loading `typing`
if TYPE_CHECKING:
    from collections.abc import Callable

    from supervisor.cell.mounts import Entry


class Plain:
    """The plan as it travels (`start` writes it): plain values only."""

    entries: list[Entry]
    inside: tuple[int, int]
    lent: tuple[int, int] | None
    owners: list[tuple[int, int]]
    ports: list[int]
    hostname: str
    program: str
    argv: list[str]
    environment: list[tuple[str, str]]
    cwd: str
    umask: int
    size: tuple[int, int]
    stdio: str
    limits: list[tuple[int, int, int]]
    gate: bool
    door: bool
    guarded: list[tuple[str, str]]

    def __init__(self, values: dict[str, object]) -> None:
        self.__dict__.update(values)


def main() -> None:
    """PID 1 in an interpreter of its own: control socket, life and wish pipes, and the plan are descriptors."""
    number, life, wish, file = map(int, sys.argv[1:5])
    for inherited in (number, life, wish, file):
        os.set_inheritable(inherited, False)
    control = _socket.socket(fileno=number)
    try:
        with os.fdopen(file, "rb") as opened:
            plan = Plain(marshal.load(opened))
        begin(First(plan, control, life, wish, filter_of(plan)), control, {})
    except BaseException as error:
        report(control, error)
    os._exit(1)


def begin(first: First, control: _socket.socket, id_maps: dict[tuple[int, int], int]) -> None:
    """Build the cell and serve it; never returns."""
    try:
        first.build(id_maps)
        first.serve()
    except BaseException as error:
        report(control, error)
    os._exit(1)


def report(control: _socket.socket, error: BaseException) -> None:
    """Say on the control socket why there will be no cell."""
    if isinstance(error, HostError):
        what, where, fix = error.what, error.where, error.fix
    elif isinstance(error, kernel.CallError):
        what, where, fix = f"this host does not let a cell be built: {error.strerror}", "mounts", ""
    else:
        what, where, fix = f"the cell could not be built: {error}", type(error).__name__, "see `agent-supervise doctor`"
    try:
        control.send("\0".join(("error", what, where, fix)).encode("utf-8", "surrogateescape"))
    except OSError:
        return  # Nobody is there to read it, and the cell ends anyway.


def filter_of(plan: Plain) -> Callable[[], int | None]:
    """What installs the system-call filter; it gives the exec gate's listener if there is to be one."""
    if plan.gate:
        from supervisor.cell.seccomp import install

        return install
    from supervisor.cell.weakened import install_static

    return install_static


class First:
    """The first process of the cell: unprivileged and filtered before it starts the agent."""

    def __init__(
        self, plan: Plain, control: _socket.socket, life: int, wish: int, install: Callable[[], int | None]
    ) -> None:
        self._plan, self._control, self._life, self._wish, self._install = plan, control, life, wish, install
        self._stdio: list[int] = []
        self._agent = 0
        self._failed = -1
        self._door: _socket.socket | None = None

    def build(self, id_maps: dict[tuple[int, int], int]) -> None:
        """Everything up to the message `ready`."""
        plan = self._plan
        kernel.prctl(kernel.PR_SET_PDEATHSIG, _signal.SIGKILL)
        self._await(b"b")
        os.umask(0)
        kernel.unshare(kernel.CLONE_NEWNS)
        kernel.set_hostname(plan.hostname)
        Root(plan.lent or (0, 0), id_maps).build(plan.entries)
        for id_map in id_maps.values():
            os.close(id_map)
        null = os.open("/dev/null", os.O_RDWR)
        for number in range(3):
            os.dup2(null, number)
        os.close(null)
        outward = self._listen()
        self._drop()
        self._trials = Trials()
        given = self._pty() if plan.stdio == "pty" else self._pipes()
        outward = given + outward
        if plan.door:
            outward.append(self._make_door())
        if plan.lent is not None:
            refuse_set_id()
        try:
            listener = self._install()
        except OSError as error:
            taken = "; somebody else supervises this process already" if error.errno == errno.EBUSY else ""
            raise HostError(
                f"this kernel does not let us filter program starts: {error}{taken}",
                where="exec gate",
                fix="`agent-supervise doctor` says how to get it; `--weaken exec` starts without it",
            ) from error
        if listener is not None:
            outward.append(listener)
        outward.append(self._trials.outward())
        self._send_ready(outward)

    def _await(self, word: bytes) -> None:
        if os.read(self._life, 1) != word:
            os._exit(1)

    def _listen(self) -> list[int]:
        with_socket = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
        fcntl.ioctl(with_socket.fileno(), _SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", _IFF_UP_RUNNING, b""))
        with_socket.close()
        found = []
        for port in self._plan.ports:
            listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
            listener.bind(("127.0.0.1", port))
            listener.listen(_BACKLOG)
            found.append(listener.detach())
        return found

    def _make_door(self) -> int:
        self._door, outer = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        self._door.setblocking(False)
        return outer.detach()

    def _drop(self) -> None:
        """Become the agent's user, without any capability and without a way to get one."""
        uid, gid = self._plan.inside
        kernel.unshare(kernel.CLONE_NEWUSER)
        os.write(self._wish, b"w")
        self._await(b"m")
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        os.close(self._wish)
        kernel.join_fresh_keyring()
        for limit, soft, hard in self._plan.limits:
            resource.setrlimit(limit, (soft, hard))
        kernel.drop_all_capabilities()
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        # Changing user clears it; the builder may have died meanwhile, which `life` tells.
        kernel.prctl(kernel.PR_SET_PDEATHSIG, _signal.SIGKILL)

    def _pty(self) -> list[int]:
        master = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        fcntl.ioctl(master, termios.TIOCSPTLCK if hasattr(termios, "TIOCSPTLCK") else 0x40045431, struct.pack("i", 0))
        terminal = fcntl.ioctl(master, _TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        settings = termios.tcgetattr(terminal)
        settings[0] |= _IUTF8
        termios.tcsetattr(terminal, termios.TCSANOW, settings)
        columns, rows = self._plan.size
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._stdio = [terminal, terminal, terminal]
        return [master]

    def _pipes(self) -> list[int]:
        pairs = [os.pipe() for _ in range(3)]
        self._stdio = [pairs[0][0], pairs[1][1], pairs[2][1]]
        return [pairs[0][1], pairs[1][0], pairs[2][0]]

    def _send_ready(self, outward: list[int]) -> None:
        rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, array.array("i", outward))
        self._control.sendmsg([b"ready"], [rights])
        for number in outward:
            os.close(number)

    # ── at work ──────────────────────────────────────────────────────────────────────────────────

    def serve(self) -> None:
        """Start the agent when told, reap what is left behind, and end with the agent or with the session."""
        woken, wake = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(woken, False)
        _signal.signal(_signal.SIGCHLD, lambda *_: None)
        _signal.set_wakeup_fd(wake)
        waiting = select.poll()
        door = self._door.fileno() if self._door is not None else -1
        for number in (woken, self._life, self._control.fileno(), door):
            if number >= 0:
                waiting.register(number, select.POLLIN)
        self._trials.watch(waiting)
        while True:
            for number, _ in waiting.poll():
                if number == woken:
                    _drain(woken)
                elif number == door:
                    if not self._hand_out():
                        waiting.unregister(door)
                elif self._trials.owns(number):
                    if not self._trials.serve(number):
                        os._exit(1)
                elif number == self._life or not self._told():
                    os._exit(1)
            self._reap()

    def _told(self) -> bool:
        """One message; false when the session is gone or says what is not understood."""
        try:
            word = self._control.recv(64)
        except OSError:
            return False
        if word != b"go" or self._agent:
            return False
        self._go()
        return True

    def _hand_out(self) -> bool:
        """A socket of this network for the session, which alone connects it; false when nobody is at the door."""
        assert self._door is not None
        try:
            family, number = self._door.recv(DOOR_BYTES).split()
        except BlockingIOError:
            return True
        except (OSError, ValueError):
            return False
        try:
            made = _socket.socket(int(family), _socket.SOCK_STREAM)
        except OSError as error:
            answer, given = b"%s %d" % (number, error.errno or errno.EIO), []
        else:
            answer, given = number, [made.detach()]
        rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, array.array("i", given))
        try:
            self._door.sendmsg([answer], [rights] if given else [])
        except OSError:
            return True  # It does not read: it asks again, or gives up.
        finally:
            for each in given:
                os.close(each)
        return True

    def _go(self) -> None:
        self._failed, tell = os.pipe()
        self._agent = os.fork()
        if self._agent == 0:
            number = errno.EIO
            try:
                self._become_agent()
            except OSError as error:
                number = error.errno or errno.EIO
            finally:
                os.write(tell, b"%d" % number)
                os._exit(127 if number == errno.ENOENT else 126)
        os.close(tell)
        os.set_blocking(self._failed, False)
        for number in set(self._stdio):
            os.close(number)

    def _become_agent(self) -> None:
        plan = self._plan
        _signal.set_wakeup_fd(-1)
        for number in range(1, 65):
            if number not in (9, 19, 32, 33):
                _signal.signal(number, _signal.SIG_DFL)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, ())
        os.setsid()
        for number, file in enumerate(self._stdio):
            os.dup2(file, number)
        if plan.stdio == "pty":
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        os.chdir(plan.cwd)
        os.umask(plan.umask)
        # The exec gate reads this process while its first program is still to be started.
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, _signal.SIGKILL)
        os.execve(plan.program, plan.argv, dict(plan.environment))

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._agent:
                self._ended(status)

    def _ended(self, status: int) -> None:
        try:
            number = int(os.read(self._failed, 16) or b"0")
        except BlockingIOError:
            number = 0
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
        self._control.send(b"exit %d %d" % (code, number))
        os._exit(0)


def _drain(number: int) -> None:
    try:
        while os.read(number, 4096):
            continue
    except BlockingIOError:
        return
