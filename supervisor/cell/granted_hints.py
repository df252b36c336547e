"""Which paths a program start names that its cell does not show, or not for writing, and that could be granted.

File access is not asked about, so nothing here knows that something was refused: only what the words of a start say,
against what the cell shows. Each path is told once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Final

from supervisor.cell.facts import Host, HostFacts
from supervisor.cell.granted import grantable
from supervisor.cell.layout import below
from supervisor.cell.plan import CellPlan, Mount
from supervisor.model.grant import PathMatcher
from supervisor.model.request import Exec

MOST_TOLD: Final = 50
_MOST_WORDS: Final = 400
_MOST_TEXT: Final = 20_000
_SHELLS: Final = frozenset("sh bash dash zsh ksh fish busybox".split())
_WRITES_ALL: Final = frozenset("tee touch mkdir rm rmdir truncate chmod chown chgrp unlink shred mkfifo".split())
_WRITES_LAST: Final = frozenset("cp mv install ln rsync".split())
_NOT_TOLD: Final = ("/tmp", "/var/tmp", "/dev", "/proc", "/sys", "/run", "/var/run")
"""The cell has places of its own under these names, which agents use without having the host's in mind."""
_IN_TEXT: Final = re.compile(r"(?:(?P<write>>>?\|?)\s*)?(?<![\w./~$}*?-])(?P<path>~?/[\w.+@%,/-]+)")


class Hints:
    """Of one session; from one thread at a time."""

    def __init__(self, plan: CellPlan, facts: HostFacts | None = None) -> None:
        self._plan = plan
        self._facts = facts if facts is not None else Host()
        self._binds = {mount.target: mount for mount in plan.mounts if mount.kind in ("bind", "tmpfs", "hold")}
        self._seen: set[tuple[str, bool]] = set()
        self._told = 0

    def of(self, start: Exec, granted: Iterable[PathMatcher] = ()) -> list[tuple[str, bool]]:
        """The paths, and whether they are to be written; nothing that was told before, or is `granted` now."""
        found: list[tuple[str, bool]] = []
        for path, write in _named(start, self._plan.home):
            known = (path, write)
            if self._told >= MOST_TOLD or known in self._seen or len(self._seen) > 100 * MOST_TOLD:
                continue
            if any(below(path, grant.path) and (grant.write or not write) for grant in granted):
                continue
            self._seen.add(known)
            if self._lacks(path, write) and grantable(path, write, self._plan, self._facts):
                self._told += 1
                found.append(known)
        return found

    def _lacks(self, path: str, write: bool) -> bool:
        """Whether the host has this path, or could make it, and the cell does not."""
        if any(below(path, place) for place in _NOT_TOLD) and not below(path, self._plan.home):
            return False
        around = self._around(path)
        if around is None:  # /bin is a link to what is shown
            around = self._around(self._facts.real(path))
        if around is not None and around.kind != "tmpfs":
            return write and not around.writable
        return self._facts.kind(path) != "" or (write and self._facts.kind(str(PurePosixPath(path).parent)) == "folder")

    def _around(self, path: str) -> Mount | None:
        for folder in (path, *map(str, PurePosixPath(path).parents)):
            if folder in self._binds:
                return self._binds[folder]
        return None


def _named(start: Exec, home: str) -> Iterator[tuple[str, bool]]:
    """Absolute paths in the words of a start, without `..`, and whether it would write there."""
    name = start.argv[0].rpartition("/")[2] if start.argv else ""
    words = start.argv[1:_MOST_WORDS]
    if name in _SHELLS and "-c" in words[:4]:
        text = words[words.index("-c") + 1] if words.index("-c") + 1 < len(words) else ""
        for match in _IN_TEXT.finditer(text[:_MOST_TEXT]):
            if match["write"]:
                yield _whole(match["path"], home), True
        return
    paths = [word for word in (word.partition("=")[2] or word for word in words) if word.startswith("/")]
    if name == "dd":
        for word in words:
            key, _, path = word.partition("=")
            if path.startswith("/"):
                yield _whole(path, home), key == "of"
        return
    for path in paths:
        write = name in _WRITES_ALL or (name in _WRITES_LAST and path is paths[-1] and words[-1].endswith(path))
        yield _whole(path, home), write


def _whole(path: str, home: str) -> str:
    return os.path.normpath(f"{home}{path[1:]}" if path.startswith("~") else path)
