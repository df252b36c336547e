"""Makes what a plan needs outside of the cell before it starts, and takes it away again.

The folders may belong to an agent that runs in another cell right now, so no link is followed on any path. Sessions
that share a placeholder each hold a shared lock on it; the last one takes it away.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from supervisor.cell import kernel
from supervisor.cell.plan import Placeholder
from supervisor.errors import HostError


class Made:
    """Placeholders that exist because of one cell, or of others beside it."""

    def __init__(self, wanted: Sequence[Placeholder]) -> None:
        """Make them; what is there already and is no other session's stays for ever. Raises `HostError`."""
        self._made: list[tuple[str, str | None, int]] = []
        for placeholder in wanted:
            try:
                self._make(placeholder)
            except OSError as error:
                self.remove()
                raise HostError(
                    f"cannot be made, so it could not be frozen: {os.strerror(error.errno or errno.EIO)}",
                    where=placeholder.path,
                    fix="make its folder writable for you, or take the path out of the scope",
                ) from error

    def _make(self, placeholder: Placeholder) -> None:
        path = PurePosixPath(placeholder.path)
        for folder in reversed(path.parents[:-1]):
            self._one(str(folder), None, placeholder.keep)
        self._one(str(path), placeholder.text, placeholder.keep)

    def _one(self, path: str, text: str | None, keep: bool) -> None:
        """One file, or folder if `text` is `None`."""
        with _folder_of(path) as (folder, name):
            is_new = True
            try:
                if text is None:
                    os.mkdir(name, 0o700 if keep else 0o755, dir_fd=folder)
                else:
                    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
                    with os.fdopen(os.open(name, flags, 0o644, dir_fd=folder), "w", encoding="utf-8") as file:
                        file.write(text)
                _own(folder, name)
            except FileExistsError:
                is_new = False
            if keep or (not is_new and any(path == made for made, _, _ in self._made)):
                return
            lock = _hold(folder, name, is_new=is_new)
            if lock >= 0:
                self._made.append((path, text, lock))

    def remove(self) -> None:
        """Take away what is still as it was made and held by nobody else."""
        for path, text, lock in reversed(self._made):
            with contextlib.suppress(OSError), _folder_of(path) as (folder, name):
                # Held by another session, in use, or changed: it stays.
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if text is None:
                    os.rmdir(name, dir_fd=folder)
                elif _is_still(lock, text, os.stat(name, dir_fd=folder, follow_symlinks=False)):
                    os.unlink(name, dir_fd=folder)
            os.close(lock)
        self._made.clear()


@contextlib.contextmanager
def _folder_of(path: str) -> Iterator[tuple[int, str]]:
    """A descriptor of the folder that a path lies in, reached without links, and the path's name in it."""
    pure = PurePosixPath(path)
    root = os.open("/", os.O_PATH | os.O_CLOEXEC)
    try:
        folder = kernel.open_beneath(root, str(pure.parent))
    finally:
        os.close(root)
    try:
        yield folder, pure.name
    finally:
        os.close(folder)


def _hold(folder: int, name: str, *, is_new: bool) -> int:
    """A shared lock on a placeholder, or -1 where it is neither new nor held by another session."""
    try:
        lock = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        if is_new:
            raise
        return -1
    if not is_new:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass  # Another session's; we hold it together.
        else:
            os.close(lock)
            return -1
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return lock


def _is_still(lock: int, text: str, there: os.stat_result) -> bool:
    return os.path.samestat(os.fstat(lock), there) and os.pread(lock, len(text) + 1, 0) == text.encode()


def _own(folder: int, name: str) -> None:
    """What root makes in somebody's folder belongs to that folder's owner."""
    parent = os.fstat(folder)
    if os.geteuid() == 0 and (parent.st_uid, parent.st_gid) != (0, os.getegid()) and stat.S_ISDIR(parent.st_mode):
        os.chown(name, parent.st_uid, parent.st_gid, dir_fd=folder, follow_symlinks=False)
