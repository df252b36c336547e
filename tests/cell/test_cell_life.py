"""A cell's beginning and end: terminal, exit codes, and nothing that outlives it."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from supervisor.cell.start import Cell, start_cell
from supervisor.errors import HostError
from tests.cell.cell_stage import Stage, read_until, until
from tests.parts import missing

ROOT = Path(__file__).parents[2]


def test_exit_codes_and_signals_are_passed_on(stage: Stage) -> None:
    """The agent's exit code comes out; a signal's number is added to 128."""
    assert stage.sh("exit 42").code == 42
    assert stage.sh("kill -TERM $$").code == 128 + signal.SIGTERM
    assert stage.sh("kill -SEGV $$").code == 128 + signal.SIGSEGV


def test_a_program_that_cannot_start_says_why(stage: Stage) -> None:
    """A missing program ends with 127, one that is not executable with 126, each with its errno."""
    (stage.workspace / "text").write_text("no program")
    for name, code, number in (("missing", 127, errno.ENOENT), ("text", 126, errno.EACCES)):
        with stage.start([str(stage.workspace / name)]) as cell:
            cell.go()
            assert cell.wait(20) == code
            assert cell.start_error == number


def test_everything_ends_with_the_agent(stage: Stage) -> None:
    """What the agent left behind, in a session of its own and deaf to signals, is gone when `wait` returns."""
    script = (
        "trap '' TERM HUP INT; (setsid sh -c 'while :; do echo tick >> ticks; sleep 0.01; done' &) ; sleep 0.2; exit 3"
    )
    assert stage.sh(script).code == 3
    size = (stage.workspace / "ticks").stat().st_size
    time.sleep(0.1)  # Nothing can be waited for: it is that nothing happens.
    assert (stage.workspace / "ticks").stat().st_size == size


def test_kill_ends_everything(stage: Stage) -> None:
    """`kill` ends a cell whose agent ignores every signal; the exit code says so."""
    with stage.start(["/bin/sh", "-c", "trap '' TERM INT HUP; echo up; while :; do sleep 1; done"]) as cell:
        cell.go()
        read_until(cell.stdout, b"up")
        cell.kill()
        assert cell.wait(20) == 137
        assert not Path(f"/proc/{cell.pid}").exists()
    cell.kill()
    cell.close()


def test_the_terminal_is_a_real_one(stage: Stage) -> None:
    """A controlling terminal with a name, a size that changes, ^C, ^Z and fg."""
    with stage.start(["/bin/bash", "--norc", "-i"], pty=True, environment=stage.environment | {"PS1": "$ "}) as cell:
        cell.go()
        type_in(cell, "tty; stty size; test -t 0 && echo 'is a 'terminal\n")
        seen = read_until(cell.pty, b"is a terminal")
        assert b"/dev/pts/0" in seen and b"24 80" in seen
        cell.resize(132, 50)
        type_in(cell, "stty size; echo 'do'ne\n")
        assert b"50 132" in read_until(cell.pty, b"done")
        type_in(cell, "sleep 100\n")
        until(lambda: runs_in_front(cell, "sleep"))
        os.write(cell.pty, b"\x03")
        type_in(cell, "echo code $?.\n")
        read_until(cell.pty, b"code 130.")
        type_in(cell, "sleep 100\n")
        until(lambda: runs_in_front(cell, "sleep"))
        os.write(cell.pty, b"\x1a")
        read_until(cell.pty, b"Stopped")
        type_in(cell, "fg\n")
        until(lambda: runs_in_front(cell, "sleep"))
        os.write(cell.pty, b"\x03")
        type_in(cell, "echo code $?.\n")
        read_until(cell.pty, b"code 130.")
        type_in(cell, "exit 9\n")
        assert cell.wait(20) == 9


def type_in(cell: Cell, text: str) -> None:
    os.write(cell.pty, text.encode())


def runs_in_front(cell: Cell, name: str) -> bool:
    """Whether a program of the cell, seen from outside, runs as its terminal's foreground job."""
    children = [cell.pid]
    while children:
        pid = children.pop()
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
            children += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        except OSError:
            continue
        state, _, group, _, _, front = stat.rpartition(")")[2].split()[:6]
        if f"({name})" in stat and state in "SR" and group == front:
            return True
    return False


def test_a_killed_supervisor_takes_the_cell_with_it(stage: Stage) -> None:
    """SIGKILL of the session process ends every process of the cell, a waiting cell's too."""
    script = f"""
import sys
from pathlib import Path
from tests.cell.cell_stage import Stage, read_until
stage = Stage(Path({str(stage.workspace)!r}), Path({str(stage.home)!r}), {stage.environment!r})
idle = stage.start(["/bin/sleep", "1000"])
cell = stage.start(["/bin/sh", "-c", "setsid sleep 1000 & echo up; sleep 1000"])
cell.go()
read_until(cell.stdout, b"up")
print(idle.pid, cell.pid, flush=True)
sys.stdin.read()
"""
    words = [sys.executable, "-c", script]
    session = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    assert session.stdin is not None and session.stdout is not None
    with session, session.stdin, session.stdout:
        pids = session.stdout.readline().split()
        assert len(pids) == 2
        session.kill()
        until(lambda: not any(is_alive(int(pid)) for pid in pids))


def is_alive(pid: int) -> bool:
    """Whether a process exists and is no zombie that waits for somebody else's parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_thread_that_started_a_cell_may_end(stage: Stage) -> None:
    """A cell belongs to the process, not to the thread that started it."""
    cells: list[Cell] = []
    thread = threading.Thread(target=lambda: cells.append(stage.start(["/bin/sh", "-c", "exit 5"])))
    thread.start()
    thread.join()
    with cells[0] as cell:
        cell.go()
        assert cell.wait(20) == 5


def test_what_cannot_be_built_is_refused_with_its_place(stage: Stage) -> None:
    """A source that vanished after the plan ends the start with its path; nothing of it stays."""
    extra = stage.home / "extra"
    extra.mkdir()
    plan = stage.plan(read=(extra,))
    extra.rmdir()
    before = held()
    with pytest.raises(HostError) as caught:
        start_cell(plan, ["/bin/true"], columns=80, rows=24, exec_gate=False)
    assert str(extra) in str(caught.value)
    assert held() == before


def test_a_link_put_in_the_way_is_not_followed(stage: Stage) -> None:
    """Between plan and start the workspace's folder became a link to a secret: the cell does not start."""
    plan = stage.plan()
    stage.workspace.rmdir()
    stage.workspace.symlink_to(stage.home / ".ssh")
    with pytest.raises(HostError):
        start_cell(plan, ["/bin/true"], columns=80, rows=24, exec_gate=False)


def held() -> tuple[int, int, int]:
    """Descriptors of this process, its children, and the mounts that it sees."""
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
    mounts = Path("/proc/self/mountinfo").read_text().count("\n")
    return len(os.listdir("/proc/self/fd")), len(children), mounts  # noqa: PTH208


def test_short_cells_leave_nothing_behind(stage: Stage) -> None:
    """A hundred cells later there are as many descriptors, processes, mounts and files as before."""
    files = sorted(stage.home.rglob("*"))
    plan = stage.plan()
    before = held()
    for number in range(100):
        with start_cell(plan, ["/bin/sh", "-c", f"exit {number}"], columns=80, rows=24, exec_gate=False) as cell:
            cell.go()
            assert cell.wait(20) == number
    assert held() == before
    assert sorted(stage.home.rglob("*")) == files


def test_pid_1_loads_next_to_nothing() -> None:
    """The first process imports none of what makes an interpreter slow to start."""
    code = "import sys; import supervisor.cell.inside; print(*sys.modules)"
    words = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"]
    loaded = set(subprocess.run(words, check=True, capture_output=True, text=True).stdout.split())
    assert not loaded & {"typing", "dataclasses", "enum", "re", "json", "pathlib", "socket", "subprocess", "asyncio"}


def test_an_ordinary_user_gets_the_same_cell(stage: Stage) -> None:
    """Without root: own user id inside, secrets hidden, workspace writable, exit code passed on."""
    if os.geteuid() != 0:
        pytest.skip("the other tests run without root already")
    python = Path("/usr/bin/python3")
    version = "import sys; print(sys.version_info >= (3, 11))"
    if not python.exists() or b"True" not in subprocess.run([python, "-c", version], capture_output=True).stdout:
        missing("no /usr/bin/python3 of 3.11 or later for another user to run")
    done = subprocess.run(
        [python, "-c", UNPRIVILEGED, str(ROOT)], capture_output=True, text=True, user=65533, group=65533,
        extra_groups=[], env={"PATH": os.defpath}, cwd="/",
    )  # fmt: skip
    assert done.stdout.split() == ["65533", "0000000000000000", "refused", "frozen", "7"], done.stderr


UNPRIVILEGED = """
import os, shutil, sys, tempfile
sys.dont_write_bytecode = True
from pathlib import Path
base = Path(tempfile.mkdtemp())
shutil.copytree(Path(sys.argv[1]) / "supervisor", base / "supervisor", ignore=shutil.ignore_patterns("__pycache__"))
sys.path.insert(0, str(base))
from supervisor.agents.cellside import Needs
from supervisor.cell.plan import plan_cell
from supervisor.cell.start import start_cell
from supervisor.policy.scope import Files
home = base / "home"
(home / "work" / ".git").mkdir(parents=True)
(home / ".ssh").mkdir()
(home / ".ssh" / "id").write_text("secret")
script = ("id -u; sed -n 's/CapBnd:.//p' /proc/self/status; cat ~/.ssh/id || echo refused; touch made;"
          "echo x > .git/commondir || echo frozen; exit 7")
try:
    plan = plan_cell(workspace=home / "work", home=home, files=Files(), needs=Needs((), (), (), (), ()),
                     environment={"PATH": os.defpath}, set_environment={}, ports={"proxy": 3128})
    with start_cell(plan, ["/bin/sh", "-c", script], columns=80, rows=24, stdio="pipes", exec_gate=False) as cell:
        # The exec gate looks at the cell's files through its PID 1.
        assert os.listdir(f"/proc/{cell.pid}/root{home}") == ["work"]
        cell.go()
        code = cell.wait(20)
        sys.stdout.write(os.read(cell.stdout, 4096).decode())
        print(code)
    assert (home / "work" / "made").exists()
finally:
    shutil.rmtree(base)
"""


def test_in_a_cell_no_other_can_be_started(stage: Stage) -> None:
    """A cell in a cell is refused in words, with a way out, and nothing is started instead."""
    code = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from tests.cell.cell_stage import Stage
from supervisor.errors import HostError
from pathlib import Path
try:
    Stage(Path({str(stage.workspace)!r}), Path({str(stage.home)!r}), {{}}).run("/bin/echo", "started")
except HostError as error:
    print(error)
"""
    read = (ROOT, Path(sys.prefix), Path(sys.base_prefix))
    done = stage.run(sys.executable, "-B", "-c", code, read=read)
    assert "namespaces" in done.out and "fix:" in done.out and "started" not in done.out, done.err
