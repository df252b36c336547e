"""What a session leaves in the folders that its agent could write, compared with what was there before."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from supervisor.cell import leftbehind_places as places
from supervisor.cell.leftbehind_bits import SetIds
from supervisor.cell.leftbehind_walk import Look, Mark, look_through, state_of
from supervisor.cell.plan import CellPlan
from supervisor.model.event import FilesLeft, LeftBehind

BEFORE_SECONDS: Final = 1.0
AFTER_SECONDS: Final = 6.0
MOST_LISTED: Final = 60
_FEW: Final = 3
_MARGIN_NS: Final = 20_000_000
"""A file system's clock may lag the system's by a timer tick (up to 10 ms)."""
_MOST_TOLD: Final = 3
_LONGEST_WORD: Final = 80


@dataclass(frozen=True, slots=True)
class Root:
    """A folder that the agent can write, and how its files are called in a report ("" = relative to it)."""

    path: str
    shown: str = ""


class Watch:
    """Looks through folders before an agent can write them, and again when it has ended."""

    def __init__(self, roots: Sequence[Root]) -> None:
        self._roots = list(roots)
        self._before: dict[str, Look] = {}
        self._since: dict[str, int] = {}

    def begin(self, seconds: float = BEFORE_SECONDS) -> None:
        """See what is there. What there is no time for is judged later by when it changed."""
        deadline = time.monotonic() + seconds
        for root in self._roots:
            self._see(root, max(deadline - time.monotonic(), 0.05))

    def add(self, root: Root, seconds: float = BEFORE_SECONDS) -> None:
        """One more folder, which the agent cannot write yet."""
        if all(known.path != root.path for known in self._roots):
            self._roots.append(root)
            self._see(root, seconds)

    def _see(self, root: Root, seconds: float) -> None:
        self._since[root.path] = time.time_ns() - _MARGIN_NS
        self._before[root.path] = look_through(root.path, seconds=seconds)

    def end(self, seconds: float = AFTER_SECONDS) -> FilesLeft:
        """What is to be looked at now that nothing of the agent runs any more."""
        deadline = time.monotonic() + seconds
        found: list[LeftBehind] = []
        cuts: list[str] = []
        for root in self._roots:
            if root.path not in self._before:
                continue
            since = self._since[root.path]
            bits = SetIds(root.path)
            after = look_through(root.path, seconds=max(deadline - time.monotonic(), 0.2))
            for path, status in bits.found(since, max(deadline - time.monotonic(), 0.2)).items():
                word = "set-user-id" if status.st_mode & stat.S_ISUID else "set-group-id"
                known = Mark(places.SET_ID, (word,), state_of(status), status.st_ctime_ns, path)
                after.marks.setdefault(path, known)
            after.cut = after.cut or bits.cut
            found += compared(self._before[root.path], after, since, root.shown)
            if after.cut:
                cuts.append(f"{root.shown or 'the workspace'}: {after.cut}")
        # Those nearest to the top first: a flood of others must not push them off the list.
        found.sort(key=lambda left: (not left.alone, left.path.count("/"), left.path))
        return FilesLeft(tuple(found[:MOST_LISTED]), max(len(found) - MOST_LISTED, 0), "; ".join(cuts))


def written_roots(plan: CellPlan, besides: Iterable[str] = ()) -> list[Root]:
    """The folders of the host that a cell's agent can write, the workspace first; not those in `besides`."""
    left_out = set(besides)
    sources = [
        mount.source
        for mount in plan.mounts
        if mount.kind == "bind" and mount.writable and not mount.devices and mount.source not in left_out
    ]
    outer = [
        path
        for path in dict.fromkeys(sources)
        if not any(path != other and path.startswith(f"{other}/") for other in (*sources, *left_out))
    ]
    outer.sort(key=lambda path: path != plan.workspace)
    return [Root(path, "" if path == plan.workspace else path) for path in outer]


def compared(before: Look, after: Look, since: int, shown: str = "") -> list[LeftBehind]:
    """What counts in `after` and did not stand like that in `before`, which was looked through at `since`.

    Of a folder that `before` did not get to, only the time of the last change tells.
    """
    fresh = [path.rpartition("/")[0] for path in after.marks if path.rpartition("/")[2] == "pyvenv.cfg"]
    fresh = [folder for folder in fresh if folder and not before.holds(folder)]
    groups: dict[tuple[str, places.RunsLater], list[tuple[str, str]]] = {}
    for path, mark in after.marks.items():
        around = next((folder for folder in fresh if path.startswith(f"{folder}/")), "")
        if around and mark.rule is not places.SET_ID:
            groups.setdefault((around, places.VENV), [(around, "new")])
            continue
        what = _difference(before, path, mark, since)
        if what:
            top = mark.top if mark.top != path else path
            groups.setdefault((top, mark.rule), []).append((path, what))
    found: list[LeftBehind] = []
    for (top, rule), members in groups.items():
        if len(members) > _FEW:
            found.append(LeftBehind(_named(shown, top), f"{len(members)} files new or changed", rule.why, rule.alone))
        else:
            found += [LeftBehind(_named(shown, path), what, rule.why, rule.alone) for path, what in members]
    return found


def _named(shown: str, path: str) -> str:
    return f"{shown}/{path}" if shown else path


def _difference(before: Look, path: str, mark: Mark, since: int) -> str:
    """What became of one thing, or "" if it is as it was."""
    if not mark.telling:
        return ""
    known = before.marks.get(path)
    if known is None:
        if _was_unseen(before, path) and mark.changed < since:
            return ""
        word = "new or changed" if _was_unseen(before, path) else "new"
        return _said(word, mark.telling, mark)
    if known.telling == mark.telling and known.state[:1] == mark.state[:1]:
        return ""
    fresh = tuple(word for word in mark.telling if word not in known.telling)
    return _said("changed", fresh, mark) if fresh else ""


def _said(word: str, telling: tuple[str, ...], mark: Mark) -> str:
    """The change in words, with what tells it where that is no digest."""
    told = [text for text in telling if mark.rule.reads and not _is_digest(text)]
    told += [text for text in telling if text.startswith("→ ") or text in ("socket", "FIFO", "device")]
    if mark.rule is places.SET_ID:
        told = list(telling)
    if not told:
        return word
    listed = ", ".join(text if len(text) <= _LONGEST_WORD else f"{text[:_LONGEST_WORD]}…" for text in told[:_MOST_TOLD])
    more = f" and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
    return f"{word}: {listed}{more}"


def _is_digest(text: str) -> bool:
    return len(text) == 64 and all(char in "0123456789abcdef" for char in text)


def _was_unseen(look: Look, path: str) -> bool:
    if not look.unseen:
        return False
    return "" in look.unseen or any(str(parent) in look.unseen for parent in PurePosixPath(path).parents)
