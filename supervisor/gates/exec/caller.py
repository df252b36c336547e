"""What a program start asks for, read from the memory of the thread that makes it."""

from __future__ import annotations

import errno
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from supervisor.gates.exec.calls import Memory, Note
from supervisor.gates.exec.strings import Pages, Strings

_LONGEST_PATH = 4096
_AT_FDCWD, _AT_EMPTY_PATH = -100, 0x1000


class Call(NamedTuple):
    """An execve or execveat as it was asked for. `folder` is the descriptor that `path` counts from, -100 = cwd."""

    path: bytes
    argv: tuple[bytes, ...]
    env: tuple[bytes, ...]
    folder: int = _AT_FDCWD
    by_descriptor: bool = False

    @property
    def of_descriptor(self) -> bool:
        """Whether the program is what `folder` itself refers to (fexecve(3))."""
        return self.by_descriptor and not self.path


def read_call(memory: Memory, note: Note, execveat: int, strings: Strings) -> Call:
    """The call behind a notification. Raises `OSError` with the errno that the caller should get, `Gone`."""
    if note.nr == execveat:
        folder = struct.unpack("i", struct.pack("I", note.args[0] & 0xFFFFFFFF))[0]
        path, argv, env, flags = note.args[1:5]
    else:
        folder, flags = _AT_FDCWD, 0
        path, argv, env = note.args[:3]
    pages = Pages(memory, note.tid, (path, argv, env))
    name = pages.string(path, _LONGEST_PATH, errno.ENAMETOOLONG)
    words, variables = strings.of(pages, pages.array(argv), pages.array(env))
    return Call(name, words, variables, folder, bool(flags & _AT_EMPTY_PATH))


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a thread stands: `pid` is its process, as this process sees it."""

    pid: int

    @property
    def pid_inside(self) -> int:
        """What the process is called in its cell. Raises `OSError` when it is gone."""
        return int(status_of(self.pid)[b"NSpid"].split()[-1])


def standing(tid: int) -> Standing:
    """Where the thread stands. Raises `OSError` when it is gone."""
    try:
        # Only a process's first thread has a descriptor (pidfd_open(2)); its status costs the kernel far more to tell.
        os.close(os.pidfd_open(tid))
    except OSError:
        return Standing(int(status_of(tid)[b"Tgid"]))
    return Standing(tid)


def status_of(tid: int) -> dict[bytes, bytes]:
    """The fields of /proc/TID/status (proc_pid_status(5)). Raises `OSError` when it is gone."""
    fields: dict[bytes, bytes] = {}
    for line in Path(f"/proc/{tid}/status").read_bytes().split(b"\n"):
        name, _, value = line.partition(b":")
        fields[name] = value
    return fields
