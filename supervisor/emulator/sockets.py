"""Unix sockets at paths of any length: longer ones are reached through a descriptor of their folder."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

DIRECT: Final = 100
"""Bytes of a path that `sun_path` surely takes (unix(7): 108 on Linux, 104 on macOS)."""


@contextmanager
def _reachable(path: Path) -> Iterator[str]:
    if len(os.fsencode(path)) <= DIRECT:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def listen(path: Path, backlog: int = 8) -> socket.socket:
    """A listening socket at `path` that only this user reaches; what lay there is replaced. Raises `OSError`."""
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        with _reachable(path) as name:
            sock.bind(name)
        path.chmod(0o600)
        sock.listen(backlog)
    except OSError:
        sock.close()
        raise
    return sock


def connect(path: Path) -> socket.socket:
    """A non-blocking connection to `path`. Raises `OSError`."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        with _reachable(path) as name:
            sock.connect(name)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock
