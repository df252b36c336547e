"""The cell's system-call filter without the exec gate: for sessions that were started with `--weaken exec`."""

from __future__ import annotations

import ctypes
import os
import struct

from supervisor.cell.kernel import CallError
from supervisor.cell.seccomp import program

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_RETURN, _NOTIFY, _ALLOW = 0x06, 0x7FC00000, 0x7FFF0000


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def install_static() -> None:
    """Filter this process as `seccomp.install` does, but let programs start unseen. Raises `OSError`."""
    told = struct.pack("HBBI", _RETURN, 0, 0, _NOTIFY)
    allowed = struct.pack("HBBI", _RETURN, 0, 0, _ALLOW)
    code = program(os.uname().machine)
    lines = [code[at : at + 8] for at in range(0, len(code), 8)]
    code = b"".join(allowed if line == told else line for line in lines)
    rules = _Filter(len(lines), code)
    zero = ctypes.c_ulong(0)
    result = ctypes.CDLL(None, use_errno=True).prctl(
        ctypes.c_int(_PR_SET_SECCOMP), ctypes.c_ulong(_MODE_FILTER), ctypes.byref(rules), zero, zero
    )
    if result < 0:
        raise CallError(ctypes.get_errno(), "seccomp filter")
