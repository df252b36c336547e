"""A cell takes no more of its host than its limits: processes, open files, private folders, memory."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from supervisor.cell.limits import PROCESSES, held
from supervisor.cell.memory import MemoryWatch, Taken, in_words
from supervisor.policy.scope import Limits
from tests.cell.cell_stage import PYTHON, SECONDS, Stage, read_until, until

GIB = 1 << 30
MIB = 1 << 20

FORKS = """
import os, time
made = 0
try:
    while made < 500:
        if os.fork() == 0:
            time.sleep(60)
        made += 1
except BlockingIOError:
    print("stopped at", made)
"""
THREADS = """
import threading
gate = threading.Event()
made = 0
try:
    while made < 500:
        threading.Thread(target=gate.wait, daemon=True).start()
        made += 1
except RuntimeError:
    print("stopped at", made, flush=True)
import os
os._exit(0)
"""


@pytest.mark.parametrize("program", [FORKS, THREADS], ids=["processes", "threads"])
def test_processes_and_threads_are_bounded(stage: Stage, program: str) -> None:
    """A fork or a thread beyond the limit fails with EAGAIN; the limit counts all of the cell together."""
    done = stage.run(PYTHON, "-c", program, limits=Limits(processes=64))
    words = done.out.split()
    assert words[:2] == ["stopped", "at"] and 40 <= int(words[2]) <= 64, (done.out, done.err)


def test_what_runs_outside_does_not_count(stage: Stage) -> None:
    """Two cells have their limit each, and the developer's own programs have no part in either."""
    limits = Limits(processes=40)
    with stage.start([PYTHON, "-c", FORKS.replace("print", "time.sleep(60); print")], limits=limits) as first:
        first.go()
        proc = Path(f"/proc/{first.pid}/root/proc")
        until(lambda: sum(entry.name.isdigit() for entry in proc.iterdir()) >= 36)
        assert os.waitstatus_to_exitcode(os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)[1]) == 0
        done = stage.run(PYTHON, "-c", FORKS, limits=limits)
        assert int(done.out.split()[2]) >= 30


def test_open_files_are_bounded(stage: Stage) -> None:
    """A process has no more descriptors than the scope says, and cannot ask for more."""
    program = (
        "import os, resource\n"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE))\n"
        "try:\n    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))\nexcept ValueError:\n    print('no')\n"
        "try:\n    while True: os.open('/', os.O_RDONLY)\nexcept OSError as error:\n    print(error.errno)\n"
    )
    done = stage.run(PYTHON, "-c", program, limits=Limits(open_files=100))
    assert done.out.splitlines() == ["(100, 100)", "no", "24"], done.err


def test_a_scope_that_says_nothing_leaves_descriptors_as_they_are(stage: Stage) -> None:
    """The host's own limit is the agent's."""
    done = stage.run(PYTHON, "-c", "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE))")
    assert done.out.strip() == str(resource.getrlimit(resource.RLIMIT_NOFILE))


@pytest.mark.parametrize("place", ["/tmp", "/var/tmp", "~", "/dev/shm"])
def test_private_folders_are_bounded(stage: Stage, place: str) -> None:
    """What lies in memory has the size that the scope says, each by itself."""
    done = stage.sh(f"head -c 60M /dev/zero > {place}/x; echo $?; stat -c %s {place}/x", limits=Limits(disk=16 * MIB))
    code, size = done.out.split()
    assert code != "0" and int(size) <= 16 * MIB and "space" in done.err.lower()


def test_a_core_dump_is_never_written(stage: Stage) -> None:
    """A crash leaves no file, and no handler of the host runs: the limit is one byte, and hard."""
    done = stage.sh("ulimit -Hc; ulimit -Sc; ulimit -f; sh -c 'kill -SEGV $$'; ls")
    assert done.out.split() == ["0", "0", "unlimited"], done.out


def test_the_kernel_ends_programs_of_the_cell_first(stage: Stage) -> None:
    """When the host has no memory left, the score of everything in a cell is worse than that of the developer's."""
    done = stage.sh("cat /proc/self/oom_score_adj; echo -1000 > /proc/self/oom_score_adj || echo refused")
    assert done.out.split() == ["500", "refused"]
    assert int(Path("/proc/self/oom_score_adj").read_text()) < 500


def test_defaults_fit_the_host() -> None:
    """A small machine has smaller private folders, and a scope's own words count for more than any default."""
    small, large = held(Limits(), 4 * GIB), held(Limits(), 64 * GIB)
    assert (small.disk, large.disk) == (GIB // 2, 2 * GIB)
    assert (small.memory, large.memory) == (3 * GIB, 48 * GIB)
    assert small.processes == PROCESSES and small.open_files == 0
    said = held(Limits(10, GIB, 100, 3 * GIB), 4 * GIB)
    assert (said.processes, said.memory, said.open_files, said.disk) == (10, GIB, 100, 3 * GIB)


def test_a_limit_of_the_host_is_never_raised() -> None:
    """What the developer may not have, the cell has neither."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for number, soft, top in held(Limits(65_536, None, 1 << 20), GIB).rlimits():
        if number == resource.RLIMIT_NOFILE and hard != resource.RLIM_INFINITY:
            assert soft <= top <= hard


# ── memory ───────────────────────────────────────────────────────────────────────────────────────

HOGS = """
import os, sys, time
parts = []
for size in (40, 120, 20):
    if os.fork() == 0:
        held = bytearray(os.urandom(1)) * (size << 20)
        sys.stdout.write("up\\n"); sys.stdout.flush()
        time.sleep(60)
        os._exit(0)
for _ in range(3):
    pid, status = os.wait()
    sys.stdout.write(f"ended {os.waitstatus_to_exitcode(status)}\\n"); sys.stdout.flush()
"""


def test_the_program_that_takes_most_is_ended(stage: Stage) -> None:
    """Only that one, by a kill, with a line on its standard error; the others go on."""
    with stage.start([PYTHON, "-c", HOGS], limits=Limits(memory=128 * MIB)) as cell:
        cell.go()
        read_until(cell.stdout, b"up\nup\nup\n")
        watch = MemoryWatch(cell.pid, 128 * MIB)
        taken = watch.look()
        assert taken is not None and 115 * MIB < taken.own < 140 * MIB and 175 * MIB < taken.every < 230 * MIB
        assert b"ended -9" in read_until(cell.stdout, b"ended")
        assert b"was ended" in read_until(cell.stderr, b"128 MiB")
        assert watch.look() is None and not watch.near


def test_below_the_limit_nothing_is_ended(stage: Stage) -> None:
    """Near the limit it is said that the next look should come soon."""
    with stage.start([PYTHON, "-c", HOGS]) as cell:
        cell.go()
        read_until(cell.stdout, b"up\nup\nup\n")
        far, near = MemoryWatch(cell.pid, GIB), MemoryWatch(cell.pid, 220 * MIB)
        assert far.look() is None and near.look() is None
        assert near.near and not far.near


SHARED = """
import os, sys, time
held = bytearray(os.urandom(1)) * (60 << 20)
for _ in range(8):
    if os.fork() == 0:
        sys.stdout.write("up\\n"); sys.stdout.flush()
        time.sleep(60)
os.wait()
"""


def test_shared_pages_count_once(stage: Stage) -> None:
    """Nine programs that share 60 MiB take little more than 60 MiB, though each of them seems to have all of it."""
    with stage.start([PYTHON, "-c", SHARED]) as cell:
        cell.go()
        read_until(cell.stdout, b"up\n" * 8)
        watch = MemoryWatch(cell.pid, 200 * MIB)
        assert watch.look() is None and watch.near


def test_a_cell_that_has_ended_has_nothing(stage: Stage) -> None:
    """Looking at it is no error."""
    with stage.start(["/bin/true"]) as cell:
        cell.go()
        assert cell.wait(SECONDS) == 0
        assert MemoryWatch(cell.pid, 1).look() is None


def test_the_first_process_is_never_ended(stage: Stage) -> None:
    """Whatever the limit is, PID 1 stays: the cell ends by its agent's end."""
    with stage.start(["/bin/sh", "-c", "echo up; read word"]) as cell:
        cell.go()
        read_until(cell.stdout, b"up")
        watch = MemoryWatch(cell.pid, 1)
        taken = watch.look()
        assert taken is not None and taken.pid != 1
        assert cell.wait(SECONDS) == 137 and not cell.let_run


def test_words_of_a_hostile_name_are_visible() -> None:
    """A program's name cannot write to the screen that tells of its end."""
    text = in_words(Taken(7, "x\x1b[2J\n", 2 * GIB, 3 * GIB, 2 * GIB))
    assert "\x1b" not in text and "\n" not in text and "2.0 GiB" in text
