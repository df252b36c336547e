"""Finds files with set-id bits, by `find` while a walk looks at names: asking for each file's mode takes far longer."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
from pathlib import Path
from typing import Final

_FIND: Final = ("/usr/bin/find", "/bin/find")
_SET_ID: Final = 0o6000


class SetIds:
    """A search below `root` that has begun; `cut` says why it did not come to its end, if it did not."""

    def __init__(self, root: str) -> None:
        self.cut = ""
        program = next((path for path in _FIND if Path(path).exists()), None)
        self._root, self._search = root, None
        if program is None:
            self.cut = "set-id bits were not looked for: there is no `find`"
            return
        words = [program, "-P", root, "-xdev", "-type", "f", "-perm", "/6000", "-print0"]
        self._search = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={"LC_ALL": "C"},
            cwd="/",
        )  # fmt: skip

    def found(self, since: int, seconds: float) -> dict[str, os.stat_result]:
        """The files, relative to the root, that have such a bit and changed after `since` (ns); waits so long."""
        if self._search is None:
            return {}
        try:
            listed, _ = self._search.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self._search.kill()
            listed, _ = self._search.communicate()
            self.cut = "there was no time to look at all files for set-id bits"
        found: dict[str, os.stat_result] = {}
        for path in listed.split(b"\0")[:-1]:
            with contextlib.suppress(OSError):
                status = Path(os.fsdecode(path)).lstat()
                if stat.S_ISREG(status.st_mode) and status.st_mode & _SET_ID and status.st_ctime_ns >= since:
                    found[os.fsdecode(path)[len(self._root) :].lstrip("/")] = status
        return found
