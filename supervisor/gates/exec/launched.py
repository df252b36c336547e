"""Which program a start of the dynamic loader would map: it opens that file itself, and no further start shows it.

The gate can vouch for what a loader will find only where nothing in the cell can be changed on the way to it: every
folder of an absolute path, and the file, on mounts that are read-only. All else is refused: started by itself it is
looked at.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from typing import Final

from supervisor.cell import kernel
from supervisor.parse.names import is_loader

WHY: Final = (
    "agent-supervise: denied: the dynamic loader may not start a file that can be changed here; start it itself"
)
"""What the caller is told."""

# ld.so(8), and musl's ldso/dynlink.c.
_VALUES: Final = frozenset(
    {
        b"--library-path", b"--inhibit-rpath", b"--audit", b"--preload", b"--argv0", b"--glibc-hwcaps-prepend",
        b"--glibc-hwcaps-mask",
    }
)  # fmt: skip
_FLAGS: Final = frozenset({b"--inhibit-cache"})
_LOOKS: Final = frozenset(
    {b"--list", b"--verify", b"--list-tunables", b"--list-diagnostics", b"--help", b"--version"}
)  # fmt: skip
"""With these nothing is run."""
_TRACES: Final = b"LD_TRACE_LOADED_OBJECTS="


class Refused(OSError):
    """A start that fails, and why: `line` is for its caller."""

    def __init__(self, line: str) -> None:
        super().__init__(errno.EACCES, line)
        self.line = line


def is_launcher(path: str, known_as: tuple[str, ...]) -> bool:
    """Whether a program is a dynamic loader, by its canonical path or by what its content is known as."""
    # musl's loader is its C library (ldso/dynlink.c), under either name.
    return any(is_loader(name) or name == "libc.so" for name in (path.rpartition("/")[2], *known_as))


def launched(root: int, path: str, argv: tuple[bytes, ...], env: tuple[bytes, ...]) -> tuple[str, ...]:
    """The name that what the loader at `path` maps has in the cell's `root`, where it is called otherwise.

    Raises `Refused` where that cannot be known.
    """
    name = _program(argv[1:])
    traced = "musl" not in path and not path.endswith("/libc.so") and any(entry.startswith(_TRACES) for entry in env)
    if name is None or traced:
        return ()
    real = _settled(root, os.fsdecode(name))
    if not real:
        raise Refused(WHY)
    own = real.rpartition("/")[2]
    return (own,) if own != os.fsdecode(name).rpartition("/")[2] else ()


def _program(words: tuple[bytes, ...]) -> bytes | None:
    """The file among a loader's words, empty where it cannot be told; `None` if nothing will be run."""
    at = 0
    while at < len(words):
        word, equals, _ = words[at].partition(b"=")
        if words[at] in _LOOKS:
            return None
        if words[at] == b"--":
            return words[at + 1] if at + 1 < len(words) else None
        if word in _VALUES:
            at += 1 if equals else 2
        elif words[at] in _FLAGS:
            at += 1
        else:
            return b"" if word.startswith(b"-") else words[at]
    return None


def _settled(root: int, path: str) -> str:
    """The canonical path of a file in whose place nothing in the cell can put another one; empty if it is none."""
    if not path.startswith("/") or ".." in path.split("/"):
        return ""
    try:
        real = ""
        for place in _on_the_way(path):
            real = _unchangeable(root, place)
        for place in _on_the_way(real):
            _unchangeable(root, place)
    except OSError:
        return ""
    return real


def _on_the_way(path: str) -> Iterator[str]:
    yield "/"
    parts = path.strip("/").split("/")
    for count in range(1, len(parts) + 1):
        yield "/" + "/".join(parts[:count])


def _unchangeable(root: int, path: str) -> str:
    """The canonical path. Raises `OSError` where it is not there, or writable."""
    place = kernel.open_beneath(root, path, follow=True)
    try:
        if not os.fstatvfs(place).f_flag & os.ST_RDONLY:
            raise OSError(errno.EACCES, "can be changed")
        return os.readlink(f"/proc/self/fd/{place}")  # noqa: PTH115
    finally:
        os.close(place)
