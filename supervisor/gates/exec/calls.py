"""The kernel calls of the exec gate: seccomp notifications, memory of a caller, ptrace, descriptors of a process.

Sources: seccomp_unotify(2), process_vm_readv(2), ptrace(2), pidfd_getfd(2), and the uapi headers for the numbers.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
from collections.abc import Sequence
from typing import NamedTuple

_libc = ctypes.CDLL(None, use_errno=True)
_ptrace = _libc.ptrace
_ptrace.restype = ctypes.c_long
_ptrace.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_readv = _libc.process_vm_readv
_readv.restype = ctypes.c_ssize_t
_readv.argtypes = (
    ctypes.c_int, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong,
)  # fmt: skip

# ── notifications ────────────────────────────────────────────────────────────────────────────────

_RECV, _SEND, _ID_VALID = 0xC0502100, 0xC0182101, 0x40082102
_NOTIF, _RESP = struct.Struct("QIIiIQ6Q"), struct.Struct("Qqii")
_ID = _WORD = struct.Struct("Q")
_CONTINUE = 1


class Note(NamedTuple):
    """One system call that waits for an answer. `tid` is the thread as this process sees it."""

    id: int
    tid: int
    nr: int
    args: tuple[int, ...]
    """Six of them."""


class Gone(Exception):
    """The caller is not there any more, so nothing of it counts."""


def receive(listener: int) -> Note:
    """The next notification. Raises `Gone` when its caller was killed meanwhile, `OSError`."""
    buffer = bytearray(_NOTIF.size)
    try:
        fcntl.ioctl(listener, _RECV, buffer, True)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EINTR):
            raise Gone from error
        raise
    found = _NOTIF.unpack(buffer)
    return Note(found[0], found[1], found[3], found[6:])


def still_waits(listener: int, note: Note) -> bool:
    """Whether the caller still waits: before that is known, nothing that was read by its pid is its own."""
    try:
        fcntl.ioctl(listener, _ID_VALID, _ID.pack(note.id))
    except OSError:
        return False
    return True


def let_continue(listener: int, note: Note) -> None:
    """The kernel goes on with the call itself. Raises `Gone`."""
    _respond(listener, _RESP.pack(note.id, 0, 0, _CONTINUE))


def fail_with(listener: int, note: Note, number: int) -> None:
    """The call fails with this errno. Raises `Gone`."""
    _respond(listener, _RESP.pack(note.id, 0, -number, 0))


def _respond(listener: int, response: bytes) -> None:
    try:
        fcntl.ioctl(listener, _SEND, response)
    except OSError as error:
        if error.errno == errno.ENOENT:
            raise Gone from error
        raise


# ── memory ───────────────────────────────────────────────────────────────────────────────────────

PAGE = 4096
MOST_SPANS = 8
_BUFFER_BYTES = 1 << 18


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class Memory:
    """Reads other processes' memory through one buffer; belongs to one thread."""

    def __init__(self) -> None:
        self._buffer = ctypes.create_string_buffer(_BUFFER_BYTES)
        self._view = memoryview(self._buffer).cast("B")
        self._local = _Iovec(ctypes.addressof(self._buffer), 0)
        self._remote = _Iovec(0, 0)
        self._local_at, self._remote_at = ctypes.addressof(self._local), ctypes.addressof(self._remote)
        self._remotes = (_Iovec * MOST_SPANS)()
        self._remotes_at = ctypes.addressof(self._remotes)

    def read(self, tid: int, address: int, length: int) -> bytes:
        """At most `length` bytes (256 KiB) from `address`, fewer where mapped memory ends. Raises `OSError`, `Gone`."""
        self._local.length = self._remote.length = min(length, _BUFFER_BYTES)
        self._remote.base = address
        got = _readv(tid, self._local_at, 1, self._remote_at, 1, 0)
        if got < 0:
            number = ctypes.get_errno()
            if number == errno.ESRCH:
                raise Gone
            raise OSError(number, f"process_vm_readv: {os.strerror(number)}")
        return bytes(self._view[:got])

    def gather(self, tid: int, spans: Sequence[tuple[int, int]]) -> bytes:
        """The bytes of some (address, length) one behind the other; nothing unless all can be read at once."""
        if len(spans) > MOST_SPANS:
            return b""
        total = 0
        for remote, (address, length) in zip(self._remotes, spans, strict=False):
            remote.base, remote.length = address, length
            total += length
        self._local.length = total
        if total > _BUFFER_BYTES or _readv(tid, self._local_at, 1, self._remotes_at, len(spans), 0) != total:
            return b""
        return bytes(self._view[:total])


# ── ptrace ───────────────────────────────────────────────────────────────────────────────────────

_SEIZE, _INTERRUPT, _CONT, _DETACH, _POKETEXT, _GETREGSET, _LISTEN = 0x4206, 0x4207, 7, 17, 4, 0x4204, 0x4208
_O_TRACEEXEC, _O_EXITKILL = 0x10, 0x100000
_NT_PRSTATUS = 1
EVENT_EXEC, EVENT_STOP = 4, 128
WAIT_OWN = 0x40000000 | 0x20000000
"""__WALL | __WNOTHREAD: only what this very thread traces, and all of that (waitpid(2))."""


def _traced(request: int, tid: int, address: int | None = None, data: int | None = None) -> None:
    if _ptrace(request, tid, address, data) < 0:
        number = ctypes.get_errno()
        if number == errno.ESRCH:
            raise Gone
        raise OSError(number, f"ptrace {request:#x}: {os.strerror(number)}")


def seize(tid: int) -> None:
    """Trace `tid` from now on; it stops at its exec and dies with us. Raises `OSError`, `Gone`."""
    _traced(_SEIZE, tid, None, _O_TRACEEXEC | _O_EXITKILL)


def interrupt(tid: int) -> None:
    """Make `tid` stop before its next instruction. Raises `Gone`."""
    _traced(_INTERRUPT, tid)


def resume(tid: int, signal: int = 0) -> None:
    """Let a stopped `tid` go on, still traced, with `signal` delivered. Raises `Gone`."""
    _traced(_CONT, tid, None, signal or None)


def stay_stopped(tid: int) -> None:
    """Leave `tid` in its group stop, to be woken by SIGCONT. Raises `Gone`."""
    _traced(_LISTEN, tid)


def detach(tid: int, signal: int = 0) -> None:
    """Let `tid` go on as if it had never been traced. Raises `Gone`."""
    _traced(_DETACH, tid, None, signal or None)


if os.uname().machine == "aarch64":
    _PC_AT, _SP_AT, _REGISTERS = 32 * 8, 31 * 8, 34 * 8
    _EXIT_126 = struct.pack("<4I", 0xD2800BC8, 0xD2800FC0, 0xD4000001, 0xD4000001)
    """mov x8, #94 (exit_group); mov x0, #126; svc 0."""
    _SPIN = struct.pack("<2I", 0x14000000, 0x14000000)
else:
    _PC_AT, _SP_AT, _REGISTERS = 16 * 8, 19 * 8, 27 * 8
    _EXIT_126 = bytes.fromhex("b8e7000000bf7e0000000f05cccccccc")
    """mov eax, 231 (exit_group); mov edi, 126; syscall."""
    _SPIN = bytes.fromhex("ebfeebfeebfeebfe")


class Registers:
    """Reads the registers of stopped programs through one buffer; belongs to one thread."""

    def __init__(self) -> None:
        self._buffer = ctypes.create_string_buffer(_REGISTERS)
        self._vector = _Iovec(ctypes.addressof(self._buffer), _REGISTERS)
        self._vector_at = ctypes.addressof(self._vector)

    def counter(self, tid: int) -> int:
        """The address of the next instruction; 0 where it cannot be told. Raises `Gone`."""
        return self._at(tid, _PC_AT)

    def stack(self, tid: int) -> int:
        """The address of the stack's top; 0 where it cannot be told. Raises `Gone`."""
        return self._at(tid, _SP_AT)

    def _at(self, tid: int, place: int) -> int:
        self._vector.length = _REGISTERS
        if _ptrace(_GETREGSET, tid, _NT_PRSTATUS, self._vector_at) < 0:
            raise Gone
        # A program of 32 bits has others, and fewer.
        return int(_WORD.unpack_from(self._buffer, place)[0]) if self._vector.length == _REGISTERS else 0


def _poke(tid: int, address: int, code: bytes) -> None:
    for offset in range(0, len(code), 8):
        _traced(_POKETEXT, tid, address + offset, struct.unpack_from("<Q", code, offset)[0])


def exit_instead(tid: int) -> None:
    """A program at its exec-stop ends with code 126 instead of running one instruction. Raises `Gone`, `OSError`.

    Only the registers cannot do that: the kernel writes execve's result over them when the call returns.
    """
    _poke(tid, Registers().counter(tid), _EXIT_126)
    detach(tid)


class Spin:
    """A program at its exec-stop that may be resumed without running: its next instruction jumps to itself."""

    def __init__(self, tid: int, memory: Memory) -> None:
        self._tid, self._at = tid, Registers().counter(tid)
        self._was = memory.read(tid, self._at, len(_SPIN))
        _poke(tid, self._at, _SPIN)

    def undo(self) -> None:
        """Put the program's own instructions back. It has to be stopped. Raises `Gone`, `OSError`."""
        _poke(self._tid, self._at, self._was)


# ── descriptors ──────────────────────────────────────────────────────────────────────────────────

_PIDFD_GETFD = 438


def descriptor_of(pid: int, number: int) -> int:
    """A duplicate of descriptor `number` of process `pid`. Raises `OSError`, `Gone`.

    Unlike `/proc/PID/fd` this also works for programs that made themselves unreadable there (prctl PR_SET_DUMPABLE).
    """
    try:
        hold = os.pidfd_open(pid)
    except ProcessLookupError as error:
        raise Gone from error
    try:
        got = _libc.syscall(ctypes.c_long(_PIDFD_GETFD), ctypes.c_int(hold), ctypes.c_int(number), ctypes.c_uint(0))
        if got < 0:
            code = ctypes.get_errno()
            if code == errno.ESRCH:
                raise Gone
            raise OSError(code, f"pidfd_getfd: {os.strerror(code)}")
        return int(got)
    finally:
        os.close(hold)
