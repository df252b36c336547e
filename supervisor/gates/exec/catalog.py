"""The programs that a cell finds by name, by their size and content: what a copy in a writable place is a copy of."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence

from supervisor.cell import kernel

_CHUNK = 1 << 20


class Catalog:
    """The files of `folders` (PATH, as the cell names them) below `root`; looked through when it is first needed.

    Only what lies where the cell cannot write counts: nothing vouches for itself.
    """

    def __init__(self, root: str, folders: Sequence[str]) -> None:
        self._root, self._folders = root, folders
        self._by_size: dict[int, list[tuple[str, str]]] | None = None
        self._names: set[str] = set()
        self._digests: dict[str, str] = {}

    def names(self, sha256: str, size: int, path: str) -> tuple[str, ...]:
        """What a changeable file at `path` is called by its content.

        A file that only bears the name of a program is `unknown-NAME`, so that no rule for the program speaks of it.
        """
        if self._by_size is None:
            self._by_size = self._listed()
        same = tuple(name for name, file in self._by_size.get(size, ()) if self._digest(file) == sha256)
        if same:
            return same
        name = os.path.basename(path)  # noqa: PTH119
        return (f"unknown-{name}",) if name in self._names else ()

    def _listed(self) -> dict[int, list[tuple[str, str]]]:
        found: dict[int, list[tuple[str, str]]] = {}
        root = os.open(self._root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for folder in dict.fromkeys(self._folders):
                try:
                    here = kernel.open_beneath(root, folder, follow=True)
                except OSError:
                    continue
                try:
                    if os.fstatvfs(here).f_flag & os.ST_RDONLY:
                        self._list(here, found)
                finally:
                    os.close(here)
        finally:
            os.close(root)
        return found

    def _list(self, folder: int, found: dict[int, list[tuple[str, str]]]) -> None:
        place = os.readlink(f"/proc/self/fd/{folder}")  # noqa: PTH115
        with os.scandir(f"/proc/self/fd/{folder}") as entries:
            for entry in entries:
                self._names.add(entry.name)
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(status.st_mode) and status.st_size:
                    found.setdefault(status.st_size, []).append((entry.name, f"{place}/{entry.name}"))

    def _digest(self, path: str) -> str:
        if path not in self._digests:
            self._digests[path] = self._hashed(path)
        return self._digests[path]

    def _hashed(self, path: str) -> str:
        root = os.open(self._root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            descriptor = kernel.open_beneath(root, path, follow=True)
        except OSError:
            return ""
        finally:
            os.close(root)
        try:
            file = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return ""
        finally:
            os.close(descriptor)
        try:
            digest = hashlib.sha256()
            while data := os.read(file, _CHUNK):
                digest.update(data)
            return digest.hexdigest()
        finally:
            os.close(file)
