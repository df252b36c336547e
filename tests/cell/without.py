"""Runs a program without one of the kernel's mechanisms, really switched off: `python without.py WHAT… -- COMMAND…`.

Each WHAT is a way in which hosts lack something: `listener` (WSL2: somebody else holds the seccomp listener), `unshare`
(containers), `mount`, `ptrace`, `namespaces` (their number is 0), `proc` (containers mask parts of it).
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from pathlib import Path

from supervisor.cell import kernel
from supervisor.cell.seccomp import NEW_LISTENER

_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NUMBERS = {
    "seccomp": (317, 277),
    "unshare": (272, 97),
    "mount": (165, 40),
    "move_mount": (429, 429),
    "ptrace": (101, 117),
}
_COLUMN = 1 if os.uname().machine == "aarch64" else 0
_NR, _ARG0, _ARG1 = 0, 16, 24
_CLONE_NEWUSER = 0x10000000


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def _line(code: int, then: int, otherwise: int, value: int) -> bytes:
    return struct.pack("HBBI", code, then, otherwise, value)


def _refusing(name: str, error: int, *, argument: int = -1, bits: int = 0) -> bytes:
    """A filter that refuses one system call, or only where an argument has some of these bits."""
    number = _NUMBERS[name][_COLUMN]
    code = [_line(0x20, 0, 0, _NR), _line(0x15, 0, 2 if argument >= 0 else 0, number)]
    if argument >= 0:
        code += [_line(0x20, 0, 0, argument), _line(0x45, 1, 0, bits)]
    else:
        code[-1] = _line(0x15, 1, 0, number)
    return b"".join([*code, _line(0x06, 0, 0, _ALLOW), _line(0x06, 0, 0, _ERRNO | error)])


def _install(code: bytes) -> None:
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    rules = _Filter(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(22, ctypes.c_ulong(2), ctypes.byref(rules), ctypes.c_ulong(0), ctypes.c_ulong(0)) < 0:
        raise OSError(ctypes.get_errno(), "seccomp filter")


def _no_namespaces() -> None:
    """A user namespace of our own, in which there are to be no others."""
    uid, gid = os.geteuid(), os.getegid()
    kernel.unshare(_CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        Path(f"/proc/self/{name}").write_text(text)
    Path("/proc/sys/user/max_user_namespaces").write_text("0")


def _masked_proc() -> None:
    """A part of /proc is covered, so that nobody may mount another one."""
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.make_private("/")
    kernel.mount("tmpfs", "/proc/scsi" if Path("/proc/scsi").exists() else "/proc/fs", kernel.MS_NOSUID)


LACKS = {
    "listener": lambda: _install(_refusing("seccomp", errno.EBUSY, argument=_ARG1, bits=NEW_LISTENER)),
    "unshare": lambda: _install(_refusing("unshare", errno.EPERM)),
    "mount": lambda: _install(_refusing("mount", errno.EPERM)),
    "ptrace": lambda: _install(_refusing("ptrace", errno.EPERM)),
    "namespaces": _no_namespaces,
    "proc": _masked_proc,
}

if __name__ == "__main__":
    end = sys.argv.index("--")
    for word in sys.argv[1:end]:
        LACKS[word]()
    os.execvp(sys.argv[end + 1], sys.argv[end + 1 :])
