"""Workspaces and hosts as they are not supposed to be."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from supervisor.cell import facts as facts_module
from supervisor.cell.facts import Host
from supervisor.cell.plan import CellPlan
from supervisor.policy.scope import Files
from tests.cell.cell_stage import Facts, Stage, planned
from tests.parts import missing, need


def frozen(plan: CellPlan) -> set[str]:
    """The paths that are shown for reading below a writable workspace."""
    return {mount.target for mount in plan.mounts if mount.guarded and mount.kind in ("bind", "hold")}


def test_a_read_only_file_system_needs_no_stand_ins() -> None:
    """What we cannot make there an agent with our rights cannot either; what is there is frozen all the same."""
    facts = Facts({"/home/dev/work/.git/HEAD": "x", "/home/dev/work/.envrc": "x"}, sealed=True)
    plan = planned(facts, files=Files(read_only=("later",)))
    assert plan.placeholders == () and frozen(plan) == {"/home/dev/work/.envrc"}
    assert any("for reading only" in note for note in plan.notes)


def test_an_unwritable_folder_counts_as_one_that_nobody_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system for reading says no; a folder of one's own says yes, whatever its mode."""
    own = tmp_path / "own"
    own.mkdir(mode=0o500)
    assert Host().may_make(str(own / "deep/er/file"))
    sealed = os.statvfs_result((0, 0, 0, 0, 0, 0, 0, 0, os.ST_RDONLY, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: sealed)
    assert not Host().may_make(str(own / "deep/er/file"))


def test_a_read_only_workspace_works(stage: Stage) -> None:
    """It is read, nothing is written, and nothing outside is touched."""
    if os.geteuid() != 0:
        missing("only root can mount a file system for reading")
    subprocess.run(["git", "init", "-q", str(stage.workspace)], check=True)
    (stage.workspace / "file").write_text("content")
    subprocess.run(["mount", "--bind", stage.workspace, stage.workspace], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", stage.workspace], check=True)
        done = stage.sh("cat file; git status --short; echo x > new; echo x > .git/commondir; echo end")
    finally:
        subprocess.run(["umount", stage.workspace], check=True)
    assert done.out == "content?? file\nend\n" and done.err.count("Read-only file system") == 2


def test_a_repository_around_the_workspace_is_told() -> None:
    """git does not see it in the cell, and the developer reads why and what to do."""
    plan = planned(
        Facts({"/home/dev/code/.git/HEAD": "x", "/home/dev/code/sub/a": "x"}), workspace=Path("/home/dev/code/sub")
    )
    assert plan.notes == (
        "the repository /home/dev/code, which this folder lies in, is not shown: start there to use git",
    )
    assert planned(Facts({"/home/dev/work/.git/HEAD": "x", "/home/dev/.git/HEAD": "x"})).notes == ()


def test_what_a_frozen_link_leads_to_is_frozen_too(stage: Stage) -> None:
    """Git's configuration, hooks and an editor's folder as links into the workspace cannot be changed behind them."""
    work = stage.workspace
    subprocess.run(["git", "init", "-q", str(work)], check=True)
    (work / ".git/config").rename(work / "gitconfig")
    (work / ".git/config").symlink_to("../gitconfig")
    (work / "shared/vscode").mkdir(parents=True)
    (work / "shared/vscode/tasks.json").write_text("mine")
    (work / ".vscode").symlink_to("shared/vscode")
    (work / ".envrc").symlink_to("missing")
    done = stage.sh(
        "echo evil > gitconfig; echo evil > .git/config; rm -f gitconfig; mv gitconfig x; mv shared y;"
        "echo evil > .vscode/tasks.json; echo evil > shared/vscode/tasks.json; rm .vscode;"
        "git status --short && echo end"
    )
    assert "evil" not in (work / "gitconfig").read_text() + (work / ".vscode/tasks.json").read_text(), done
    assert (work / ".vscode").is_symlink() and done.out.endswith("end\n"), done


def test_links_that_lead_in_circles_do_no_harm(stage: Stage) -> None:
    """Neither planning nor the agent's work hangs or fails on them."""
    work = stage.workspace
    for name, target in ((".git", ".git"), (".vscode", ".idea"), (".idea", ".vscode"), ("loop", "."), (".claude", ".")):
        (work / name).symlink_to(target)
    assert stage.sh("echo x > new; ls loop/loop/new").out == "loop/loop/new\n"


def test_device_files_and_fifos_in_the_workspace_are_shut(stage: Stage) -> None:
    """A device node lends nothing, and a FIFO leads to nobody outside."""
    os.mkfifo(stage.workspace / "pipe")
    names = ["pipe"]
    if os.geteuid() == 0:
        os.mknod(stage.workspace / "zero", 0o20666, os.makedev(1, 5))
        names.append("zero")
    done = stage.sh("".join(f"cat {name}; " for name in names))
    assert done.out == "" and done.err.count("Permission denied") == len(names)


def test_a_listening_socket_in_a_folder_for_reading_is_shut(stage: Stage, tmp_path: Path) -> None:
    """A read-only mount does not keep anybody from connecting: the kernel's own list says where sockets are."""
    folder = stage.home / "tools"
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        # The name that the kernel tells is the one that was bound: absolute, in at most 107 bytes (unix(7)).
        short = Path(f"/tmp/t{os.getpid()}")
        short.symlink_to(folder)
        try:
            listener.bind(f"{short}/door")
            listener.listen()
            assert f"{short}/door" in Host().sockets()
            done = stage.sh("cat ~/tools/door; test -S ~/tools/door || echo shut", files=Files(read=("~/tools",)))
        finally:
            os.chdir(here)
            short.unlink()
    assert done.out == "shut\n"


def test_a_home_that_is_a_link_hides_the_same(stage: Stage, tmp_path: Path) -> None:
    """Secrets are hidden under both names, and the home itself is no workspace."""
    (tmp_path / "link").symlink_to("home")
    done = stage.sh(f"cat ~/.aws/credentials {tmp_path}/link/.aws/credentials; echo $HOME", home=tmp_path / "link")
    assert "PLANTED" not in done.out and done.out.strip() == str(stage.home)


def test_a_path_with_relative_empty_and_missing_entries_works(stage: Stage) -> None:
    """Such entries show nothing of the host; programs are still found."""
    stage.environment["PATH"] = f".:bin::/no/such:{stage.environment['PATH']}:relative/x:/"
    (stage.workspace / "bin").mkdir()
    (stage.workspace / "bin/tool").write_text("#!/bin/sh\necho ran\n")
    (stage.workspace / "bin/tool").chmod(0o755)
    assert stage.sh("tool; ls -d /boot 2>/dev/null; echo end").out == "ran\nend\n"


def test_a_program_with_an_address_sanitizer_ends_as_it_should(stage: Stage) -> None:
    """Its search for leaks needs ptrace, which no cell allows, so that is off; errors in memory are still found."""
    need("gcc")
    (stage.workspace / "good.c").write_text("int main(void) { return 3; }")
    (stage.workspace / "bad.c").write_text("int main(int c, char **v) { int a[2]; return a[c + 5]; }")
    done = stage.sh("for p in good bad; do gcc -w -fsanitize=address $p.c -o $p && ./$p; echo rc $?; done")
    assert done.out.split() == ["rc", "3", "rc", "1"] and "stack-buffer-overflow" in done.err


def test_looking_through_a_large_folder_ends_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A million files do not make a start longer: the look is cut, and it is said."""
    for number in range(50):
        (tmp_path / f"folder{number}").mkdir()
    assert Host().survey(str(tmp_path)).cut == ""
    monkeypatch.setattr(facts_module, "SURVEY_SECONDS", -1.0)
    assert "there was time for" in Host().survey(str(tmp_path)).cut


def test_two_cells_share_a_workspace(stage: Stage) -> None:
    """Both write it, neither writes what is frozen, and the stand-ins go with the last one."""
    subprocess.run(["git", "init", "-q", str(stage.workspace)], check=True)
    with stage.start(["/bin/sh", "-c", "read x; echo first > a; echo x > .git/commondir || echo frozen"]) as first:
        first.go()
        second = stage.sh("echo second > b; echo x > .git/commondir || echo frozen")
        assert second.out == "frozen\n" and (stage.workspace / ".git/commondir").read_text() == ".\n"
        os.write(first.stdin, b"\n")
        first.wait(20)
    assert (stage.workspace / "a").read_text() == "first\n" and (stage.workspace / "b").exists()
    assert not (stage.workspace / ".git/commondir").exists()
