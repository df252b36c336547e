"""What a program in a real cell can and cannot do."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from supervisor.agents.cellside import Needs
from supervisor.cell.start import start_cell
from supervisor.errors import HostError, UsageError
from supervisor.policy.scope import Files
from tests.cell.cell_stage import PYTHON, Stage, read_until, until


def test_planted_secrets_are_not_there(stage: Stage) -> None:
    """Neither files nor variables of the developer's logins exist in the cell."""
    done = stage.sh('grep -rs PLANTED "$HOME" /tmp /run /var/tmp; env | grep PLANTED; cat ~/.aws/credentials')
    assert "PLANTED" not in done.out
    assert "No such file" in done.err


def test_the_workspace_is_the_real_one(stage: Stage) -> None:
    """What the agent writes in its workspace belongs, outside, to whom the workspace belongs."""
    assert stage.sh("echo made > new; mkdir -p a/b; pwd").out.strip() == str(stage.workspace)
    made = stage.workspace / "new"
    assert made.read_text() == "made\n"
    assert made.stat().st_uid == os.geteuid() == (stage.workspace / "a/b").stat().st_uid


def test_nothing_else_of_the_host_can_be_written(stage: Stage) -> None:
    """System folders are for reading, the home and /tmp are private and end with the cell."""
    mine = f"{stage.home.parent.name}-{os.getpid()}"
    done = stage.sh(
        f"echo x > ~/{mine}; echo x > /tmp/{mine}; for d in / /usr /etc /opt /dev /run /proc; do echo x > $d/x; done"
    )
    assert done.err.count("cannot create") == 7
    assert not (stage.home / mine).exists() and not Path(f"/tmp/{mine}").exists()


def test_the_systems_secrets_cannot_be_read(stage: Stage) -> None:
    """`cat /etc/shadow` fails, started by root or not."""
    done = stage.sh(
        "cat /etc/shadow || echo refused; head -c1 /proc/kcore || echo refused; cat /proc/keys || echo refused"
    )
    assert done.out.split() == ["refused"] * 3


def test_the_agent_is_no_root(stage: Stage) -> None:
    """The agent is an ordinary user without any capability, has its own name, and git trusts the workspace."""
    subprocess.run(["git", "init", "-q", str(stage.workspace)], check=True)
    done = stage.sh(
        "id -u; grep -c 'Cap...:.0000000000000000' /proc/self/status; whoami; git status --short && echo trusted"
    )
    uid, sets, name, trusted = done.out.split()
    assert uid != "0" and sets == "5" and name and trusted == "trusted"


def test_there_is_no_network(stage: Stage) -> None:
    """The only interface is a loopback of the cell's own; the host's loopback is another one."""
    outside = socket.create_server(("127.0.0.1", 0))
    port = outside.getsockname()[1]
    script = f"""
import socket, os
print(sorted(name for _, name in socket.if_nameindex()))
for place in (("127.0.0.1", {port}), ("192.0.2.1", 80)):
    try:
        socket.create_connection(place, 2); print("connected")
    except OSError as error:
        print(type(error).__name__)
"""
    done = stage.run(PYTHON, "-c", script)
    outside.close()
    assert done.out.splitlines() == ["['lo']", "ConnectionRefusedError", "OSError"]


def test_what_connects_to_a_listener_comes_from_the_cell(stage: Stage) -> None:
    """A connection to the proxy's port in the cell is accepted outside."""
    script = "import socket; c = socket.create_connection(('127.0.0.1', 3128)); c.sendall(b'hello'); print(c.recv(9))"
    with stage.start([PYTHON, "-c", script]) as cell:
        listener = cell.listeners["proxy"]
        listener.settimeout(20)
        cell.go()
        connection, _ = listener.accept()
        with connection:
            assert connection.recv(9) == b"hello"
            connection.sendall(b"outside")
        assert cell.wait(20) == 0
        assert os.read(cell.stdout, 99) == b"b'outside'\n"


def test_only_the_cells_own_processes_exist(stage: Stage) -> None:
    """/proc shows PID 1 and what the agent started; PID 1's memory and descriptors are closed to it."""
    done = stage.sh(
        "ls /proc | grep -c '^[0-9]'; ls /proc/1/fd; cat /proc/1/environ; head -c1 /proc/1/mem; kill -9 1; echo alive"
    )
    first, *_, last = done.out.split()
    assert int(first) <= 5 and last == "alive"
    assert done.err.count("Permission denied") >= 3


def test_a_door_to_the_outside_is_shut(stage: Stage) -> None:
    """A unix socket or FIFO in the workspace, on which somebody outside waits, leads nowhere."""
    door = stage.workspace / "deep" / "door.sock"
    door.parent.mkdir()
    os.mkfifo(stage.workspace / "pipe")
    with socket.socket(socket.AF_UNIX) as outside:
        outside.bind(str(door))
        outside.listen()
        script = "import socket; s = socket.socket(socket.AF_UNIX); s.connect('deep/door.sock')"
        done = stage.run(PYTHON, "-c", script)
    assert done.code == 1 and ("PermissionError" in done.err or "ConnectionRefused" in done.err)
    assert "Permission denied" in stage.sh("cat pipe").err
    assert stat.S_ISFIFO((stage.workspace / "pipe").stat().st_mode)


def test_git_control_files_are_frozen(stage: Stage) -> None:
    """Hooks, configuration and commondir cannot be changed, renamed or replaced; commits work; nothing is left over."""
    run = lambda *words: subprocess.run(["git", "-C", str(stage.workspace), *words], check=True)  # noqa: E731
    run("init", "-q")
    before = sorted(path.name for path in (stage.workspace / ".git").iterdir())
    attempts = [
        "echo x > .git/hooks/pre-commit", "echo x > .git/config", "echo /tmp > .git/commondir", "rm -r .git/hooks",
        "mv .git/hooks x", "mv .git y", "rm .git/commondir", "mv .git/config z", "ln -sf /tmp .git/hooks/a",
    ]  # fmt: skip
    script = "; ".join(f"( {line} ) 2>/dev/null && echo BAD" for line in attempts)
    commit = "echo 1 > f; git add f && git -c user.name=a -c user.email=a@b commit -qm m && git log --oneline | wc -l"
    done = stage.sh(f"{script}; {commit}")
    assert done.out.split() == ["1"], done.err
    left = sorted(path.name for path in (stage.workspace / ".git").iterdir())
    assert set(left) - set(before) <= {"COMMIT_EDITMSG", "index", "logs"}


def test_what_runs_later_is_frozen_where_it_exists(stage: Stage) -> None:
    """An editor's tasks in the workspace cannot be changed, nor their folder moved away; links count too."""
    (stage.workspace / ".claude" / "hooks").mkdir(parents=True)
    (stage.workspace / ".envrc").write_text("true\n")
    (stage.workspace / "elsewhere").mkdir()
    (stage.workspace / ".vscode").symlink_to("elsewhere")
    done = stage.sh(
        "mv .claude c; echo x > .claude/hooks/h; rm .envrc; rm .vscode; mv .vscode v; touch fine; ls -A", files=Files()
    )
    assert done.out.split() == [".claude", ".envrc", ".vscode", "elsewhere", "fine"]


def test_an_agents_own_folder_persists_but_for_what_runs_later(stage: Stage) -> None:
    """Entries of the agent's folder that later sessions obey are frozen, absent ones too, and vanish afterwards."""
    config = stage.home / ".agent"
    config.mkdir()
    (config / "settings.json").write_text('{"a": 1}')
    (stage.home / ".agent.json").write_text("copied")
    needs = Needs(
        (config, stage.home / ".new"),
        (config / "settings.json", config / "hooks"),
        (stage.home / ".agent.json",),
        (),
        (("KEY", "k"),),
    )
    done = stage.sh(
        "echo kept > ~/.agent/state; cat ~/.agent/settings.json ~/.agent.json; echo 2 > ~/.agent/settings.json;"
        "echo x > ~/.agent/hooks/h; rmdir ~/.agent/hooks; mv ~/.agent.json ~/.agent.json2; echo $KEY;"
        "echo n > ~/.new/n",
        needs=needs,
    )
    assert done.out == '{"a": 1}copiedk\n'
    assert sorted(path.name for path in config.iterdir()) == ["settings.json", "state"]
    assert (config / "settings.json").read_text() == '{"a": 1}' and (stage.home / ".new" / "n").read_text() == "n\n"
    assert (stage.home / ".agent.json").read_text() == "copied"


def test_a_scope_can_show_hide_and_freeze(stage: Stage, tmp_path: Path) -> None:
    """files.write, read, read_only and hide mean what they say; without `.` the workspace is for reading."""
    for name in ("secret", "out", "kept"):
        (stage.workspace / name).mkdir()
        (stage.workspace / name / "f").write_text(name)
    other = tmp_path / "other"
    other.mkdir()
    (other / "f").write_text("other")
    files = Files(write=("out",), read=(str(other),), read_only=("out/frozen",), hide=("secret",))
    done = stage.sh(
        f"cat secret/f; ls secret; cat kept/f {other}/f; echo x > kept/f; echo x > {other}/f;"
        "echo x > out/f; mkdir out/frozen/x",
        files=files,
    )
    assert done.out == "keptother"
    assert (stage.workspace / "out" / "f").read_text() == "x\n" and not (stage.workspace / "out" / "frozen").exists()


@pytest.mark.parametrize("place", ["/", "/etc", "/usr/bin", "home", "home/.ssh"])
def test_some_folders_cannot_be_a_workspace(stage: Stage, place: str) -> None:
    """The system, the home and hidden folders are refused with a way out."""
    workspace = Path(place) if place.startswith("/") else stage.home.parent / place
    with pytest.raises(UsageError) as caught:
        stage.plan(workspace=workspace)
    assert caught.value.fix and str(workspace) in str(caught.value)


def test_set_id_programs_give_nothing(stage: Stage) -> None:
    """No new privileges: a set-user-id program runs as the agent."""
    done = stage.sh(
        "grep NoNewPrivs /proc/self/status; find /usr/bin -perm -4000 -name su | head -1; su -c id </dev/null"
    )
    assert "NoNewPrivs:\t1" in done.out and "uid=0" not in done.out


def test_limits_and_mask_are_sane(stage: Stage) -> None:
    """No core is dumped, and the umask is the developer's."""
    before = os.umask(0o027)
    try:
        assert stage.sh("ulimit -c; umask").out.split() == ["0", "0027"]
    finally:
        os.umask(before)


def test_what_is_replaced_outside_is_frozen_again(stage: Stage) -> None:
    """A new `.git/config` that the developer's git puts there, and a new socket, are soon closed to the agent too."""
    subprocess.run(["git", "init", "-q", str(stage.workspace)], check=True)
    door = stage.workspace / "door.sock"
    outside = socket.socket(socket.AF_UNIX)
    outside.bind(str(door))
    script = "while read word; do ( : >> .git/config ) 2>/dev/null && echo open || echo shut; head -c0 door.sock; done"
    with outside, stage.start(["/bin/sh", "-c", script]) as cell:
        cell.go()

        def says() -> bytes:
            os.write(cell.stdin, b"try\n")
            return read_until(cell.stdout, b"\n")

        assert says() == b"shut\n"
        for value in range(5):
            subprocess.run(["git", "-C", str(stage.workspace), "config", "a.b", str(value)], check=True)
            until(lambda: says() == b"shut\n")
        door.unlink()
        with socket.socket(socket.AF_UNIX) as again:
            again.bind(str(door))
            listed = f"/proc/{cell.pid}/mountinfo"
            if os.geteuid() == 0:
                until(lambda: "/door.sock " in Path(listed).read_text())
        assert says() == b"shut\n"


def test_sessions_that_share_a_workspace_share_its_placeholders(stage: Stage) -> None:
    """What the first session made stays frozen for the second when the first ends; the last one takes it away."""
    subprocess.run(["git", "init", "-q", str(stage.workspace)], check=True)
    made = stage.workspace / ".git" / "commondir"
    first = stage.start(["/bin/true"])
    with stage.start(["/bin/sh", "-c", "rm -f .git/commondir; cat .git/commondir"]) as second:
        first.close()
        assert made.read_text() == ".\n"
        second.go()
        assert read_until(second.stdout, b"\n") == b".\n"
    assert not made.exists()


def test_a_placeholder_is_not_made_through_a_link(stage: Stage, tmp_path: Path) -> None:
    """A folder that became a link after the plan gets nothing put into what it leads to."""
    (stage.workspace / "sub").mkdir()
    plan = stage.plan(files=Files(read_only=("sub/frozen.json",)))
    (stage.workspace / "sub").rmdir()
    (stage.workspace / "sub").symlink_to(tmp_path)
    with pytest.raises(HostError):
        start_cell(plan, ["/bin/true"], columns=80, rows=24)
    assert not (tmp_path / "frozen.json").exists()
