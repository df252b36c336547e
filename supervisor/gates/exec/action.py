"""A program start as the session is asked about it: the same value again for the same start."""

from __future__ import annotations

import os
from typing import Final

from supervisor.gates.exec.image import Image
from supervisor.model.request import Exec, Process

_MOST_KEPT: Final = 2048
_LONGEST_KEPT: Final = 4096

Variables = tuple[tuple[str, str], ...]


class Actions:
    """Makes them of what was found out; belongs to one thread. What is kept is kept by all that it is made of."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Image, tuple[bytes, ...], str, Variables], Exec] = {}

    def of(self, image: Image, argv: tuple[bytes, ...], cwd: str, env: Variables) -> Exec:
        """The start of `image` with the words `argv` that were asked for, in the folder `cwd`."""
        key = image, argv, cwd, env
        found = self._kept.get(key)
        if found is None:
            found = _made(image, argv or (b"",), cwd, env)
            if sum(map(len, found.argv)) <= _LONGEST_KEPT:
                if len(self._kept) >= _MOST_KEPT:
                    self._kept.clear()
                self._kept[key] = found
        return found


def _made(image: Image, argv: tuple[bytes, ...], cwd: str, env: Variables) -> Exec:
    return Exec(
        program=image.path,
        argv=tuple(map(os.fsdecode, argv)),
        cwd=cwd,
        known_as=image.known_as,
        script=image.first if image.script else "",
        sha256=image.sha256,
        env=env,
        hashbang=_hashbang(image, len(argv)),
    )


def _hashbang(image: Image, words: int) -> tuple[str, ...]:
    """What stands between an interpreter and its script, and the script where an interpreter may take it for a word.

    Its interpreter is given the path as the caller spelled it: a file `destroy` or `-destroy` here is that word.
    """
    if not image.script:
        return ()
    *put, spelled = map(os.fsdecode, image.argv[1 : len(image.argv) - words + 1])
    return (*put, spelled) if "/" not in spelled or spelled.startswith("-") else tuple(put)


def process(pid: int, image: Image) -> Process:
    """What runs when the start has happened."""
    return Process(pid, image.path, tuple(map(os.fsdecode, image.argv)))
