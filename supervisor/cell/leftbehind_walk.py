"""A walk through a folder that the agent can write: what in it counts, as it is now, in bounded time.

The folder may belong to an agent that runs in another cell right now, so no link is followed on any path and nothing
but regular files is opened.
"""

from __future__ import annotations

import itertools
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from supervisor.cell import kernel
from supervisor.cell import leftbehind_places as places
from supervisor.cell.leftbehind_places import RunsLater
from supervisor.cell.leftbehind_texts import TELLING

MOST_ENTRIES: Final = 3_000_000
MOST_MARKS: Final = 20_000
_MOST_BYTES: Final = 512 * 1024
_MOST_IN_ONE: Final = 250_000
_MOST_NAMES: Final = 1000
_DEEPEST: Final = 120
_CLOCK_EVERY: Final = 64
_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_IN_BULK: Final = frozenset((".bin", "providers", "pyvenv.cfg", "sitecustomize.py", "usercustomize.py"))
_SYSTEM: Final = ("/usr/", "/bin/", "/lib/", "/lib64/", "/sbin/", "/opt/", "/nix/", "/snap/", "/etc/alternatives/")


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that counts. `telling` is what of it counts, in words or as a digest; empty: nothing now.

    `state` changes with the file, `changed` is its ctime in nanoseconds.
    """

    rule: RunsLater
    telling: tuple[str, ...]
    state: tuple[int, ...]
    changed: int
    top: str
    """The path that stands for it in a report: the outermost folder that the rule names."""


@dataclass(slots=True)
class Look:
    """What was found below a folder, by path relative to it; `unseen` are folders that were not looked through."""

    marks: dict[str, Mark] = field(default_factory=dict)
    unseen: set[str] = field(default_factory=set)
    cut: str = ""
    entries: int = 0

    def holds(self, folder: str) -> bool:
        """Whether something that counts lay in a folder, or it was not looked at."""
        inside = f"{folder}/"
        return bool(self.unseen) or any(path.startswith(inside) for path in self.marks)


def look_through(root: str, *, seconds: float, entries: int = MOST_ENTRIES) -> Look:
    """Look through `root` for at most so many seconds and entries."""
    walk = _Walk(root, time.monotonic() + seconds, entries)
    try:
        top = os.open(root, _FOLDER_FLAGS)
    except OSError as error:
        walk.look.unseen.add("")
        walk.look.cut = f"the folder cannot be read: {error.strerror}"
        return walk.look
    try:
        walk.use(top)
        walk.folder(top, "", "", None, "", depth=0, bulk=False)
    finally:
        os.close(top)
    return walk.look


class _Walk:
    def __init__(self, root: str, deadline: float, most: int) -> None:
        self.look = Look()
        self._root, self._deadline, self._most = root, deadline, most
        self._countdown = _CLOCK_EVERY
        self._is_over = False
        self._top = -1

    def use(self, top: int) -> None:
        """The open folder that everything lies in."""
        self._top = top

    def folder(
        self, number: int, path: str, name: str, rule: RunsLater | None, top: str, *, depth: int, bulk: bool
    ) -> None:
        """One open folder; `rule` holds for everything in it."""
        try:
            with os.scandir(number) as listing:
                listed = list(itertools.islice(listing, _MOST_IN_ONE))
                if next(listing, None) is not None:
                    self._unseen(path, f"a folder has more than {_MOST_IN_ONE:,} entries")
        except OSError as error:
            self._unseen(path, f"a folder cannot be read: {error.strerror}")
            return
        self.look.entries += len(listed)
        names = {entry.name for entry in listed} if len(listed) < 10_000 else set()
        if "HEAD" in names and "objects" in names and "refs" in names and name.lower() != ".git":
            self._repository(number, path)
        is_venv = "pyvenv.cfg" in names
        bulk = bulk or is_venv or name in places.BULK
        folders: list[tuple[str, RunsLater | None, str]] = []
        parent, start, is_top = name.lower(), f"{path}/" if path else "", not path
        rule_for = places.rule_for
        for entry in listed:
            own = entry.name
            low = own.lower()
            applies = rule
            if applies is None and (not bulk or low in _IN_BULK or low[-4:] == ".pth"):
                applies = rule_for(parent, low, top=is_top)
            if entry.is_dir(follow_symlinks=False):
                if low == ".git":
                    self._inside(number, own, start + own, self._repository)
                    continue
                outermost = (top or start + own) if applies else ""
                if applies is None and is_venv and low in ("bin", "scripts"):
                    applies, outermost = places.VENV_PROGRAM, start + own
                folders.append((own, applies, outermost))
            elif entry.is_file(follow_symlinks=False):
                if low == ".git":
                    self._file(number, own, start + own, places.GIT_FILE, start + own)
                elif applies is not None:
                    self._file(number, own, start + own, applies, top or start + own)
            elif entry.is_symlink():
                known = places.GIT_FILE if low == ".git" else applies
                self._link(number, own, start + own, known, (top or start + own) if applies else "", bulk)
            else:
                self._odd(number, own, start + own)
        for own, applies, outermost in folders:
            inner = f"{path}/{own}" if path else own
            if self._over() or depth >= _DEEPEST:
                self._unseen(inner, self.look.cut or "folders lie too deep in one another")
                continue
            try:
                below = os.open(own, _FOLDER_FLAGS, dir_fd=number)
            except OSError as error:
                self._unseen(inner, f"a folder cannot be read: {error.strerror}")
                continue
            try:
                self.folder(below, inner, own, applies, outermost, depth=depth + 1, bulk=bulk)
            finally:
                os.close(below)

    def _over(self) -> bool:
        look = self.look
        self._countdown -= 1
        if self._is_over or self._countdown > 0:
            return self._is_over
        self._countdown = _CLOCK_EVERY
        if look.entries >= self._most or len(look.marks) >= MOST_MARKS:
            self._is_over, look.cut = True, f"there are more than {look.entries:,} files"
        elif time.monotonic() > self._deadline:
            self._is_over, look.cut = True, f"there was time for {look.entries:,} files"
        return self._is_over

    def _unseen(self, path: str, why: str) -> None:
        self.look.unseen.add(path)
        self.look.cut = self.look.cut or why

    # ── one entry ────────────────────────────────────────────────────────────────────────────────

    def _file(self, folder: int, name: str, path: str, rule: RunsLater, top: str) -> None:
        try:
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        except OSError:
            self._unread(folder, name, path, rule, top)
            return
        with os.fdopen(file, "rb") as opened:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                return
            data = opened.read(_MOST_BYTES + 1)
        state = state_of(status)
        if len(data) > _MOST_BYTES:
            telling: tuple[str, ...] = (f"{status.st_size} bytes", str(status.st_mtime_ns), str(status.st_ctime_ns))
        elif rule.reads:
            telling = TELLING[rule.reads](data.decode("utf-8", "surrogateescape"))
            if rule.reads == "make":
                telling = (*telling[:-1], sha256(data).hexdigest())
        else:
            telling = (sha256(data).hexdigest(),)
        if status.st_mode & 0o6000:
            telling = (*telling, "set-id")
        self.look.marks[path] = Mark(rule, telling, state, status.st_ctime_ns, top)

    def _unread(self, folder: int, name: str, path: str, rule: RunsLater, top: str) -> None:
        status = _status(folder, name)
        if status is not None:
            telling = ("unreadable", str(status.st_size), str(status.st_mtime_ns))
            self.look.marks[path] = Mark(rule, telling, state_of(status), status.st_ctime_ns, top)

    def _link(self, folder: int, name: str, path: str, rule: RunsLater | None, top: str, bulk: bool) -> None:
        try:
            target = os.readlink(name, dir_fd=folder)
        except OSError:
            return
        if rule is None:
            if bulk or not self._leads_out(path, target):
                return
            rule, top = places.OUTWARD, path
        status = _status(folder, name)
        if status is not None:
            telling = (f"→ {target}",) if rule is places.OUTWARD else (f"→ {target}", *self._behind(path))
            self.look.marks[path] = Mark(rule, telling, (stat.S_IFLNK,), status.st_ctime_ns, top or path)

    def _behind(self, path: str) -> tuple[str, ...]:
        """What a link that counts leads to, as far as it lies in the folder: the agent may have written it."""
        try:
            place = kernel.open_beneath(self._top, path, follow=True)
        except OSError:
            return ()
        try:
            status = os.fstat(place)
            if stat.S_ISREG(status.st_mode):
                kinds = [("", status)]
            elif stat.S_ISDIR(status.st_mode):
                below = os.open(f"/proc/self/fd/{place}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                try:
                    kinds = [(name, known) for name in _names(below) if (known := _status(below, name)) is not None]
                finally:
                    os.close(below)
            else:
                return ()
        except OSError:
            return ()
        finally:
            os.close(place)
        told = sorted((name, *state_of(known)) for name, known in kinds)
        return (sha256(repr(told).encode("utf-8", "surrogateescape")).hexdigest(),)

    def _leads_out(self, path: str, target: str) -> bool:
        if target.startswith(_SYSTEM):
            return False
        whole = os.path.normpath(target if target.startswith("/") else f"{self._root}/{path}/../{target}")
        return whole != self._root and not whole.startswith(f"{self._root.rstrip('/')}/")

    def _odd(self, folder: int, name: str, path: str) -> None:
        status = _status(folder, name)
        if status is None:
            return
        is_door = stat.S_ISSOCK(status.st_mode) or stat.S_ISFIFO(status.st_mode)
        kind = "socket" if stat.S_ISSOCK(status.st_mode) else "FIFO" if is_door else "device"
        rule = places.DOOR if is_door else places.DEVICE
        self.look.marks[path] = Mark(rule, (kind, str(status.st_ino)), state_of(status), status.st_ctime_ns, path)

    # ── repositories ─────────────────────────────────────────────────────────────────────────────

    def _inside(self, folder: int, name: str, path: str, then: Callable[[int, str], None]) -> None:
        try:
            below = os.open(name, _FOLDER_FLAGS, dir_fd=folder)
        except OSError as error:
            self._unseen(path, f"a folder cannot be read: {error.strerror}")
            return
        try:
            then(below, path)
        finally:
            os.close(below)

    def _repository(self, folder: int, path: str, depth: int = 0) -> None:
        """What in a repository makes git run something; its objects are not looked through."""
        for name in ("config", "config.worktree"):
            self._known(folder, name, path, places.GIT_CONFIG)
        self._known(folder, "commondir", path, places.GIT_ELSEWHERE)
        for name in ("rebase-merge/git-rebase-todo", "rebase-merge/git-rebase-todo.backup", "sequencer/todo"):
            self._known(folder, name, path, places.GIT_TODO)
        if _is_folder(folder, "hooks"):
            self._inside(folder, "hooks", f"{path}/hooks", self._hooks)
        else:
            self._known(folder, "hooks", path, places.GIT_HOOK)
        if _is_folder(folder, "info"):
            self._inside(folder, "info", f"{path}/info", self._attributes)
        if depth == 0 and _is_folder(folder, "worktrees"):
            self._inside(folder, "worktrees", f"{path}/worktrees", self._worktrees)
        if depth < 6 and _is_folder(folder, "modules"):
            self._inside(folder, "modules", f"{path}/modules", lambda n, p: self._modules(n, p, depth + 1))

    def _hooks(self, folder: int, path: str) -> None:
        for name in _names(folder):
            if not name.endswith(".sample"):
                self._known(folder, name, path, places.GIT_HOOK)

    def _attributes(self, folder: int, path: str) -> None:
        self._known(folder, "attributes", path, places.NAMES[".gitattributes"])

    def _worktrees(self, folder: int, path: str) -> None:
        for name in _names(folder):
            if _is_folder(folder, name):
                self._inside(folder, name, f"{path}/{name}", self._worktree)

    def _worktree(self, folder: int, path: str) -> None:
        self._known(folder, "config.worktree", path, places.GIT_CONFIG)

    def _modules(self, folder: int, path: str, depth: int) -> None:
        for name in _names(folder):
            if _is_folder(folder, name):
                self._inside(folder, name, f"{path}/{name}", lambda n, p: self._module(n, p, depth))

    def _module(self, folder: int, path: str, depth: int) -> None:
        if _status(folder, "HEAD") is not None:
            self._repository(folder, path, depth)
        elif depth < 6:
            self._modules(folder, path, depth + 1)

    def _known(self, folder: int, name: str, path: str, rule: RunsLater) -> None:
        status = _status(folder, name)
        inner = f"{path}/{name}" if path else name
        if status is None:
            return
        if stat.S_ISLNK(status.st_mode):
            self._link(folder, name, inner, rule, inner, bulk=False)
        elif stat.S_ISREG(status.st_mode):
            self._file(folder, name, inner, rule, inner)


def _names(folder: int) -> list[str]:
    try:
        return os.listdir(folder)[:_MOST_NAMES]
    except OSError:
        return []


def _is_folder(folder: int, name: str) -> bool:
    status = _status(folder, name)
    return status is not None and stat.S_ISDIR(status.st_mode)


def _status(folder: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return None


def state_of(status: os.stat_result) -> tuple[int, ...]:
    """What changes with a file: kind, bits, number, size, time."""
    return (stat.S_IFMT(status.st_mode), status.st_mode & 0o6111, status.st_ino, status.st_size, status.st_mtime_ns)
