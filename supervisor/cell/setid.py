"""A system-call filter against set-id files: what the agent makes in root's workspace belongs to root outside.

Only for cells that root started. Without it a program that the agent wrote could be given the set-user-id bit, and
would run as root for whoever starts it outside. PID 1 loads this, so it imports as little as `kernel`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from supervisor.cell.kernel import CallError

_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_SET_ID = 0o6000
_CREATES = 0x400040
"""O_CREAT and the kernel's own bit of O_TMPFILE: without them open(2) does not read its mode."""
_LOAD, _AND, _IF_EQUAL, _IF_ANY, _RETURN = 0x20, 0x54, 0x15, 0x45, 0x06
_ALLOW, _REFUSE, _UNKNOWN = 0x7FFF0000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
_NR, _ARCH, _ARGUMENTS = 0, 4, 16
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

# (number on x86_64, on aarch64; -1: none), which argument is the mode, which one the flags (-1: none)
_CALLS = (
    ((90, -1), 1, -1),  # chmod
    ((91, 52), 1, -1),  # fchmod
    ((268, 53), 2, -1),  # fchmodat
    ((452, 452), 2, -1),  # fchmodat2
    ((85, -1), 1, -1),  # creat
    ((133, -1), 1, -1),  # mknod
    ((259, 33), 2, -1),  # mknodat
    ((2, -1), 2, 1),  # open
    ((257, 56), 3, 2),  # openat
)
_OPENAT2 = 437
"""Its mode lies in memory, where a filter cannot look; programs that know it also know kernels without it."""


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def _line(operation: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("HBBI", operation, then, otherwise, value)


def program(machine: str) -> bytes:
    """The filter in classic BPF, see bpf(4)."""
    column = list(_ARCHITECTURE).index(machine)
    lines = [
        _line(_LOAD, _ARCH),
        _line(_IF_EQUAL, _ARCHITECTURE[machine], 1),
        _line(_RETURN, _ALLOW),
        _line(_LOAD, _NR),
    ]
    for numbers, mode, flags in _CALLS:
        if numbers[column] < 0:
            continue
        block = [
            _line(_LOAD, _ARGUMENTS + 8 * mode),
            _line(_AND, _SET_ID),
            _line(_IF_EQUAL, 0, 1),
            _line(_RETURN, _REFUSE),
        ]
        if flags >= 0:
            block = [_line(_LOAD, _ARGUMENTS + 8 * flags), _line(_IF_ANY, _CREATES, 0, len(block)), *block]
        block.append(_line(_RETURN, _ALLOW))
        lines += [_line(_IF_EQUAL, numbers[column], 0, len(block)), *block]
    lines += [_line(_IF_EQUAL, _OPENAT2, 0, 1), _line(_RETURN, _UNKNOWN), _line(_RETURN, _ALLOW)]
    return b"".join(lines)


def refuse_set_id() -> None:
    """From now on no file can be given a set-id bit by this process and all that it starts. Raises `OSError`."""
    code = program(os.uname().machine)
    rules = _Filter(len(code) // 8, code)
    zero = ctypes.c_ulong(0)
    result = ctypes.CDLL(None, use_errno=True).prctl(
        ctypes.c_int(_PR_SET_SECCOMP), ctypes.c_ulong(_MODE_FILTER), ctypes.byref(rules), zero, zero
    )
    if result < 0:
        raise CallError(ctypes.get_errno(), "seccomp filter against set-id files")
