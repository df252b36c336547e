"""A host as a value for plans, and real cells for everything else."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from supervisor.agents.cellside import Needs
from supervisor.cell.facts import Kind, Survey
from supervisor.cell.plan import CellPlan, plan_cell
from supervisor.cell.start import Cell, start_cell
from supervisor.policy.scope import Files

NOTHING = Needs((), (), (), (), ())
SECONDS = 20.0
PYTHON = next((path for path in ("/usr/bin/python3", "/usr/local/bin/python3") if Path(path).exists()), "")
"""A Python that every cell shows; ours may lie in a home."""


@dataclass
class Facts:
    """A host of files named in `files` (text, or `None` for a folder) and links; folders around them exist too."""

    files: dict[str, str | None]
    links: dict[str, str] = field(default_factory=dict)
    doors: tuple[str, ...] = ()
    who: tuple[int, int, str] = (1001, 1001, "dev")
    sealed: bool = False

    def user(self) -> tuple[int, int, str]:
        return self.who

    def kind(self, path: str) -> Kind:
        if path in self.links:
            return "link"
        if path in self.files and self.files[path] is not None:
            return "file"
        return "folder" if path in self.files or any(name.startswith(f"{path}/") for name in self.files) else ""

    def real(self, path: str) -> str:
        for link, target in self.links.items():
            if path == link or path.startswith(f"{link}/"):
                return self.real(str(PurePosixPath(link).parent / target) + path[len(link) :])
        return path

    def link(self, path: str) -> str:
        return self.links[path]

    def owner(self, path: str) -> tuple[int, int]:
        return self.who[:2]

    def entries(self, path: str) -> tuple[str, ...]:
        below = [name[len(path) + 1 :] for name in self.files if name.startswith(f"{path}/")]
        return tuple(sorted({name.partition("/")[0] for name in below}))

    def text(self, path: str, most: int = 0) -> str:
        return self.files.get(self.real(path)) or ""

    def may_make(self, path: str) -> bool:
        return not self.sealed

    def sockets(self) -> tuple[str, ...]:
        return self.doors

    def survey(self, path: str) -> Survey:
        parts = [PurePosixPath(name).parts for name in self.files if name.startswith(f"{path}/")]
        found = {str(PurePosixPath(*part[: part.index(".git") + 1])) for part in parts if ".git" in part[:-1]}
        return Survey(tuple(door for door in self.doors if door.startswith(f"{path}/")), tuple(sorted(found)))


def planned(facts: Facts, **changes: Any) -> CellPlan:
    """A plan on a made-up host: workspace /home/dev/work."""
    given: dict[str, Any] = {
        "workspace": Path("/home/dev/work"),
        "home": Path("/home/dev"),
        "files": Files(),
        "needs": NOTHING,
        "environment": {"PATH": "/usr/bin"},
        "set_environment": {},
        "ports": {"proxy": 3128},
        "facts": facts,
    }
    return plan_cell(**(given | changes))


@dataclass(frozen=True)
class Done:
    """What a program in a cell did."""

    code: int
    out: str
    err: str


@dataclass
class Stage:
    """A workspace, a home with planted secrets, and cells around them."""

    workspace: Path
    home: Path
    environment: dict[str, str]

    def plan(self, **changes: Any) -> CellPlan:
        given: dict[str, Any] = {
            "workspace": self.workspace,
            "home": self.home,
            "files": Files(),
            "needs": NOTHING,
            "environment": self.environment,
            "set_environment": {"AGENT_SUPERVISE_SESSION": "s1"},
            "ports": {"proxy": 3128},
        }
        return plan_cell(**(given | changes))

    def start(self, argv: Sequence[str], *, pty: bool = False, **changes: Any) -> Cell:
        plan = self.plan(**changes)
        stdio: Any = "pty" if pty else "pipes"
        return start_cell(plan, argv, columns=80, rows=24, stdio=stdio, exec_gate=False)

    def run(self, *argv: str, **changes: Any) -> Done:
        """Run a program in a cell to its end."""
        with self.start(argv, **changes) as cell:
            cell.go()
            os.close(cell.stdin)
            cell.stdin = -1
            texts = {cell.stdout: b"", cell.stderr: b""}
            waiting = list(texts)
            deadline = time.monotonic() + SECONDS
            while waiting:
                ready, _, _ = select.select(waiting, [], [], max(0.0, deadline - time.monotonic()))
                assert ready, "the program did not end"
                for number in ready:
                    data = os.read(number, 65536)
                    texts[number] += data
                    if not data:
                        waiting.remove(number)
            out, err = (texts[number].decode("utf-8", "replace") for number in (cell.stdout, cell.stderr))
            return Done(cell.wait(SECONDS), out, err)

    def sh(self, script: str, **changes: Any) -> Done:
        """Run shell text in a cell."""
        return self.run("/bin/sh", "-c", script, **changes)


def until(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        select.select([], [], [], 0.01)


def read_until(number: int, word: bytes, seconds: float = SECONDS) -> bytes:
    """Read a descriptor until `word` was seen; returns everything read."""
    deadline = time.monotonic() + seconds
    data = b""
    while word not in data:
        ready, _, _ = select.select([number], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"{word!r} never came: {data!r}"
        more = os.read(number, 65536)
        assert more, f"{word!r} never came: {data!r}"
        data += more
    return data
