"""Paths that are shown in a running cell, and gone again."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from supervisor.cell.facts import Host
from supervisor.cell.granted import showing
from supervisor.cell.granted_paths import GrantedPaths
from supervisor.cell.leftbehind import Watch
from supervisor.cell.plan import CellPlan
from supervisor.cell.start import Cell, start_cell
from supervisor.core.orders import HidePath, ShowPath
from supervisor.core.session import Session
from supervisor.errors import HostError, UsageError
from supervisor.model.codec import Json
from supervisor.model.event import GrantEnded, Record
from supervisor.model.grant import PathMatcher
from supervisor.policy.scope import Files
from supervisor.runtime import Runtime
from tests.cell.cell_stage import PYTHON, Stage, read_until, until
from tests.core.desk import scope

ENVIRONMENT: dict[str, str] = {}


class Shell:
    """A shell that runs in a cell until it is told to end."""

    def __init__(self, plan: CellPlan) -> None:
        self.plan = plan
        self.cell: Cell = start_cell(plan, ["/bin/sh"], columns=80, rows=24, stdio="pipes", exec_gate=False)
        self.cell.go()
        self.watch = Watch([])
        self.broke: list[str] = []
        self.failed: list[str] = []
        self.said: list[str] = []
        self.paths = GrantedPaths(
            self.cell, plan, ENVIRONMENT, self.watch, failed=lambda _, why: self.failed.append(why),
            broke=self.broke.append, said=self.said.append,
        )  # fmt: skip

    def run(self, text: str) -> str:
        """What a line prints, on either stream."""
        os.write(self.cell.stdin, f"{{ {text}\n}} 2>&1; echo; echo _done_\n".encode())
        return read_until(self.cell.stdout, b"\n_done_\n").decode().removesuffix("\n_done_\n").strip()

    def show(self, path: Path | str, *, write: bool = False, grant: str = "g1") -> None:
        """Grant a path."""
        self.paths.show(grant, self.paths.fit(str(path), write=write))
        assert not self.failed, self.failed


@pytest.fixture
def shell(stage: Stage) -> Iterator[Shell]:
    """A shell in a cell."""
    shell = Shell(stage.plan())
    yield shell
    shell.cell.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder outside of workspace and home."""
    (tmp_path / "data/deep").mkdir(parents=True)
    (tmp_path / "data/deep/file").write_text("content")
    return tmp_path / "data/deep"


def test_a_path_for_reading_is_there_and_gone_again(shell: Shell, data: Path) -> None:
    """Before and after, nothing of it exists in the cell; meanwhile it is read and not written."""
    assert "No such file" in shell.run(f"cat {data}/file")
    shell.show(data)
    assert shell.run(f"cat {data}/file") == "content"
    for text in (f"echo x > {data}/file", f"touch {data}/new", f"rm {data}/file", f"chmod 777 {data}/file"):
        assert "Read-only file system" in shell.run(text)
    shell.paths.hide("g1")
    assert "No such file" in shell.run(f"cat {data}/file")
    assert shell.run(f"ls {data.parent.parent}") == "home" and not shell.broke


def test_a_path_for_writing_is_the_real_one(shell: Shell, data: Path) -> None:
    """What is written there belongs to whom the folder belongs, and stays."""
    shell.show(data, write=True)
    assert shell.run(f"echo new > {data}/new; mkdir {data}/sub && id -u >> {data}/file") == ""
    assert (data / "new").read_text() == "new\n"
    assert (data / "new").stat().st_uid == data.stat().st_uid
    shell.paths.hide("g1")
    assert "cannot create" in shell.run(f"echo later > {data}/later")
    assert sorted(path.name for path in data.iterdir()) == ["file", "new", "sub"]


def test_single_files_and_paths_in_the_home(shell: Shell, stage: Stage) -> None:
    """A file is shown by itself; in the private home the agent's own files stay beside what is shown."""
    (stage.home / "notes.txt").write_text("notes")
    (stage.home / "lib").mkdir()
    (stage.home / "lib/x").write_text("lib")
    shell.run("echo mine > ~/mine")
    shell.show(stage.home / "notes.txt")
    shell.show(stage.home / "lib", write=True, grant="g2")
    assert shell.run("cat ~/notes.txt ~/lib/x ~/mine") == "noteslibmine"
    assert "busy" in shell.run("mv ~/lib ~/other").lower()
    shell.paths.hide("g1")
    shell.paths.hide("g2")
    assert shell.run("ls ~") == "mine\nwork"


def test_it_is_gone_although_the_agent_moved_its_place(shell: Shell, stage: Stage) -> None:
    """A folder above it may be renamed by the agent; the grant still ends."""
    place = stage.home / "a/b/c"
    place.mkdir(parents=True)
    (place / "file").write_text("content")
    shell.show(place)
    assert shell.run("mv ~/a ~/moved; cat ~/moved/b/c/file") == "content"
    shell.paths.hide("g1")
    assert "No such file" in shell.run("cat ~/moved/b/c/file") and not shell.broke


def test_programs_at_work_there_do_not_keep_it(shell: Shell, data: Path) -> None:
    """A working folder in it does not hinder the end; nothing new is written through what is still open."""
    shell.show(data, write=True)
    shell.run(f"cd {data}")
    shell.paths.hide("g1")
    assert "Read-only file system" in shell.run("echo x > new; echo y > ./file")
    assert (data / "file").read_text() == "content" and not shell.broke


def test_who_still_writes_there_is_ended(shell: Shell, data: Path) -> None:
    """A file that is kept open for writing, or mapped, does not keep the folder writable: its program is ended."""
    shell.show(data, write=True)
    script = (
        f"import mmap, os, time; f = open('{data}/file', 'r+b'); m = mmap.mmap(f.fileno(), 0); f.close();"
        "print('mapped', flush=True); time.sleep(1000)"
    )
    assert shell.run(f'{PYTHON} -c "{script}" > ~/said & until grep -qs mapped ~/said; do :; done') == ""
    shell.run(
        f"(exec 3>{data}/held; while :; do sleep 1; done) & cd {data}; sleep 1000 <. & until test -e held; do :; done"
    )
    shell.paths.hide("g1")
    assert shell.said and int(shell.said[0].split()[0]) >= 2 and not shell.broke
    assert "Read-only file system" in shell.run("echo x > new")
    assert sorted(path.name for path in data.iterdir()) == ["file", "held"]


def test_what_runs_later_stays_frozen_there(shell: Shell, data: Path) -> None:
    """A grant for writing lends no hooks, settings and shell files, nor the folders that they lie in."""
    (data / ".claude").mkdir()
    (data / ".git/hooks").mkdir(parents=True)
    for name in (".envrc", ".claude/settings.json", ".git/config", ".git/hooks/post-commit"):
        (data / name).write_text("mine")
    (data / ".git/HEAD").write_text("ref: refs/heads/main\n")
    shell.show(data, write=True)
    for name in (".envrc", ".claude/settings.json", ".git/config", ".git/hooks/post-commit", ".git/hooks/new"):
        assert shell.run(f"echo evil > {data}/{name}") != "", name
    assert "busy" in shell.run(f"mv {data}/.claude {data}/x; mv {data}/.git {data}/y").lower()
    assert (data / ".envrc").read_text() == "mine" and not (data / "x").exists()


def test_what_is_written_there_is_looked_through_in_the_end(shell: Shell, data: Path) -> None:
    """A folder that was granted for writing counts as one that the agent could write."""
    shell.show(data, write=True)
    shell.run(f"echo evil > {data}/.envrc")
    shell.paths.hide("g1")
    assert [left.path for left in shell.watch.end().found] == [f"{data}/.envrc"]


def test_doors_in_it_are_shut(shell: Shell, data: Path) -> None:
    """Behind a socket in a granted folder somebody outside may listen: it is covered before the folder is seen."""
    here = Path.cwd()
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(data)
        try:
            listener.bind("door")
        finally:
            os.chdir(here)
        shell.show(data)
        told = shell.run(f"test -S {data}/door && echo LISTENS; cat {data}/door")
    assert "LISTENS" not in told and "Permission denied" in told


def test_a_link_in_its_place_is_not_followed(shell: Shell, stage: Stage) -> None:
    """What the agent puts where a path would be shown leads nowhere: the grant fails and says why."""
    (stage.home / "lib").mkdir()
    shell.run("ln -s work ~/lib; mkdir -p ~/tools/sub; ln -s ../work ~/tools/x")
    with pytest.raises(AssertionError, match="a link in its place"):
        shell.show(stage.home / "lib")
    assert "No such file" in shell.run("ls ~/work/lib") and not shell.broke


def test_it_becomes_another_one_meanwhile(shell: Shell, data: Path, stage: Stage) -> None:
    """What was found fit is what is shown, not what has its name a moment later."""
    plan = shell.plan
    shown = showing(str(data), writable=False, plan=plan, facts=Host(), environment=ENVIRONMENT)
    data.rename(data.with_name("other"))
    data.symlink_to(stage.home / ".aws")
    with pytest.raises(HostError, match="became another one"):
        shell.cell.show("g1", shown)
    data.unlink()
    data.mkdir()
    with pytest.raises(HostError, match="another one"):
        shell.cell.show("g1", shown)
    assert "No such file" in shell.run(f"ls {data}")


def test_a_frozen_file_can_be_granted_and_is_frozen_again(stage: Stage) -> None:
    """A human may let the agent write its editor's settings for a while, also when they are replaced meanwhile."""
    envrc = stage.workspace / ".envrc"
    envrc.write_text("mine\n")
    shell = Shell(stage.plan())
    try:
        assert "Read-only" in shell.run("echo evil > .envrc")
        shell.show(envrc, write=True)
        assert shell.run("echo agreed > .envrc") == "" and envrc.read_text() == "agreed\n"
        shell.paths.hide("g1")
        assert "Read-only" in shell.run("echo evil > .envrc")
        shell.show(envrc, write=True, grant="g2")
        (stage.workspace / "new").write_text("replaced\n")
        (stage.workspace / "new").rename(envrc)
        until(lambda: "Read-only" in shell.run("echo evil >> .envrc"))
        shell.paths.hide("g2")
        assert not shell.broke and "Read-only" in shell.run("echo evil > .envrc")
    finally:
        shell.cell.close()


def test_many_grants_come_and_go(shell: Shell, tmp_path: Path) -> None:
    """Nothing of them stays in the cell, neither mounts nor folders, and no descriptor in the builder."""
    builder = Path(f"/proc/{shell.cell._builder.pid}/fd")
    (tmp_path / "first").mkdir()
    shell.show(tmp_path / "first", grant="first")
    shell.paths.hide("first")
    before, mounts = len(list(builder.iterdir())), shell.run("grep -c . /proc/self/mountinfo")
    for number in range(30):
        folder = tmp_path / f"many/{number}"
        folder.mkdir(parents=True)
        shell.show(folder, write=bool(number % 2), grant=f"g{number}")
    for number in range(30):
        shell.paths.hide(f"g{number}")
    assert len(list(builder.iterdir())) == before and shell.run("grep -c . /proc/self/mountinfo") == mounts
    assert shell.run(f"ls {tmp_path}") == "home"


def test_a_grant_ends_by_the_sessions_clock(shell: Shell, data: Path) -> None:
    """When its time is over the path is gone, with a record that says so; no clock of the cell has a part in it."""

    class Journal:
        def append(self, record: Record, *, now: datetime) -> Json:
            written.append(record)
            return {}

    def on_path(order: ShowPath | HidePath) -> None:
        if isinstance(order, HidePath):
            shell.paths.hide(order.grant)
        else:
            assert isinstance(order.grant.matcher, PathMatcher)
            shell.paths.show(order.grant.id, order.grant.matcher.path)

    written: list[Record] = []
    now = datetime(2026, 1, 1, tzinfo=UTC)
    wakes: list[datetime] = []
    runtime = Runtime(
        Session(scope()), Journal(), session_id="s", agent="sh", wake=wakes.append, on_path=on_path, clock=lambda: now
    )
    reply = runtime.grant_path(shell.paths.fit(str(data), write=False), write=False, minutes=30, by="dev")
    assert reply.accepted and shell.run(f"cat {data}/file") == "content"
    now = wakes[-1] - timedelta(seconds=1)
    runtime.tick()
    assert shell.run(f"cat {data}/file") == "content"
    now = wakes[-1]
    runtime.tick()
    assert "No such file" in shell.run(f"cat {data}/file")
    assert isinstance(written[-1], GrantEnded) and written[-1].why == "its time is over"


def test_a_cell_that_has_ended_is_no_failure(shell: Shell, data: Path) -> None:
    """With it everything that it was shown is gone; showing it something is refused."""
    shell.show(data)
    shell.cell.kill()
    shell.cell.wait(20)
    shell.paths.hide("g1")
    assert not shell.broke
    shell.paths.show("g2", shell.paths.fit(str(data), write=False))
    assert shell.failed


@pytest.mark.parametrize(
    ("path", "write", "why"),
    [
        ("relative", False, "absolute"),
        ("~other/x", False, "absolute"),
        ("/a\0b", False, "absolute"),
        ("{home}/.aws", False, "hidden from agents"),
        ("{home}/.ssh/id_ed25519", False, "hidden from agents"),
        ("~/.netrc", False, "hidden from agents"),
        ("{home}/.config", False, "lies in it"),
        ("{home}/secrets/file", False, "hidden from agents"),
        ("{home}", False, "too much"),
        ("~", False, "too much"),
        ("{home}/..", False, "too much"),
        ("{home}/work", True, "too much"),
        ("/", False, "too much"),
        ("/home", False, "too much"),
        ("/etc/shadow", False, "hidden from agents"),
        ("/etc/ssl", True, "lies in it|system"),
        ("/usr/share", True, "system"),
        ("/proc/1", False, "place of its own"),
        ("/dev/shm", False, "place of its own"),
        ("/dev/null", False, "ordinary files"),
        ("{home}/door", False, "ordinary files"),
        ("/no/such/path", False, "No such file"),
    ],
)
def test_some_paths_are_never_granted(stage: Stage, path: str, write: bool, why: str) -> None:
    """Secrets, whole homes, the system for writing, sockets: refused in words that say what to do instead."""
    (stage.home / "secrets").mkdir()
    (stage.home / "secrets/file").write_text("x")
    os.mkfifo(stage.home / "door")
    plan = stage.plan(files=Files(hide=("~/secrets",)))
    with pytest.raises(UsageError, match=why):
        showing(path.replace("{home}", str(stage.home)), writable=write, plan=plan, facts=Host(), environment={})


def test_a_link_is_granted_by_what_it_leads_to(stage: Stage, tmp_path: Path) -> None:
    """A harmless name does not bring a secret in."""
    (tmp_path / "notes").symlink_to(stage.home / ".aws")
    with pytest.raises(UsageError, match="hidden from agents"):
        showing(str(tmp_path / "notes"), writable=False, plan=stage.plan(), facts=Host(), environment={})
