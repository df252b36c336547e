"""Finds the programs of a cell that can still write to a path because they have something in it open for writing.

The builder loads this, so it imports as little as `kernel`. Sources: proc_pid_fd(5), proc_pid_fdinfo(5),
proc_pid_maps(5).
"""

# pathlib takes longer to load than all of this.
# ruff: noqa: PTH208
from __future__ import annotations

import os

_WRITES = os.O_WRONLY | os.O_RDWR


def writers(proc: int, space: int, path: str) -> list[int]:
    """The ids of processes in the mount namespace behind the descriptor `space` that hold `path`, or something below.

    `proc` is a descriptor of a /proc that shows them; names are told as this process sees them, so it stands in the
    same namespace.
    """
    wanted = os.fstat(space)
    found = []
    for name in os.listdir(proc):
        if not name.isdigit():
            continue
        try:
            if not os.path.samestat(os.stat(f"{name}/ns/mnt", dir_fd=proc), wanted):
                continue
            if _writes(proc, name, path) or _maps(proc, name, path):
                found.append(int(name))
        except OSError:
            continue  # It is another user's, or has ended.
    return found


def _writes(proc: int, name: str, path: str) -> bool:
    folder = os.open(f"{name}/fd", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=proc)
    try:
        for number in os.listdir(folder):
            try:
                if not _lies_in(os.readlink(number, dir_fd=folder), path):
                    continue
                told = _text(proc, f"{name}/fdinfo/{number}")
            except OSError:
                continue  # It was closed meanwhile.
            flags = next((line.split()[1] for line in told.splitlines() if line.startswith("flags:")), "0")
            if int(flags, 8) & _WRITES:
                return True
    finally:
        os.close(folder)
    return False


def _maps(proc: int, name: str, path: str) -> bool:
    for line in _text(proc, f"{name}/maps").splitlines():
        words = line.split(None, 5)
        if len(words) == 6 and words[1].endswith("s") and _lies_in(words[5], path):
            return True
    return False


def _lies_in(name: str, path: str) -> bool:
    return name.startswith(f"{path}/") or name in (path, f"{path} (deleted)")


def _text(proc: int, name: str) -> str:
    file = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc)
    with os.fdopen(file, "rb") as opened:
        return opened.read().decode("utf-8", "surrogateescape")
