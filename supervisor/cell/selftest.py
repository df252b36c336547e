"""The kernel features of a cell, each tried out in a child of its own: `python -c ...selftest.main()`.

Prints one line a feature: name, `yes` or `no`, and what happened, separated by tabs. A version number proves nothing
(containers, distributions and administrators switch features off), so nothing here looks at one.
"""

# pathlib takes longer to load than all of this.
# ruff: noqa: PTH102, PTH109, PTH116, PTH208
from __future__ import annotations

import _socket
import array
import ctypes
import fcntl
import os
import resource
import struct

from supervisor.cell import kernel

_ATTRIBUTES = kernel.ATTR_RDONLY | kernel.ATTR_NOSUID | kernel.ATTR_NODEV
_LENT = 0x7FFF0000
_FEW = 16
_NOTIFY_RECEIVE, _NOTIFY_SEND, _NOTIFY_BYTES, _CONTINUE = 0xC0502100, 0xC0182101, 80, 1
_SEIZE, _DETACH, _TRACE_EXEC, _EVENT_EXEC, _WAIT_ALL = 0x4206, 17, 0x10, 4, 0x40000000


def _enter(flags: int) -> None:
    """Namespaces as the builder makes them: of its own user without root, plain ones with."""
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        kernel.unshare(flags)
        return
    kernel.unshare(flags | kernel.CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        _write(f"/proc/self/{name}", text)


def _write(path: str, text: str) -> None:
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, text.encode())
    except OSError as error:
        raise OSError(error.errno, f"write {path}: {error.strerror}") from error
    finally:
        os.close(file)


def _held_namespace(uid: int, gid: int) -> int:
    """A user namespace in which `uid` and `gid` stand for an unprivileged user; needs root."""
    held, done = os.pipe()
    ready, say = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(done)
        kernel.unshare(kernel.CLONE_NEWUSER)
        os.write(say, b"r")
        os.read(held, 1)
        os._exit(0)
    os.close(say)
    os.read(ready, 1)
    _write(f"/proc/{pid}/uid_map", f"{uid} {_LENT} 1")
    _write(f"/proc/{pid}/gid_map", f"{gid} {_LENT} 1")
    found = os.open(f"/proc/{pid}/ns/user", os.O_RDONLY)
    os.close(done)
    os.waitpid(pid, 0)
    return found


def user_namespace() -> str:
    """A user of our own, without rights outside."""
    if os.geteuid() == 0:
        os.close(_held_namespace(1000, 1000))
        return "the agent becomes an unprivileged user"
    _enter(0)
    return "usable without root"


def mount_namespace() -> str:
    """A root of our own with read-only copies of the host's folders."""
    _enter(kernel.CLONE_NEWNS)
    kernel.make_private("/")
    tree = kernel.clone_tree("/usr")
    kernel.set_attributes(tree, _ATTRIBUTES)
    kernel.mount("tmpfs", "/tmp", kernel.MS_NOSUID)
    os.mkdir("/tmp/usr")
    place = os.open("/tmp/usr", os.O_PATH)
    kernel.attach(tree, place)
    kernel.pivot_to("/tmp")
    if os.listdir("/") != ["usr"] or os.access("/usr", os.W_OK):
        raise OSError(1, "the new root is not as it was built")
    return "a root of its own"


def process_namespace() -> str:
    """Processes of our own, with a /proc that shows no others."""
    _enter(kernel.CLONE_NEWPID | kernel.CLONE_NEWNS)
    tell, said = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            kernel.make_private("/")
            kernel.mount("proc", "/proc", kernel.MS_NOSUID)
            seen = [name for name in os.listdir("/proc") if name.isdigit()]
            os.write(said, b"ok" if seen == ["1"] and os.getpid() == 1 else b"other processes are visible")
        except OSError as error:
            os.write(said, str(error).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(said)
    word = os.read(tell, 4096).decode()
    if word != "ok":
        raise OSError(1, word)
    return "sees and reaches no process outside"


def network_namespace() -> str:
    """No network but a loopback of our own, on which we can listen."""
    _enter(kernel.CLONE_NEWNET)
    probe = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    fcntl.ioctl(probe.fileno(), 0x8914, struct.pack("16sH14s", b"lo", 0x41, b""))
    listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 3128))
    listener.listen(1)
    caller = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    caller.connect(("127.0.0.1", 3128))
    try:
        probe.connect(("192.0.2.1", 9))
    except OSError:
        return "no route but the gate's"
    raise OSError(1, "there is a route out of it")


def terminal() -> str:
    """Pseudo-terminals of our own."""
    _enter(kernel.CLONE_NEWNS)
    kernel.make_private("/")
    kernel.mount("tmpfs", "/tmp", kernel.MS_NOSUID)
    kernel.mount("devpts", "/tmp", kernel.MS_NOSUID, "newinstance,ptmxmode=0666,mode=620")
    os.close(os.open("/tmp/ptmx", os.O_RDWR | os.O_NOCTTY))
    return "devices of its own"


def lent_files() -> str:
    """Root's files lent to an unprivileged user (id-mapped mounts); only root needs it."""
    if os.geteuid() != 0:
        return "not needed: the agent has your own user id"
    folder = os.getcwd()
    owner = os.stat(folder)
    id_map = _held_namespace(owner.st_uid, owner.st_gid)
    kernel.unshare(kernel.CLONE_NEWNS)
    tree = kernel.clone_tree(folder, recursive=False)
    kernel.set_attributes(tree, kernel.ATTR_IDMAP, recursive=False, user_namespace=id_map)
    if os.fstat(tree).st_uid != _LENT:
        raise OSError(1, "the id map has no effect")
    return f"the files of {folder} can be lent"


def exec_gate() -> str:
    """A program start that the kernel holds for us: one is refused, one is stopped before its first instruction."""
    from supervisor.cell.seccomp import install

    ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
    pid = os.fork()
    if pid == 0:
        try:
            kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
            listener = install()
            rights = array.array("i", [listener])
            theirs.sendmsg([b"x"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)])
            os.close(listener)
            try:
                os.execv("/bin/true", ["refused"])
            except PermissionError:
                os.execv("/bin/true", ["allowed"])
        except BaseException as error:
            theirs.send(str(error).encode())
        finally:
            os._exit(9)
    theirs.close()
    data, ancillary, _, _ = ours.recvmsg(4096, _socket.CMSG_SPACE(4))
    if not ancillary:
        raise OSError(1, data.decode("utf-8", "replace"))
    listener = array.array("i", ancillary[0][2])[0]
    _answer(listener, error=13)
    trace = ctypes.CDLL(None, use_errno=True).ptrace
    trace.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    if trace(_SEIZE, pid, None, _TRACE_EXEC) < 0:
        number = ctypes.get_errno()
        os.kill(pid, 9)
        raise OSError(number, f"ptrace: {os.strerror(number)}")
    _answer(listener, flags=_CONTINUE)
    _, status = os.waitpid(pid, _WAIT_ALL)
    if status >> 8 != 5 | _EVENT_EXEC << 8:
        raise OSError(1, "an allowed program could not be stopped before it ran")
    trace(_DETACH, pid, None, None)
    _, status = os.waitpid(pid, 0)
    if status != 0:
        raise OSError(1, "an allowed program did not run")
    return "holds every program start; what was approved is what runs"


def _answer(listener: int, *, error: int = 0, flags: int = 0) -> None:
    held = bytearray(_NOTIFY_BYTES)
    fcntl.ioctl(listener, _NOTIFY_RECEIVE, held)
    (number,) = struct.unpack_from("Q", held)
    fcntl.ioctl(listener, _NOTIFY_SEND, bytearray(struct.pack("Qqii", number, 0, -error, flags)))


def process_limit() -> str:
    """A bound on processes that counts what runs in a cell and nothing else of the same user."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(_LENT, _LENT, _LENT)
        os.setresuid(_LENT, _LENT, _LENT)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
    _enter(0)
    resource.setrlimit(resource.RLIMIT_NPROC, (_FEW, _FEW))
    held, done = os.pipe()
    made = 0
    try:
        while made < 2 * _FEW:
            if os.fork() == 0:
                os.close(done)
                os.read(held, 1)
                os._exit(0)
            made += 1
    except BlockingIOError:
        if made < _FEW - 2:
            raise OSError(11, "what runs outside counts as well, so a cell gets less than its scope says") from None
        return "a cell's programs are counted by themselves"
    finally:
        os.close(done)
    raise OSError(1, f"{made} programs ran where {_FEW} were the limit")


def landlock() -> str:
    """The kernel's own layer of file rules; told for information."""
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(ctypes.c_long(444), None, ctypes.c_size_t(0), ctypes.c_uint(1))
    if version < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return f"version {version} (not needed)"


FEATURES = (
    ("user namespace", user_namespace),
    ("mount namespace", mount_namespace),
    ("process namespace", process_namespace),
    ("network namespace", network_namespace),
    ("terminal", terminal),
    ("lent files", lent_files),
    ("exec gate", exec_gate),
    ("process limit", process_limit),
    ("landlock", landlock),
)


def main() -> None:
    """Try every feature in a child of its own and print what happened."""
    for name, feature in FEATURES:
        tell, said = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                line = f"{name}\tyes\t{feature()}"
            except BaseException as error:
                line = f"{name}\tno\t{error}"
            os.write(said, line.encode("utf-8", "replace").replace(b"\n", b" ") + b"\n")
            os._exit(0)
        os.close(said)
        os.waitpid(pid, 0)
        os.write(1, os.read(tell, 65536) or f"{name}\tno\tthe trial died\n".encode())
        os.close(tell)
