"""The paths that were granted to one running cell: found fit, shown, and taken away again."""

from __future__ import annotations

import select
import threading
from collections.abc import Callable, Mapping

from supervisor.cell.facts import Host, HostFacts
from supervisor.cell.granted import Showing, showing
from supervisor.cell.leftbehind import Root, Watch
from supervisor.cell.plan import CellPlan
from supervisor.cell.start import Cell
from supervisor.errors import HostError

_LAST_SECONDS = 2.0


class GrantedPaths:
    """From any thread. `failed(grant, why)` is told what could not be shown, `broke(why)` what could not be ended,
    `said(text)` what else happened then.

    A folder that the agent may write is looked through by `watch`, so that what is left there is told at the end.
    """

    def __init__(
        self,
        cell: Cell,
        plan: CellPlan,
        environment: Mapping[str, str],
        watch: Watch,
        *,
        failed: Callable[[str, str], None],
        broke: Callable[[str], None],
        said: Callable[[str], None] = lambda text: None,
        facts: HostFacts | None = None,
    ) -> None:
        self._cell, self._plan, self._environment, self._watch = cell, plan, environment, watch
        self._failed, self._broke, self._said = failed, broke, said
        self._facts = facts if facts is not None else Host()
        self._lock = threading.Lock()
        self._fit: dict[str, Showing] = {}
        self._why: dict[str, str] = {}

    def fit(self, path: str, *, write: bool) -> str:
        """The path's name without links, if it can be shown; raises `UsageError`. `show` is for what was fit last."""
        shown = showing(path, writable=write, plan=self._plan, facts=self._facts, environment=self._environment)
        self._fit[shown.path] = shown
        return shown.path

    def show(self, grant: str, path: str) -> None:
        """Show what was found fit; where that fails it is told."""
        shown = self._fit.pop(path, None)
        try:
            if shown is None:
                raise HostError("it was not looked at before", where=path)
            if shown.writable:
                self._watch.add(Root(path, path))
            with self._lock:
                self._cell.show(grant, shown)
        except HostError as error:
            self._why[grant] = error.what
            self._failed(grant, error.what)

    def why_not(self, grant: str) -> str:
        """Why a grant was not shown; empty if it was."""
        return self._why.pop(grant, "")

    def hide(self, grant: str) -> None:
        """Take away what a grant showed; a cell that still runs and does not do it must not run on."""
        try:
            with self._lock:
                ended = self._cell.unshow(grant)
            if ended:
                self._said(f"{ended} program{'s' if ended > 1 else ''} still wrote to what {grant} had shown: ended")
        except HostError as error:
            if not self._is_over():
                self._broke(f"a granted path could not be taken away: {error.what}")

    def _is_over(self) -> bool:
        """Whether the cell ends by itself: with it everything that it was shown is gone."""
        try:
            ready, _, _ = select.select([self._cell.exit_fd], [], [], _LAST_SECONDS)
        except (OSError, ValueError):
            return True
        return bool(ready)
