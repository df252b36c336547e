"""Lays out a cell's file system: system, home, workspace, what is hidden, and what is frozen."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Literal

from supervisor.agents.cellside import Needs
from supervisor.cell import carried, places
from supervisor.cell.environment import CERTIFICATES, FOLDERS, SECRET_FILES
from supervisor.cell.facts import HostFacts, Survey
from supervisor.cell.git import git_files, is_as_made, repository_files
from supervisor.cell.plan import GIB, Mount, Placeholder
from supervisor.cell.trials import PROGRAM, program
from supervisor.errors import UsageError
from supervisor.policy.scope import Files

_MOST_COPIED_BYTES = 64 * 1024**2
_TEXT_NAMES = (".json", ".jsonc", ".toml", ".yaml", ".yml", ".md", ".sh", ".env", ".txt", ".Dockerfile", ".js", ".ts")


def below(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies in it; both absolute and without `..`."""
    return path == folder or folder == "/" or path.startswith(f"{folder}/")


class Layout:
    """One cell's file system in the making; `workspace` and `home` are free of links, `disk` is in bytes."""

    def __init__(
        self, facts: HostFacts, *, workspace: str, home: str, environment: Mapping[str, str], as_root: bool, disk: int
    ) -> None:
        self._disk = disk
        self.workspace, self.home = workspace, home
        self._facts, self._environment, self._as_root = facts, environment, as_root
        self._shown: dict[str, Mount] = {}
        self._made: list[Mount] = []
        self._frozen: dict[str, Mount] = {}
        self._placeholders: dict[str, Placeholder] = {}
        self._hidden: tuple[str, ...] = ()
        self._never: tuple[str, ...] = ()
        self._surveys: dict[str, Survey] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What is otherwise in this workspace than a developer may expect, in words."""
        facts, path, notes = self._facts, self.workspace, []
        if self._shown[path].writable and not facts.may_make(f"{path}/new"):
            notes.append("nothing can be written in the workspace: its file system, or the folder, is for reading only")
        for folder in PurePosixPath(path).parents:
            if facts.kind(f"{path}/.git"):
                break
            if facts.kind(f"{folder}/.git"):
                way = "" if below(self.home, str(folder)) else ": start there to use git"
                notes.append(f"the repository {folder}, which this folder lies in, is not shown{way}")
                break
        if path in self._surveys and (cut := self._surveys[path].cut):
            notes.append(f"not all of the workspace was looked through for sockets and repositories: {cut}")
        return tuple(notes)

    @property
    def hidden(self) -> tuple[str, ...]:
        """Every place that is hidden, under each of its names."""
        return tuple(dict.fromkeys((*self._never, *self._hidden)))

    def cwd(self, wanted: Path | None) -> str:
        """Where the agent starts: the workspace, or the folder in it that is wanted."""
        path = self._facts.real(str(wanted)) if wanted is not None else self.workspace
        return path if below(path, self.workspace) else self.workspace

    def lay_out(
        self,
        *,
        files: Files,
        needs: Needs,
        hide: tuple[str, ...],
        read: tuple[str, ...],
        texts: Mapping[str, str],
        user: tuple[int, int, str],
    ) -> tuple[tuple[Mount, ...], tuple[Placeholder, ...]]:
        """All entries in the order in which they are made, and what is made outside before."""
        self._never = self._both(hide) + self._both(self._scope_path(path) for path in files.hide)
        self._hidden = self._hidden_places()
        self._check_workspace()
        self._system(user)
        self._made.append(Mount("text", PROGRAM, data=program(os.uname().machine), mode=0o555))
        self._made += [Mount("text", path, data=text.encode(), mode=0o644) for path, text in texts.items()]
        # Writable places first: what is only to be read does not take their writing away.
        self._workspace_and_writes(files)
        for path in needs.write:
            self._config_folder(str(path))
        wanted = (*read, *map(str, needs.read), *map(self._scope_path, files.read))
        for place in wanted:
            self._show(place, asked=True)
        for place in self._tool_folders():
            self._show(place)
        self._home_files(needs)
        self._freeze(files, needs)
        return self._in_order(), tuple(self._placeholders.values())

    # ── system ───────────────────────────────────────────────────────────────────────────────────

    def _system(self, user: tuple[int, int, str]) -> None:
        uid, gid, name = user
        facts, made = self._facts, self._made
        for path in places.SYSTEM:
            kind = facts.kind(path)
            if kind == "link":
                made.append(Mount("link", path, facts.link(path)))
            elif kind == "folder":
                self._shown[path] = Mount("bind", path, path)
        made += [
            Mount("proc", "/proc"),
            Mount("tmpfs", "/dev", size=GIB // 1024),
            Mount("devpts", "/dev/pts"),
            Mount("tmpfs", "/dev/shm", writable=True, mode=0o1777, size=min(GIB, self._disk)),
            Mount("link", "/dev/ptmx", "pts/ptmx"),
            Mount("link", "/dev/fd", "/proc/self/fd"),
            *(Mount("link", f"/dev/std{word}", f"/proc/self/fd/{n}") for n, word in enumerate(("in", "out", "err"))),
            *(Mount("bind", f"/dev/{name}", f"/dev/{name}", True, devices=True) for name in places.DEVICES),
            Mount("tmpfs", "/tmp", writable=True, mode=0o1777, size=self._disk),
            Mount("tmpfs", "/var/tmp", writable=True, mode=0o1777, size=self._disk),
            Mount("tmpfs", "/run", size=GIB // 256),
            Mount("tmpfs", f"/run/user/{uid}", writable=True, mode=0o700, size=GIB // 8),
            Mount("tmpfs", self.home, writable=True, mode=0o700, size=self._disk),
            *(Mount("hide", path) for path in places.PROC_HIDDEN),
        ]
        if facts.kind("/var/run") == "link":
            made.append(Mount("link", "/var/run", "/run"))
        shell = self._environment.get("SHELL", "/bin/sh")
        for path, text in (
            ("/etc/passwd", carried.passwd(facts.text("/etc/passwd"), uid, gid, name, self.home, shell)),
            ("/etc/group", carried.group(facts.text("/etc/group"), gid, name)),
        ):
            if facts.kind(path) == "file":
                made.append(Mount("text", path, data=text.encode("utf-8", "surrogateescape"), mode=0o644))

    # ── what is shown ────────────────────────────────────────────────────────────────────────────

    def _check_workspace(self) -> None:
        path = self.workspace
        why = ""
        if self._facts.kind(path) != "folder":
            why = "it is no folder"
        elif path in places.NEVER_A_WORKSPACE or any(below(path, top) for top in places.BELOW_THESE_NO_WORKSPACE):
            why = "it is a folder of the system"
        elif below(self.home, path):
            why = "your home lies in it, and with it everything that starts when you log in"
        else:
            found = next((place for place in (*self._never, *self._hidden) if below(path, place)), "")
            why = f"it lies in {found}, which is hidden from agents" if found else ""
        if why:
            fix = "start in the project's own folder"
            raise UsageError(f"this folder cannot be a workspace: {why}", where=path, fix=fix)

    def _workspace_and_writes(self, files: Files) -> None:
        writes = [self._scope_path(path) for path in files.write]
        is_written = any(below(self.workspace, self._facts.real(path)) for path in writes)
        owner = self._facts.owner(self.workspace) if self._as_root else None
        self._shown[self.workspace] = Mount("bind", self.workspace, self.workspace, is_written, owner=owner)
        for path in writes:
            if not below(self._facts.real(path), self.workspace) or not is_written:
                self._show(path, asked=True, writable=True)

    def _config_folder(self, path: str) -> None:
        if not self._facts.kind(path):
            parent = str(PurePosixPath(path).parent)
            if not below(self._facts.real(path), self.home) or self._facts.kind(parent) not in ("folder", ""):
                return
            self._placeholders[path] = Placeholder(self._facts.real(path), None, keep=True)
            owner = self._owner_of(self.home)
            self._shown[path] = Mount("bind", path, self._facts.real(path), True, owner=owner)
            return
        self._show(path, asked=True, writable=True)

    def _show(self, path: str, *, asked: bool = False, writable: bool = False) -> None:
        """Show a path; one that is hidden or part of something larger (the home, the system) is refused or left out."""
        facts = self._facts
        if not path.startswith("/") or not facts.kind(path):
            return
        real = facts.real(path)
        spot = str(PurePosixPath(facts.real(str(PurePosixPath(path).parent))) / PurePosixPath(path).name)
        for place in self._never if asked else (*self._never, *self._hidden):
            if below(real, place) or below(spot, place):
                if not asked:
                    return
                raise UsageError("the scope or the session hides it, so it cannot be shown", where=path)
        if below(self.home, real) or real in places.NEVER_A_WORKSPACE:
            if not asked:
                return
            raise UsageError(
                "too much lies in this folder to show it to an agent", where=path, fix="name what is needed"
            )
        if writable and any(below(real, top) for top in places.BELOW_THESE_NO_WORKSPACE):
            raise UsageError("a folder of the system cannot be written by an agent", where=path)
        for target in dict.fromkeys((spot, real)):
            if target in places.SYSTEM and target not in self._shown:
                continue  # A link of the system's, which the cell has too.
            over = self._showing(target)
            if over is None or (writable and not over.writable):
                owner = self._owner_of(real) if asked or below(target, self.home) else None
                self._shown[target] = Mount("bind", target, real, writable, owner=owner)

    def _owner_of(self, real: str) -> tuple[int, int] | None:
        return self._facts.owner(real) if self._as_root else None

    def _showing(self, path: str) -> Mount | None:
        """The entry that a path is already seen through: the deepest one that shows a folder around it as it is."""
        around = [mount for target, mount in self._shown.items() if below(path, target) and mount.source == target]
        return max(around, key=lambda mount: len(mount.target), default=None)

    def _tool_folders(self) -> Iterable[str]:
        environment = self._environment
        for path in places.TOOLCHAINS:
            yield self._home_path(path)
        for path in environment.get("PATH", "").split(":"):
            yield path.rstrip("/") or ""
        for name in (*FOLDERS, *CERTIFICATES):
            yield environment.get(name, "").rstrip("/")

    # ── home ─────────────────────────────────────────────────────────────────────────────────────

    def _home_files(self, needs: Needs) -> None:
        facts = self._facts
        git = facts.text(self._home_path("~/.config/git/config")) + "\n" + facts.text(self._home_path("~/.gitconfig"))
        texts = {
            self._home_path("~/.gitconfig"): carried.git_config(git),
            self._home_path("~/.npmrc"): carried.npm_config(facts.text(self._home_path("~/.npmrc"))),
            self._home_path("~/.config/pip/pip.conf"): carried.pip_config(
                facts.text(self._home_path("~/.config/pip/pip.conf")) or facts.text(self._home_path("~/.pip/pip.conf"))
            ),
        }
        for path in needs.copy:
            if facts.kind(str(path)) in ("file", "link"):
                texts[str(path)] = facts.text(str(path), _MOST_COPIED_BYTES)
        for target, text in texts.items():
            if text and self._showing(target) is None:
                self._made.append(Mount("text", target, data=text.encode("utf-8", "surrogateescape"), mode=0o600))

    # ── hidden and frozen ────────────────────────────────────────────────────────────────────────

    def _hidden_places(self) -> tuple[str, ...]:
        folder, beginning = places.SSH_HOST_KEYS
        keys = [f"{folder}/{n}" for n in self._facts.entries(folder) if n.startswith(beginning) and n[-4:] != ".pub"]
        base = {"STATE": "~/.local/state", "CONFIG": "~/.config", "DATA": "~/.local/share", "CACHE": "~/.cache"}
        ours = [
            f"{self._environment.get(f'XDG_{name}_HOME') or self._home_path(path)}/agent-supervise"
            for name, path in base.items()
        ]
        named = [
            part
            for name in SECRET_FILES
            for part in self._environment.get(name, "").split(":")
            if part.startswith("/") and len(part) > 1
        ]
        return self._both([*(self._home_path(path) for path in places.HIDDEN), *keys, *ours, *named])

    def _freeze(self, files: Files, needs: Needs) -> None:
        workspace = self.workspace
        own = [f"{workspace}/{path}" for path in places.RUNS_LATER if self._facts.kind(f"{workspace}/{path}")]
        git = git_files(self._facts, workspace)
        if git.common and self._shown[workspace].writable:
            self._show(git.common, asked=True, writable=True)
        if self._shown[workspace].writable:
            for folder in self._survey(workspace).repositories:
                if folder != f"{workspace}/.git":
                    nested = repository_files(self._facts, folder)
                    git = replace(git, frozen=git.frozen + nested.frozen, absent=git.absent + nested.absent)
        texts = dict(git.absent)
        asked = [*map(str, needs.read_only), *(self._scope_path(path) for path in files.read_only)]
        for path in dict.fromkeys((*own, *git.frozen, *asked)):
            around = self._around(path)
            if around is None or not around.writable or path == around.target:
                continue
            text = texts[path] if path in texts else _empty(path)
            if is_as_made(self._facts, path, text):
                if not self._facts.kind(path) and not self._facts.may_make(_outside(path, around)):
                    continue  # What we cannot make there, an agent with our rights cannot either.
                self._placeholders[path] = Placeholder(_outside(path, around), text)
            self._pin(path, around)

    def _survey(self, folder: str) -> Survey:
        if folder not in self._surveys:
            self._surveys[folder] = self._facts.survey(folder)
        return self._surveys[folder]

    def _pin(self, path: str, around: Mount) -> None:
        """Freeze a path, and hold the folders on the way to it: a renamed parent would take the mount with it."""
        is_link = self._facts.kind(path) == "link"
        kind: Literal["hold", "bind"] = "hold" if is_link else "bind"
        self._frozen[path] = Mount(kind, path, _outside(path, around), owner=around.owner, guarded=True)
        for parent in PurePosixPath(path).parents:
            folder = str(parent)
            if folder == around.target:
                break
            is_link = self._facts.kind(folder) == "link"
            held = Mount("hold" if is_link else "bind", folder, _outside(folder, around), True, owner=around.owner)
            self._frozen.setdefault(folder, held)
        real = self._facts.real(path)
        if real == path:
            return
        within = self._around(real)
        if within is None:
            self._show(real)
        elif within.writable and real != within.target and real not in self._frozen and self._facts.kind(real):
            self._pin(real, within)

    def _around(self, path: str) -> Mount | None:
        around = [mount for target, mount in self._shown.items() if below(path, target)]
        return max(around, key=lambda mount: len(mount.target), default=None)

    def _covers(self) -> list[Mount]:
        """Hidden places that something shown would show, and the doors in writable folders."""
        covers: list[Mount] = []
        for place in dict.fromkeys((*self._never, *self._hidden)):
            around = self._around(place)
            # What an agent needs of a hidden place was asked for by name: it lies deeper and is shown.
            if around is not None and (around.target != place or place in self._never):
                covers.append(Mount("hide", place, guarded=around.writable))
        for path in self._facts.sockets():
            real = self._facts.real(path)
            around = self._around(real)
            if around is not None and around.source == around.target and self._facts.kind(real) == "socket":
                covers.append(Mount("hide", real, guarded=around.writable))
        for mount in self._shown.values():
            if mount.writable:
                covers += [
                    Mount("hide", f"{mount.target}{door[len(mount.source) :]}", guarded=True)
                    for door in self._survey(mount.source).doors
                ]
        return covers

    def _in_order(self) -> tuple[Mount, ...]:
        """Folders before what lies in them; frozen before hidden at the same depth; our own tmpfs sealed at the end."""
        covers = self._covers()
        gone = {cover.target for cover in covers}
        frozen = [mount for mount in self._frozen.values() if not any(below(mount.target, path) for path in gone)]
        every = [*self._made, *self._shown.values(), *frozen, *covers]
        every.sort(key=lambda mount: len(PurePosixPath(mount.target).parts))
        return (*every, Mount("seal", "/dev"), Mount("seal", "/run"), Mount("seal", "/proc"))

    # ── paths ────────────────────────────────────────────────────────────────────────────────────

    def _home_path(self, path: str) -> str:
        return f"{self.home}/{path[2:]}" if path.startswith("~/") else path

    def _scope_path(self, path: str) -> str:
        """A path as a scope writes it: below `~`, absolute, or in the workspace."""
        if path == "~":
            return self.home
        whole = PurePosixPath(self.workspace) / self._home_path(path)
        parts: list[str] = []
        for part in whole.parts[1:]:
            if part == "..":
                del parts[-1:]
            else:
                parts.append(part)
        return "/" + "/".join(parts)

    def _both(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Paths as they are written and as they are without links: neither name must show the place."""
        found: dict[str, None] = {}
        for path in paths:
            found[path] = None
            if self._facts.kind(path):
                found[self._facts.real(path)] = None
        return tuple(found)


def _outside(path: str, around: Mount) -> str:
    """Where outside a path lies that is seen through `around`."""
    return around.source + path[len(around.target) :]


def _empty(path: str) -> str | None:
    """What an absent entry looks like while it is frozen: an empty folder, or a file that says nothing."""
    if not PurePosixPath(path).name.endswith(_TEXT_NAMES):
        return None
    return "{}\n" if path.endswith((".json", ".jsonc")) else ""
