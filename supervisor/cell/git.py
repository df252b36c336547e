"""Which files of a workspace's repository make the developer's own git run something later.

`.git/commondir` counts: written by the agent it makes the host's git read another configuration (shown to work with
`core.fsmonitor`). It is made with the content `.`, which changes nothing, so that it can be frozen.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from supervisor.cell.facts import HostFacts

_SUBMODULE_DEPTH = 3


@dataclass(frozen=True, slots=True)
class GitFiles:
    """`frozen`: paths to show read-only; `absent`: those of them to be made first (`None` = a folder, else its text),
    or made by another session; `common`: the repository that the workspace is a worktree of, or "".
    """

    frozen: tuple[str, ...] = ()
    absent: tuple[tuple[str, str | None], ...] = ()
    common: str = ""


def git_files(facts: HostFacts, workspace: str) -> GitFiles:
    """The control files of the repository at a workspace; nothing where it is none."""
    git = f"{workspace}/.git"
    kind = facts.kind(git)
    if kind == "folder":
        return repository_files(facts, git)
    if kind == "link" and facts.kind(facts.real(git)) == "folder":
        found = repository_files(facts, facts.real(git))
        return GitFiles((git, *found.frozen), found.absent)
    if kind not in ("file", "link"):
        return GitFiles()
    common = _common_folder(facts, git)
    if not common:
        return GitFiles((git,))
    found = repository_files(facts, common)
    return GitFiles((git, *found.frozen), found.absent, common)


def repository_files(facts: HostFacts, git: str) -> GitFiles:
    """The control files of the repository whose `.git` folder this is."""
    frozen = [f"{git}/config", f"{git}/hooks", f"{git}/commondir"]
    made = zip(frozen, ("[core]\n\trepositoryformatversion = 0\n", None, ".\n"), strict=True)
    absent = [(path, text) for path, text in made if is_as_made(facts, path, text)]
    if facts.kind(f"{git}/config.worktree"):
        frozen.append(f"{git}/config.worktree")
    for name in facts.entries(f"{git}/worktrees"):
        below = f"{git}/worktrees/{name}"
        frozen += [f"{below}/{file}" for file in ("commondir", "gitdir", "config.worktree") if _is(facts, below, file)]
    _of_submodules(facts, f"{git}/modules", frozen, absent, _SUBMODULE_DEPTH)
    return GitFiles(tuple(frozen), tuple(absent))


def is_as_made(facts: HostFacts, path: str, text: str | None) -> bool:
    """Whether a path is absent, or is what another session may have made there: `text`, or (`None`) an empty folder."""
    kind = facts.kind(path)
    if text is None:
        return kind == "" or (kind == "folder" and not facts.entries(path))
    return kind == "" or (kind == "file" and facts.text(path) == text)


def _is(facts: HostFacts, folder: str, name: str) -> bool:
    return facts.kind(f"{folder}/{name}") == "file"


def _of_submodules(
    facts: HostFacts, folder: str, frozen: list[str], absent: list[tuple[str, str | None]], depth: int
) -> None:
    if depth == 0:
        return
    for name in facts.entries(folder):
        module = f"{folder}/{name}"
        if _is(facts, module, "HEAD"):
            found = repository_files(facts, module)
            frozen += found.frozen
            absent += found.absent
        elif facts.kind(module) == "folder":
            _of_submodules(facts, module, frozen, absent, depth - 1)


def _common_folder(facts: HostFacts, git: str) -> str:
    """The common folder of the worktree whose `.git` file this is, or "".

    The file lies in the workspace, where an agent may have written it to have any folder shown. So the folder that it
    names must name the file in turn, which only `git worktree add` outside a cell can have done.
    """
    text = facts.text(git) if facts.kind(git) == "file" else ""
    if not text.startswith("gitdir: ") or not text.removeprefix("gitdir: ").startswith("/"):
        return ""
    own = facts.real(text.removeprefix("gitdir: ").strip())
    if facts.text(f"{own}/gitdir").strip() != git:
        return ""
    common = PurePosixPath(own).parent.parent
    right = PurePosixPath(own).parent.name == "worktrees" and facts.kind(f"{common}/HEAD") == "file"
    return str(common) if right and facts.kind(f"{common}/objects") == "folder" else ""
