"""The plan of a cell: a value that says what is mounted how, who the agent is in it, and what its environment holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from supervisor.agents.cellside import Needs
from supervisor.cell.environment import cell_environment
from supervisor.cell.facts import Host, HostFacts
from supervisor.cell.limits import Held, held
from supervisor.policy.scope import Files, Limits

MountKind = Literal["bind", "hold", "hide", "tmpfs", "folder", "link", "text", "proc", "devpts", "seal"]
GIB = 1024**3
INSIDE_ROOT = (1000, 1000, "agent")
"""(uid, gid, name) inside for an agent that root started: no agent or tool takes it for root."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One entry of the cell's file system; entries are made in their order.

    `bind` shows `source` (with the mounts below it) at `target`; `owner` (uid, gid outside) are whose files are lent to
    the agent where root started it. `hold` does the same with a link, so that nothing replaces it. `hide` covers what
    is there with nothing. `tmpfs` of `size` bytes belongs to the agent if `writable`. `text` is a file with `data`,
    over an existing one if there is one. `link` leads to `source`. `seal` makes an own tmpfs read-only.
    """

    kind: MountKind
    target: str
    source: str = ""
    writable: bool = False
    devices: bool = False
    mode: int = 0o755
    size: int = 0
    data: bytes = b""
    owner: tuple[int, int] | None = None
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A file (or, with `text` `None`, an empty folder) that is made outside while the cell runs, so that it can be
    frozen; taken away afterwards if it is as it was made. With `keep` it stays.
    """

    path: str
    text: str | None
    keep: bool = False


@dataclass(frozen=True, slots=True)
class CellPlan:
    """Everything that `start.start_cell` needs to know of a cell but the program."""

    workspace: str
    cwd: str
    home: str
    inside: tuple[int, int]
    as_root: bool
    mounts: tuple[Mount, ...]
    placeholders: tuple[Placeholder, ...]
    environment: tuple[tuple[str, str], ...]
    ports: tuple[tuple[str, int], ...]
    limits: Held
    notes: tuple[str, ...] = ()
    """What is otherwise in this workspace than a developer may expect, in words."""
    hidden: tuple[str, ...] = ()
    """Places that are never shown, under each of their names; they need not exist."""

    def mount_at(self, target: str) -> Mount | None:
        """The last entry at a path, if any."""
        return next((mount for mount in reversed(self.mounts) if mount.target == target), None)


def plan_cell(
    *,
    workspace: Path,
    home: Path,
    files: Files,
    needs: Needs,
    environment: Mapping[str, str],
    set_environment: Mapping[str, str],
    ports: Mapping[str, int],
    hide: Sequence[Path] = (),
    read: Sequence[Path] = (),
    texts: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    limits: Limits | None = None,
    facts: HostFacts | None = None,
) -> CellPlan:
    """Plan a cell; raises `UsageError` where what is asked for cannot be held.

    `ports` are the loopback ports inside that lead to gates, by listener name (`proxy` is where the proxy variables
    point). `hide` is never shown, whoever asks for it; `read` is shown read-only (the agent's own installation).
    `texts` are read-only files that exist in the cell alone, by their absolute path below `/run`.
    """
    # Loaded here: the layout needs this module's values.
    from supervisor.cell.layout import Layout

    host = facts if facts is not None else Host()
    uid, gid, name = host.user()
    as_root = uid == 0
    inside_uid, inside_gid, user = INSIDE_ROOT if as_root else (uid, gid, name)
    most = held(limits or Limits())
    layout = Layout(
        host,
        workspace=host.real(str(workspace)),
        home=host.real(str(home)),
        environment=environment,
        as_root=as_root,
        disk=most.disk,
    )
    mounts, placeholders = layout.lay_out(
        files=files,
        needs=needs,
        hide=tuple(str(path) for path in hide),
        read=tuple(str(path) for path in read),
        texts=dict(texts or {}),
        user=(inside_uid, inside_gid, user),
    )
    return CellPlan(
        workspace=layout.workspace,
        cwd=layout.cwd(cwd),
        home=layout.home,
        inside=(inside_uid, inside_gid),
        as_root=as_root,
        mounts=mounts,
        placeholders=placeholders,
        environment=cell_environment(
            environment,
            needs.environment,
            {"XDG_RUNTIME_DIR": f"/run/user/{inside_uid}", **set_environment},
            home=layout.home,
            workspace=layout.cwd(cwd),
            user=user,
            proxy_port=ports.get("proxy"),
        ),
        ports=tuple(ports.items()),
        limits=most,
        notes=layout.notes,
        hidden=layout.hidden,
    )
