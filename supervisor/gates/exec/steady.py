"""Whether a file's times and size tell of every later change of its content.

They do not where a shared mapping that is writable already changes it: then only the content itself tells.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
import signal
import time
from typing import Final

Key = tuple[int, int, int, int, int]

_TELLING: Final = frozenset({0xEF53, 0x58465342, 0x9123683E})
"""ext2 to ext4, XFS and btrfs (statfs(2)): the first write through a mapping sets the times. On tmpfs it need not, and
an overlay does not count the mappings of what lies below it."""
_COARSE_NS: Final = 100_000_000
"""Two changes within one tick of the kernel's clock may leave the same time; ticks last at most 10 ms."""
_STATFS_BYTES: Final = 256

_fstatfs = ctypes.CDLL(None, use_errno=True).fstatfs


def key_of(status: os.stat_result) -> Key:
    """What changes with a file's content, where anything does."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def digest_of(file: int) -> str:
    """The SHA-256 of what the file holds, by reading: a mapping of a file that is cut off meanwhile would kill us."""
    with open(file, "rb", buffering=0, closefd=False) as data:
        data.seek(0)
        return hashlib.file_digest(data, "sha256").hexdigest()


def is_steady(file: int, status: os.stat_result) -> bool:
    """Whether every change from now on shows in the key of `status`. `file` is open for reading only."""
    return time.time_ns() - status.st_ctime_ns > _COARSE_NS and _tells(file) and _nobody_writes(file)


def _tells(file: int) -> bool:
    buffer = ctypes.create_string_buffer(_STATFS_BYTES)
    if _fstatfs(file, buffer) < 0:
        return False
    return ctypes.c_long.from_buffer(buffer).value in _TELLING


def _nobody_writes(file: int) -> bool:
    """A read lease is given only where no descriptor and no mapping is open for writing (fcntl(2), F_SETLEASE)."""
    try:
        # Whoever opens it for writing in between waits a moment, and we hear of it by a signal that does nothing.
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError:
        return False
    return True
