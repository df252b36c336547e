"""What a copy in a writable place is a copy of: the programs that a cell finds by name, and its loaders, by content."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Sequence

from supervisor.cell import kernel

_CHUNK = 1 << 20
_LIBRARIES = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64",
    *(f"{above}/{machine}-linux-gnu" for above in ("/lib", "/usr/lib") for machine in ("x86_64", "aarch64", "i386")),
)  # fmt: skip
_ANY = re.compile("")
_LOADER = re.compile(r"ld-.*\.so(?:\.[0-9]+)?\Z|ld64\.so(?:\.[0-9]+)?\Z")
"""A loader starts any program that it is told to (ld.so(8)), and lies in no folder of PATH."""


class Catalog:
    """The files of `folders` (PATH, as the cell names them) below `root`, and the loaders of programs; looked through
    when it is first needed.

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
            places = [(folder, _ANY) for folder in self._folders] + [(folder, _LOADER) for folder in _LIBRARIES]
            for folder, names in dict.fromkeys(places):
                try:
                    here = kernel.open_beneath(root, folder, follow=True)
                except OSError:
                    continue
                try:
                    if os.fstatvfs(here).f_flag & os.ST_RDONLY:
                        self._list(here, names, found)
                finally:
                    os.close(here)
        finally:
            os.close(root)
        return found

    def _list(self, folder: int, names: re.Pattern[str], found: dict[int, list[tuple[str, str]]]) -> None:
        place = os.readlink(f"/proc/self/fd/{folder}")  # noqa: PTH115
        with os.scandir(f"/proc/self/fd/{folder}") as entries:
            for entry in entries:
                if not names.match(entry.name):
                    continue
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
