"""What a program start asks for, read from the memory of the thread that makes it."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from supervisor.gates.exec.calls import PAGE, Memory, Note

LONGEST_STRING = 128 << 10
"""MAX_ARG_STRLEN of execve(2)."""
MOST_BYTES = 8 << 20
MOST_POINTERS = 1 << 18
_SPAN = 128 << 10
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
    name = _string(memory, note.tid, path, _LONGEST_PATH, errno.ENAMETOOLONG)
    words = _strings(memory, note.tid, _pointers(memory, note.tid, argv))
    variables = _strings(memory, note.tid, _pointers(memory, note.tid, env))
    return Call(name, tuple(words), tuple(variables), folder, bool(flags & _AT_EMPTY_PATH))


def _pointers(memory: Memory, tid: int, address: int) -> Sequence[int]:
    """The array up to its NULL; a null array is an empty one (execve(2), Linux)."""
    if not address:
        return ()
    found: list[int] = []
    while len(found) < MOST_POINTERS:
        data = memory.read(tid, address, PAGE - address % PAGE if len(found) < 512 else 16 * PAGE - address % PAGE)
        count = len(data) // 8
        if not count:
            # An array whose element crosses a page is read by elements.
            data = memory.read(tid, address, 8)
            if len(data) < 8:
                raise OSError(errno.EFAULT, "an argument array ends in unmapped memory")
            count = 1
        values = struct.unpack_from(f"{count}Q", data)
        if 0 in values:
            found += values[: values.index(0)]
            return found
        found += values
        address += count * 8
    raise OSError(errno.E2BIG, "too many arguments")


def _strings(memory: Memory, tid: int, pointers: Sequence[int]) -> list[bytes]:
    """The strings behind pointers; those that lie near each other, on a stack or a heap, come with one read."""
    found: dict[int, bytes] = {}
    ordered = sorted(set(pointers))
    at = total = 0
    while at < len(ordered):
        first, end = ordered[at], at + 1
        while end < len(ordered) and ordered[end] - ordered[end - 1] <= PAGE and ordered[end] - first <= _SPAN:
            end += 1
        last = ordered[end - 1]
        blob = memory.read(tid, first, last - first + PAGE - last % PAGE)
        for pointer in ordered[at:end]:
            stop = blob.find(b"\0", pointer - first)
            text = blob[pointer - first : stop] if stop >= 0 else _string(memory, tid, pointer)
            found[pointer] = text
            total += len(text) + 1
            if total > MOST_BYTES:
                raise _too_long()
        at = end
    if sum(len(found[pointer]) + 1 for pointer in pointers) > MOST_BYTES:
        raise _too_long()
    return [found[pointer] for pointer in pointers]


def _too_long() -> OSError:
    return OSError(errno.E2BIG, f"arguments of more than {MOST_BYTES >> 20} MiB")


def _string(
    memory: Memory, tid: int, address: int, longest: int = LONGEST_STRING, too_long: int = errno.E2BIG
) -> bytes:
    parts, length = [], 0
    while length <= longest:
        data = memory.read(tid, address, PAGE - address % PAGE)
        if not data:
            raise OSError(errno.EFAULT, "a string ends in unmapped memory")
        end = data.find(b"\0")
        if end >= 0:
            parts.append(data[:end])
            return b"".join(parts)
        parts.append(data)
        length += len(data)
        address += len(data)
    raise OSError(too_long, os.strerror(too_long))


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a thread stands: `pid` is its process, as this process sees it."""

    pid: int

    @property
    def pid_inside(self) -> int:
        """What the process is called in its cell. Raises `OSError` when it is gone."""
        return int(_status(self.pid)[b"NSpid"].split()[-1])


def standing(tid: int) -> Standing:
    """Where the thread stands. Raises `OSError` when it is gone."""
    try:
        # Only a process's first thread has a descriptor (pidfd_open(2)); its status costs the kernel far more to tell.
        os.close(os.pidfd_open(tid))
    except OSError:
        return Standing(int(_status(tid)[b"Tgid"]))
    return Standing(tid)


def _status(tid: int) -> dict[bytes, bytes]:
    """The fields of /proc/TID/status (proc_pid_status(5))."""
    fields: dict[bytes, bytes] = {}
    with open(f"/proc/{tid}/status", "rb", buffering=0) as file:  # noqa: PTH123 - where program starts come through
        for line in file.read(2048).split(b"\n"):
            name, _, value = line.partition(b":")
            fields[name] = value
    return fields
