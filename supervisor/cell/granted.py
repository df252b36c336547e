"""Which paths of the host can be granted to a running cell, and how they are shown there."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from supervisor.cell import places
from supervisor.cell.facts import HostFacts
from supervisor.cell.git import git_files, repository_files
from supervisor.cell.layout import below
from supervisor.cell.plan import CellPlan
from supervisor.errors import UsageError

_MOST_PINS = 400
_MOST_DOORS = 200


@dataclass(frozen=True, slots=True)
class Showing:
    """A path as a cell will see it: the very file or folder (`device`, `inode`), and what of it is kept back.

    `pins` are paths in it that nothing may replace, each with whether it is for reading only; parents come first.
    """

    path: str
    device: int
    inode: int
    writable: bool
    owner: tuple[int, int] | None
    pins: tuple[tuple[str, bool], ...] = ()
    covered: tuple[str, ...] = ()


def showing(path: str, *, writable: bool, plan: CellPlan, facts: HostFacts, environment: Mapping[str, str]) -> Showing:
    """What a grant of `path` shows; raises `UsageError` where it cannot be granted, with the way out."""
    named = f"{plan.home}{path[1:]}" if path == "~" or path.startswith("~/") else path
    if not named.startswith("/") or "\0" in named:
        raise UsageError("a path is granted by its absolute name", where=path, fix="write the whole path, or ~/…")
    real = facts.real(named)
    try:
        status = Path(real).lstat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot be granted: {reason}", where=named) from error
    is_folder = stat.S_ISDIR(status.st_mode)
    if not is_folder and not stat.S_ISREG(status.st_mode):
        raise UsageError("only folders and ordinary files can be granted", where=named)
    _refuse(real, writable, plan, facts)
    survey = facts.survey(real) if is_folder else None
    if survey is not None and survey.cut:
        raise UsageError(
            f"too much lies in this folder to look for what must stay hidden: {survey.cut}",
            where=real,
            fix="grant the part of it that is needed",
        )
    if survey is not None and len(survey.doors) > _MOST_DOORS:
        why = f"{len(survey.doors):,} sockets and FIFOs lie in it, behind which somebody may listen"
        raise UsageError(why, where=real, fix="grant the part of it that is needed")
    pins = _pins(real, survey.repositories, facts) if writable and survey is not None else ()
    owner = facts.owner(real) if plan.as_root and not any(below(real, top) for top in places.SYSTEM) else None
    return Showing(
        real, status.st_dev, status.st_ino, writable, owner, pins, survey.doors if survey is not None else ()
    )


def grantable(path: str, writable: bool, plan: CellPlan, facts: HostFacts) -> bool:
    """Whether a path is not of those that are never granted."""
    try:
        _refuse(facts.real(path), writable, plan, facts)
    except (UsageError, OSError, ValueError):
        return False
    return True


def _refuse(real: str, writable: bool, plan: CellPlan, facts: HostFacts) -> None:
    if below(plan.home, real) or below(plan.workspace, real) or real in places.NEVER_A_WORKSPACE:
        raise UsageError("too much lies in this folder to show it to an agent", where=real, fix="grant what is needed")
    for place in plan.hidden:
        if below(real, place):
            raise UsageError(
                f"{place} is hidden from agents, because it holds secrets or runs when you log in",
                where=real,
                fix="copy what the task needs of it to another place, and grant that",
            )
        if below(place, real) and facts.kind(place):
            raise UsageError(f"{place} lies in it, which is hidden from agents", where=real, fix="grant what is needed")
    if any(below(real, top) for top in ("/proc", "/sys", "/dev", "/run")):
        raise UsageError("the cell has a place of its own under this name", where=real)
    if writable and any(below(real, top) for top in places.BELOW_THESE_NO_WORKSPACE):
        raise UsageError("a folder of the system cannot be written by an agent", where=real)


def _pins(real: str, repositories: Sequence[str], facts: HostFacts) -> tuple[tuple[str, bool], ...]:
    """What runs later in a folder that the agent may write, as far as it exists; and the folders on the way to it."""
    frozen = [f"{real}/{name}" for name in places.RUNS_LATER if facts.kind(f"{real}/{name}") in ("file", "folder")]
    frozen += [path for path in git_files(facts, real).frozen if facts.kind(path) and below(path, real)]
    for folder in repositories:
        if folder != f"{real}/.git":
            frozen += [path for path in repository_files(facts, folder).frozen if facts.kind(path)]
    pins: dict[str, bool] = {}
    for path in frozen[:_MOST_PINS]:
        on_the_way = [str(parent) for parent in PurePosixPath(path).parents if below(str(parent), real)]
        if any(facts.kind(folder) != "folder" for folder in on_the_way):
            continue
        for folder in on_the_way:
            if folder != real:
                pins.setdefault(folder, False)
        pins[path] = True
    return tuple(sorted(pins.items(), key=lambda pin: len(PurePosixPath(pin[0]).parts)))


Request = tuple[str, str, str, tuple[int, int], bool, tuple[int, int] | None, list[tuple[str, bool]], list[str]]


def request_of(name: str, shown: Showing) -> Request:
    """The request that `granted_mounts` serves."""
    return (
        "show",
        name,
        os.fspath(shown.path),
        (shown.device, shown.inode),
        shown.writable,
        shown.owner,
        list(shown.pins),
        list(shown.covered),
    )
