"""Folders and files that are this user's alone: made so, and refused where they are not.

A record that others may write is no record, and a link may lead anywhere: what is a symbolic link, belongs to somebody
else, or is open to others is never used.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from supervisor.errors import JournalError

FOLDER_MODE = 0o700
FILE_MODE = 0o600


def make_private(folder: Path) -> Path:
    """`folder`, made with mode 0700 if it is not there; what is above it is made too. Raises `JournalError`."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        try:
            folder.mkdir(mode=FOLDER_MODE)
        except FileExistsError:
            pass
        else:
            folder.chmod(FOLDER_MODE)  # the umask may have taken our own rights away
    except OSError as error:
        fix = "make the folder above it writable, or set XDG_STATE_HOME to a place that is"
        raise JournalError(f"the folder cannot be made: {error.strerror}", where=str(folder), fix=fix) from error
    return check_private(folder)


def check_private(folder: Path) -> Path:
    """`folder` if it is a real folder, ours, and nobody else may use it. Raises `JournalError`."""
    try:
        status = folder.lstat()
    except OSError as error:
        raise JournalError(f"the folder cannot be read: {error.strerror}", where=str(folder)) from error
    if why := _foreign(status):
        raise JournalError(f"{why}: it is not used", where=str(folder), fix=_fix(folder, status))
    return folder


def open_private(path: Path) -> int:
    """A descriptor for reading a file of ours, never through a link. Raises `OSError`, `JournalError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
        os.close(descriptor)
        raise JournalError("it is no file of this user: it is not used", where=str(path))
    return descriptor


def write_private(path: Path, text: str) -> None:
    """Write a new file with mode 0600 and make it durable; what is there already is never written over.

    Foreign bytes that `text` carries as surrogates (`os.fsdecode`) come out as they were. Raises `OSError`.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, FILE_MODE), "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable (fsync(2): a new file's entry needs its own). Raises `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _foreign(status: os.stat_result) -> str:
    if stat.S_ISLNK(status.st_mode):
        return "it is a symbolic link"
    if not stat.S_ISDIR(status.st_mode):
        return "it is no folder"
    if status.st_uid != os.geteuid():
        return f"it belongs to another user (uid {status.st_uid})"
    if stat.S_IMODE(status.st_mode) & 0o077:
        return f"other users may use it (mode {stat.S_IMODE(status.st_mode):o})"
    return ""


def _fix(folder: Path, status: os.stat_result) -> str:
    if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid():
        return f"look at what is in it, then `chmod 700 {folder}`"
    return "move it away, or set XDG_STATE_HOME to a folder of yours"
