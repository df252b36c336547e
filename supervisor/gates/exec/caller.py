"""What a program start asks for, read from the memory of the thread that makes it."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from supervisor.gates.exec.calls import PAGE, Memory, Note

LONGEST_STRING = 128 << 10
"""MAX_ARG_STRLEN of execve(2)."""
MOST_BYTES = 8 << 20
MOST_POINTERS = 1 << 18
_WINDOW = 4 * PAGE
_MOST_WINDOWS = 8
_LONGEST_PATH = 4096
_AT_FDCWD, _AT_EMPTY_PATH = -100, 0x1000


@dataclass(frozen=True, slots=True)
class Call:
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


def read_call(memory: Memory, note: Note, execveat: int) -> Call:
    """The call behind a notification. Raises `OSError` with the errno that the caller should get, `Gone`."""
    if note.nr == execveat:
        folder = struct.unpack("i", struct.pack("I", note.args[0] & 0xFFFFFFFF))[0]
        path, argv, env, flags = note.args[1:5]
    else:
        folder, flags = _AT_FDCWD, 0
        path, argv, env = note.args[:3]
    pages = _Pages(memory, note.tid)
    name = _string(pages, path, _LONGEST_PATH, errno.ENAMETOOLONG)
    words = _strings(pages, _pointers(pages, argv))
    variables = _strings(pages, _pointers(pages, env))
    return Call(name, tuple(words), tuple(variables), folder, bool(flags & _AT_EMPTY_PATH))


class _Pages:
    """A caller's memory in windows of some pages: most of a call lies in two of them, on a stack and on a heap."""

    def __init__(self, memory: Memory, tid: int) -> None:
        self._memory, self._tid = memory, tid
        self._windows: list[tuple[int, bytes]] = []

    def at(self, address: int) -> tuple[bytes, int]:
        """A window and the place of `address` in it, at least one byte before its end. Raises `OSError`, `Gone`."""
        for start, window in self._windows:
            if 0 <= address - start < len(window):
                return window, address - start
        start = address - address % PAGE
        window = self._memory.read(self._tid, start, _WINDOW)
        if address - start >= len(window):
            raise OSError(errno.EFAULT, "an argument lies in unmapped memory")
        self._windows.insert(0, (start, window))
        del self._windows[_MOST_WINDOWS:]
        return window, address - start


def _pointers(pages: _Pages, address: int) -> Sequence[int]:
    """The array up to its NULL; a null array is an empty one (execve(2), Linux)."""
    if not address:
        return ()
    found: list[int] = []
    rest = b""
    while len(found) < MOST_POINTERS:
        window, place = pages.at(address)
        address += len(window) - place
        data = rest + window[place:] if rest else window[place:]
        values = struct.unpack_from(f"{len(data) // 8}Q", data)
        if 0 in values:
            found += values[: values.index(0)]
            return found
        found += values
        rest = data[len(data) // 8 * 8 :]  # an array need not be aligned: an element may lie across two windows
    raise OSError(errno.E2BIG, "too many arguments")


def _strings(pages: _Pages, pointers: Sequence[int]) -> list[bytes]:
    found, total = [], 0
    window, start, size = b"", 0, 0
    for pointer in pointers:
        place = pointer - start
        end = window.find(b"\0", place) if 0 <= place < size else -1
        if end >= 0:
            text = window[place:end]
        else:
            text = _string(pages, pointer, LONGEST_STRING, errno.E2BIG)
            window, place = pages.at(pointer)
            start, size = pointer - place, len(window)
        total += len(text) + 1
        if total > MOST_BYTES:
            raise OSError(errno.E2BIG, f"arguments of more than {MOST_BYTES >> 20} MiB")
        found.append(text)
    return found


def _string(pages: _Pages, address: int, longest: int, too_long: int) -> bytes:
    parts: list[bytes] = []
    length = 0
    while length <= longest:
        window, place = pages.at(address)
        end = window.find(b"\0", place)
        if end >= 0:
            return b"".join((*parts, window[place:end])) if parts else window[place:end]
        parts.append(window[place:])
        length += len(window) - place
        address += len(window) - place
    raise OSError(too_long, os.strerror(too_long))


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
