"""Makes what a plan needs outside of the cell before it starts, and takes it away again."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from supervisor.cell.plan import Placeholder
from supervisor.errors import HostError


class Made:
    """Placeholders that exist because of one cell."""

    def __init__(self, wanted: Sequence[Placeholder]) -> None:
        """Make them; what is there already stays and is not ours. Raises `HostError`."""
        self._made: list[tuple[Path, str | None]] = []
        try:
            for placeholder in wanted:
                self._make(placeholder)
        except OSError as error:
            self.remove()
            raise HostError(
                f"cannot be made, so it could not be frozen: {error.strerror}",
                where=str(error.filename or ""),
                fix="make its folder writable for you, or take the path out of the scope",
            ) from error

    def _make(self, placeholder: Placeholder) -> None:
        path = Path(placeholder.path)
        missing = [folder for folder in path.parents if not os.path.lexists(folder)]
        for folder in (*reversed(missing), *((path,) if placeholder.text is None else ())):
            if os.path.lexists(folder):
                continue
            folder.mkdir(mode=0o700 if placeholder.keep else 0o755)
            self._own(folder)
            if not placeholder.keep:
                self._made.append((folder, None))
        if placeholder.text is None:
            return
        try:
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
            file = os.open(path, flags, 0o644)
        except FileExistsError:
            return
        with os.fdopen(file, "w", encoding="utf-8") as opened:
            opened.write(placeholder.text)
        self._own(path)
        if not placeholder.keep:
            self._made.append((path, placeholder.text))

    def _own(self, path: Path) -> None:
        """What root makes in somebody's folder belongs to that folder's owner."""
        parent = path.parent.stat()
        if os.geteuid() == 0 and (parent.st_uid, parent.st_gid) != (0, os.getegid()):
            os.chown(path, parent.st_uid, parent.st_gid, follow_symlinks=False)

    def remove(self) -> None:
        """Take away what is still as it was made."""
        for path, text in reversed(self._made):
            try:
                status = path.lstat()
                if text is None:
                    path.rmdir()
                elif stat.S_ISREG(status.st_mode) and path.read_text("utf-8") == text:
                    path.unlink()
            except (OSError, UnicodeError):
                continue  # In use by now: it is the developer's.
        self._made.clear()
