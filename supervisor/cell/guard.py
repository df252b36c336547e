"""Keeps frozen and hidden files of a running cell as they are when somebody outside replaces them.

A mount sits on a file, not on its name: `git config` outside writes a new file and renames it over the old one, and
the kernel then takes the mount on the old one away (mount_namespaces(7)). The builder waits for that, and puts a new
one there within a fraction of a millisecond; what happens in between is the agent's.
"""

from __future__ import annotations

import errno
import os
import select

from supervisor.cell import kernel
from supervisor.cell.mounts import cover

TYPE_CHECKING = False  # as `typing` has it, without loading `typing`
if TYPE_CHECKING:
    from supervisor.cell.granted_mounts import GrantedMounts

_LONGEST_RETRY_MS = 50
_GONE = (errno.ENOENT, errno.ENOTDIR)
_FROZEN = kernel.ATTR_RDONLY | kernel.ATTR_NOSUID | kernel.ATTR_NODEV


class Guard:
    """The watch over `guarded` = (target, kind of its entry), from within the mount namespace of the cell's PID 1."""

    def __init__(self, pid: int, guarded: list[tuple[str, str]]) -> None:
        self._guarded = {_escaped(target): (target, kind) for target, kind in guarded}
        self._mounts = os.open(f"/proc/{pid}/mountinfo", os.O_RDONLY | os.O_CLOEXEC)
        space = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        kernel.enter(space, kernel.CLONE_NEWNS)
        self.space = space
        self._root = os.open("/", os.O_PATH | os.O_CLOEXEC)
        self._known = self._mounted()
        # Covers for what was not there in the first place are none that could get lost.
        self._guarded = {name: self._guarded[name] for name in self._guarded if name in self._known}

    def serve(self, ended: int, granted: GrantedMounts | None = None) -> None:
        """Watch, and serve what is `granted`, until the descriptor `ended` is readable."""
        waiting = select.poll()
        waiting.register(ended, select.POLLIN)
        if granted is not None:
            waiting.register(granted.fileno(), select.POLLIN)
        waiting.register(self._mounts, select.POLLPRI | select.POLLERR)
        delay: int | None = None
        while True:
            events = waiting.poll(delay)
            if any(number == ended for number, _ in events):
                return
            if granted is not None and any(number == granted.fileno() for number, _ in events) and not granted.serve():
                waiting.unregister(granted.fileno())
                granted = None
            if self._mend():
                delay = None
            else:
                # We are told before the new file has the name: look again at once, then ever less often.
                delay = 0 if events or delay is None else min(delay * 2 + 1, _LONGEST_RETRY_MS)

    def _mend(self) -> bool:
        """Put back what is missing; false if something could not be, because nothing has its name now."""
        whole = True
        mounted = self._mounted()
        for name, (target, kind) in self._guarded.items():
            if name in mounted:
                continue
            try:
                self._put(target, kind)
            except OSError as error:
                if error.errno not in _GONE:
                    raise
                whole = False
        return whole

    def _put(self, target: str, kind: str) -> None:
        place = kernel.open_beneath(self._root, target)
        try:
            if kind == "hide":
                cover(place, "")
                return
            tree = kernel.clone_tree(place)
            try:
                kernel.set_attributes(tree, _FROZEN)
                kernel.attach(tree, place)
            finally:
                os.close(tree)
        finally:
            os.close(place)

    def _mounted(self) -> set[bytes]:
        os.lseek(self._mounts, 0, os.SEEK_SET)
        data = b""
        while more := os.read(self._mounts, 65536):
            data += more
        return {line.split(b" ", 5)[4] for line in data.splitlines()}


def _escaped(target: str) -> bytes:
    """A path as mountinfo writes it; see proc_pid_mountinfo(5)."""
    name = os.fsencode(target)
    for char in (b"\\", b" ", b"\t", b"\n", b"#"):
        name = name.replace(char, b"\\%03o" % char[0])
    return name
