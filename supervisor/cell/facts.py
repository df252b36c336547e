"""What a plan asks about the host's files: kinds, owners, entries, texts. The real host, or a value in tests."""

from __future__ import annotations

import os
import pwd
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

Kind = Literal["folder", "file", "link", "socket", "fifo", "device", ""]
MOST_TEXT_BYTES = 256 * 1024
SURVEY_SECONDS = 0.6


@dataclass(frozen=True, slots=True)
class Survey:
    """What lies somewhere below a folder: `doors` are sockets and FIFOs, behind which somebody outside may listen;
    `repositories` are folders called `.git`.
    """

    doors: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    cut: str = ""
    """Why not everything was seen, if it was not."""


class HostFacts(Protocol):
    """Answers about one host; nothing is changed by asking."""

    def user(self) -> tuple[int, int, str]:
        """(user id, group id, name) of whoever starts the cell."""

    def kind(self, path: str) -> Kind:
        """What lies at a path, links not followed; "" for nothing."""

    def real(self, path: str) -> str:
        """The path with all links resolved; what does not exist is kept."""

    def link(self, path: str) -> str:
        """Where a link leads, as it is written."""

    def owner(self, path: str) -> tuple[int, int]:
        """(user id, group id) of an existing path."""

    def entries(self, path: str) -> tuple[str, ...]:
        """The names in a folder, sorted; none if it cannot be read."""

    def text(self, path: str, most: int = MOST_TEXT_BYTES) -> str:
        """A text file of at most so many bytes; "" if it is missing, unreadable or larger."""

    def survey(self, path: str) -> Survey:
        """Look through a whole folder, as far as there is time."""

    def may_make(self, path: str) -> bool:
        """Whether who starts the cell could make what does not exist at a path; no, on a read-only file system."""

    def sockets(self) -> tuple[str, ...]:
        """Where sockets of this host are bound, as far as the kernel tells: absolute paths, perhaps with links."""


class Host:
    """The host that this process runs on."""

    def user(self) -> tuple[int, int, str]:
        uid = os.geteuid()
        try:
            name = pwd.getpwuid(uid).pw_name
        except KeyError:
            name = str(uid)
        return uid, os.getegid(), name

    def kind(self, path: str) -> Kind:
        try:
            mode = os.lstat(path).st_mode
        except (OSError, ValueError):
            return ""
        return _kind(mode)

    def real(self, path: str) -> str:
        return os.path.realpath(path)

    def link(self, path: str) -> str:
        return os.readlink(path)  # noqa: PTH115 - as it is written, not as pathlib tidies it

    def owner(self, path: str) -> tuple[int, int]:
        status = Path(path).stat()
        return status.st_uid, status.st_gid

    def entries(self, path: str) -> tuple[str, ...]:
        try:
            return tuple(sorted(os.listdir(path)))  # noqa: PTH208
        except OSError:
            return ()

    def text(self, path: str, most: int = MOST_TEXT_BYTES) -> str:
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            return ""
        with os.fdopen(file, "rb") as opened:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                return ""
            data = opened.read(most + 1)
        return "" if len(data) > most else data.decode("utf-8", "surrogateescape")

    def may_make(self, path: str) -> bool:
        folder = Path(path).parent
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        try:
            if os.statvfs(folder).f_flag & os.ST_RDONLY:
                return False
            # An owner can give himself the right back.
            return os.access(folder, os.W_OK) or folder.stat().st_uid == os.geteuid()
        except OSError:
            return True

    def sockets(self) -> tuple[str, ...]:
        try:
            lines = Path("/proc/net/unix").read_bytes().splitlines()[1:]
        except OSError:
            return ()
        # proc_net(5): the path is the eighth field, and may contain spaces.
        found = {line.split(None, 7)[7] for line in lines if line.count(b" ") >= 7 and b" /" in line}
        return tuple(sorted(os.fsdecode(path) for path in found if path.startswith(b"/")))

    def survey(self, path: str) -> Survey:
        deadline = time.monotonic() + SURVEY_SECONDS
        seen = 0
        doors: list[str] = []
        repositories: list[str] = []
        pending = [path]
        while pending:
            if time.monotonic() > deadline:
                return Survey(tuple(doors), tuple(repositories), f"there was time for {seen:,} files")
            try:
                entries = os.scandir(pending.pop())
            except OSError:
                continue  # What we cannot list, a program with our rights cannot reach by name either.
            with entries:
                for entry in entries:
                    seen += 1
                    # The directory tells these kinds without a call for each entry.
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                        if entry.name.lower() == ".git":
                            repositories.append(entry.path)
                    elif not entry.is_file(follow_symlinks=False) and not entry.is_symlink():
                        doors.append(entry.path)
        return Survey(tuple(doors), tuple(repositories))


def _kind(mode: int) -> Kind:
    if stat.S_ISDIR(mode):
        return "folder"
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISSOCK(mode):
        return "socket"
    if stat.S_ISFIFO(mode):
        return "fifo"
    return "device"
