"""Which programs of the cell are behind a client's address: /proc from outside, best effort, bounded in time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from supervisor.model.request import Process

_SECONDS = 0.25
_MOST_LINKS = 16
_ESTABLISHED = "01"
_PROC = Path("/proc")


def chain_behind(cell: Callable[[], int]) -> Callable[[tuple[str, int]], tuple[Process, ...]]:
    """A function from a client's address to its process and that one's parents up to the cell's first process.

    `cell` gives the host's pid of the cell's first process, 0 while there is none. The result is empty where the
    process cannot be told in 250 ms: it is shown to people and never decided on.
    """

    def chain_of(peer: tuple[str, int]) -> tuple[Process, ...]:
        first = cell()
        if first <= 0:
            return ()
        deadline = time.monotonic() + _SECONDS
        inode = _inode(first, peer)
        parents = _family(first)
        if inode is None:
            return ()
        for pid in sorted(parents, reverse=True):
            if time.monotonic() > deadline:
                break
            if _holds(pid, inode):
                return tuple(_up(pid, parents))
        return ()

    return chain_of


def _inode(pid: int, peer: tuple[str, int]) -> str | None:
    """The inode of the socket whose local end is `peer`, in the network namespace of `pid` (proc_net(5))."""
    if ":" in peer[0]:
        return None
    octets = bytes(int(octet) for octet in peer[0].split("."))
    local = f"{int.from_bytes(octets, 'little'):08X}:{peer[1]:04X}"
    with (_PROC / str(pid) / "net/tcp").open(encoding="ascii") as table:
        for line in table:
            fields = line.split()
            if len(fields) > 9 and fields[1] == local and fields[3] == _ESTABLISHED:
                return fields[9]
    return None


def _family(first: int) -> dict[int, int]:
    """Every descendant of `first` with its parent."""
    found, rest = {first: 0}, [first]
    try:
        while rest:
            parent = rest.pop()
            for child in _children(parent):
                if child not in found:
                    found[child] = parent
                    rest.append(child)
    except FileNotFoundError:
        return _family_of_all(first)
    return found


def _children(pid: int) -> Iterator[int]:
    """The children of a process, empty when it has ended (proc_tid_children(5), where the kernel has it)."""
    tasks = _PROC / str(pid) / "task"
    try:
        threads = os.listdir(tasks)  # noqa: PTH208
    except OSError:
        return
    for thread in threads:
        try:
            yield from map(int, (tasks / thread / "children").read_bytes().split())
        except FileNotFoundError:
            if (tasks / thread).exists():
                raise
        except OSError:
            continue


def _family_of_all(first: int) -> dict[int, int]:
    """The same from every process that there is, which takes longer (proc_pid_stat(5), field 4)."""
    parent_of: dict[int, int] = {}
    for name in os.listdir(_PROC):  # noqa: PTH208 - a Path for each of thousands of entries is most of the cost
        if name.isdigit():
            try:
                stat = (_PROC / name / "stat").read_bytes()
            except OSError:
                continue
            parent_of[int(name)] = int(stat.rpartition(b")")[2].split()[1])

    def belongs(pid: int) -> bool:
        seen = 0
        while pid not in (first, 0, 1) and seen < 1000:
            pid, seen = parent_of.get(pid, 0), seen + 1
        return pid == first

    return {pid: parent for pid, parent in parent_of.items() if belongs(pid)}


def _holds(pid: int, inode: str) -> bool:
    wanted = f"socket:[{inode}]"
    try:
        with os.scandir(_PROC / str(pid) / "fd") as entries:
            return any(_link(entry.path) == wanted for entry in entries)
    except OSError:
        return False


def _link(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115
    except OSError:
        return ""


def _up(pid: int, parents: dict[int, int]) -> Iterator[Process]:
    for _ in range(_MOST_LINKS):
        try:
            words = (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")[:-1]
            program = os.fsdecode(os.readlink(_PROC / str(pid) / "exe"))  # noqa: PTH115
        except OSError:
            return
        yield Process(pid, program, tuple(os.fsdecode(word) for word in words))
        if pid not in parents or parents[pid] not in parents:
            return
        pid = parents[pid]
