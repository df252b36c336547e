"""From the words of the command line to an adapter and a program that exists."""

from __future__ import annotations

import difflib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from supervisor.agents.adapter import Adapter
from supervisor.agents.known import KNOWN, PROGRAM
from supervisor.errors import UsageError

_SHEBANG_BYTES = 256
_MOST_INTERPRETERS = 4
_SYSTEM = frozenset(
    {"bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "opt", "proc", "run", "sbin", "sys", "usr", "var"}
)


def adapter_for(program: str) -> Adapter:
    """What we know of the agent that `program` (a name or a path) starts; `PROGRAM` where that is nothing."""
    name = Path(program).name.removesuffix(".exe")
    return next((adapter for adapter in KNOWN if name in adapter.programs), PROGRAM)


def resolve_agent(words: Sequence[str], environment: Mapping[str, str]) -> Path:
    """The program that `words` start, as an absolute path; raises `UsageError` with a way to get it.

    Its own name may be a link, as a multi-call program's is; its folder is free of links, which a cell may not have.
    """
    if not words:
        raise UsageError("no agent to start", fix="name one: agent-supervise claude")
    program = words[0]
    found = shutil.which(program, path=environment.get("PATH", os.defpath))
    if found is not None:
        path = Path(found).absolute()
        return path.parent.resolve() / path.name
    adapter = adapter_for(program)
    if "/" in program:
        there = Path(program).exists()
        what = f"{program} is not executable" if there else f"{program} does not exist"
        raise UsageError(what, fix=f"chmod +x {program}" if there else "check the path")
    if adapter.install:
        raise UsageError(f"{adapter.title} is not installed (no {program} in PATH)", fix=adapter.install)
    close = difflib.get_close_matches(program, [name for known in KNOWN for name in known.programs], 1)
    raise UsageError(
        f"{program} is not installed (not in PATH)",
        fix=f"did you mean {close[0]}?" if close else "install it, or give its path",
    )


def readable_for(program: Path, home: Path) -> tuple[Path, ...]:
    """The folders that the program's own files lie in, where a cell would not show them: in a home, or off the system.

    Links and `#!` lines are followed; for an npm package that is its whole prefix, for a Python environment its root
    and the interpreter's own.
    """
    folders: dict[Path, None] = {}
    pending, seen = [program], 0
    while pending and seen < _MOST_INTERPRETERS:
        seen += 1
        link = pending.pop()
        real = link.resolve()
        for path in (link.absolute(), real):
            folder = _installation(path)
            # A program that lies in the home itself brings itself, never its whole surroundings.
            folders[path if folder == home or folder in home.parents else folder] = None
        interpreter = _interpreter(real)
        if interpreter is not None:
            pending.append(interpreter)
        configuration = link.parent.parent / "pyvenv.cfg"
        if configuration.is_file():
            folders[configuration.parent] = None
    return tuple(folder for folder in folders if home in folder.parents or _is_elsewhere(folder))


def _is_elsewhere(folder: Path) -> bool:
    """Neither the system's, which a cell shows anyway, nor so near the root that it is many things."""
    return len(folder.parts) > 2 and folder.parts[1] not in _SYSTEM


def _installation(path: Path) -> Path:
    parts = path.parts
    if "node_modules" in parts:
        top = Path(*parts[: parts.index("node_modules") + 1])
        return top.parent.parent if top.parent.name == "lib" else top
    if path.parent.name == "bin" and (path.parent.parent / "lib").is_dir():
        return path.parent.parent
    return path.parent


def _interpreter(path: Path) -> Path | None:
    try:
        with path.open("rb") as file:
            first = file.read(_SHEBANG_BYTES).split(b"\n")[0]
    except OSError:
        return None
    if not first.startswith(b"#!"):
        return None
    words = os.fsdecode(first[2:]).split()
    if words and Path(words[0]).name == "env":
        names = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        found = shutil.which(names[0]) if names else None
        return Path(found) if found else None
    return Path(words[0]) if words else None
