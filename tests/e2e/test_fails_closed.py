"""Whatever happens to the session's own process: nothing runs on unsupervised, and what is on record is whole."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import time

import pytest

from tests.cell.cell_stage import PYTHON, until
from tests.e2e.headless import COMMAND, SCOPE, Desk, folder_fd
from tests.e2e.test_limits import cell_of, is_first, lines, running, talk
from tests.gates.exec.test_session_killed import descendants, session_of

pytestmark = pytest.mark.long

SECONDS = 60.0
BEATS = "while :; do /bin/date >> beats; done\n"


def beats(desk: Desk) -> int:
    """How often the agent's program has started and run so far."""
    file = desk.work / "beats"
    return file.read_text().count("\n") if file.exists() else 0


def passed(seconds: float) -> None:
    """Let this much time pass."""
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() >= end, seconds + 10)


def test_a_stopped_session_holds_everything_and_goes_on(desk: Desk) -> None:
    """While the session process is stopped no program starts; afterwards they do, and no canary has failed."""
    with running(desk, BEATS) as session:
        until(lambda: beats(desk) > 3, SECONDS)
        pid = session_of(desk.sessions[0])
        os.kill(pid, signal.SIGSTOP)
        try:
            passed(0.3)  # what was let go before it was stopped runs to its end
            before = beats(desk)
            passed(1.5)
            assert beats(desk) <= before + 1
        finally:
            os.kill(pid, signal.SIGCONT)
        until(lambda: beats(desk) > before + 3, SECONDS)
        talk(desk.sessions[0], {"type": "kill"})
        assert session.wait(SECONDS) == 137
    assert not [line for line in lines(desk) if line["kind"] == "fault"]
    assert desk.command("verify", desk.sessions[0].name, "--replay").returncode == 0


@pytest.mark.parametrize("whose", ["builder", "first"])
def test_a_part_that_is_killed_ends_the_session(desk: Desk, whose: str) -> None:
    """The cell's builder and its first process hold it: when one is killed, everything in the cell is."""
    with running(desk, BEATS) as session:
        until(lambda: beats(desk) > 3, SECONDS)
        pids = cell_of(desk)
        first = next(pid for pid in pids if is_first(pid))
        builder = next(pid for pid in pids if first in children(pid))
        holds = [os.pidfd_open(pid) for pid in (first, *descendants(first)[:1])]
        os.kill(builder if whose == "builder" else first, signal.SIGKILL)
        assert session.wait(SECONDS) == 137
        until(lambda: len(select.select(holds, [], [], 0)[0]) == len(holds), SECONDS)
        for hold in holds:
            os.close(hold)
    assert lines(desk)[-1]["kind"] == "session.ended"
    assert desk.command("verify", desk.sessions[0].name, "--replay").returncode == 0


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [child for child in descendants(pid) if parent(child) == pid]


def parent(pid: int) -> int:
    """The parent of a process."""
    with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
        return int(file.read().rpartition(b") ")[2].split()[1])


def test_a_journal_that_cannot_grow_ends_the_session(desk: Desk) -> None:
    """No room for a record is no start: the session says why, and what was written before is whole."""
    (desk.work / "task.sh").write_text(BEATS)
    words = ["bash", "-c", 'ulimit -f 400; exec "$@"', "sh", *COMMAND, "--headless", *desk.options, "bash", "task.sh"]
    done = subprocess.run(words, cwd=desk.work, env=desk.environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 70, done.stderr
    assert "journal" in done.stderr and "large" in done.stderr
    # A start that was decided and could not be written down has not run.
    allowed = sum(line["kind"] == "verdict" and line["effect"] == "allow" for line in lines(desk))
    assert beats(desk) <= allowed
    assert desk.command("verify", desk.sessions[0].name).returncode == 0


FLOOD = """
import os, socket, sys, time
open = []
for _ in range(600):
    try:
        one = socket.create_connection(("127.0.0.1", 3128), 5)
        one.sendall(b"CONNECT ")
        open.append(one)
    except OSError:
        break
print("open", len(open) > 100)
os.system("terraform destroy; echo rc $?")
for one in open:
    one.close()
"""


def test_a_session_without_descriptors_denies(desk: Desk) -> None:
    """Connections that use up every descriptor of the session let nothing through, and what is denied is denied."""
    (desk.work / "flood.py").write_text(FLOOD)
    words = ["bash", "-c", 'ulimit -Sn 160; exec "$@"', "sh", *COMMAND, "--headless", *desk.options, PYTHON, "flood.py"]
    done = subprocess.run(words, cwd=desk.work, env=desk.environment, capture_output=True, text=True, timeout=180)
    assert "ran terraform" not in done.stdout
    assert done.stdout.splitlines()[0] == "open True", done.stderr[-2000:]
    assert desk.command("verify", desk.sessions[0].name).returncode == 0


def questions(desk: Desk) -> int:
    """How many questions were put to a human so far."""
    return sum(line["kind"] == "escalation.opened" for line in lines(desk))


PENDING = """
import os, sys
count = int(sys.argv[1])
for number in range(count):
    if os.fork() == 0:
        os.execvp("git", ["git", "push", f"place{number}"])
print("started", flush=True)
for _ in range(count):
    os.wait()
"""


def test_hundreds_of_pending_questions_leave_the_session_answerable(desk: Desk) -> None:
    """Beyond the bound they are denied, the rest waits; a program of another kind starts, a console is answered."""
    desk.scope.write_text(SCOPE.replace("wait: 30s", "wait: 15m"))
    (desk.work / "pending.py").write_text(PENDING)
    (desk.tools / "git").write_text('#!/bin/sh\necho ran > "$HOME/work/ran"\n')
    (desk.tools / "git").chmod(0o755)
    with running(desk, f"{PYTHON} pending.py 400 &\nwhile :; do /bin/date >> beats; done\n", "--wait") as session:
        until(lambda: bool(desk.sessions) and questions(desk) >= 200, 120)
        before = beats(desk)
        until(lambda: beats(desk) > before + 1, SECONDS)
        assert talk(desk.sessions[0])["type"] == "welcome"
        assert questions(desk) == 200
        talk(desk.sessions[0], {"type": "kill"})
        assert session.wait(SECONDS) == 137
    assert not (desk.work / "ran").exists()
    assert desk.command("verify", desk.sessions[0].name, "--replay").returncode == 0


def test_a_console_that_never_reads_delays_nobody(desk: Desk) -> None:
    """Its lines wait in a file, not in the session: programs go on starting, and the session ends in time."""
    with running(desk, BEATS) as session:
        until(lambda: beats(desk) > 3, SECONDS)
        deaf = [silent(desk) for _ in range(4)]
        before = beats(desk)
        until(lambda: beats(desk) > before + 20, SECONDS)
        talk(desk.sessions[0], {"type": "kill"})
        assert session.wait(SECONDS) == 137
        for one in deaf:
            one.close()
    assert desk.command("verify", desk.sessions[0].name).returncode == 0


def silent(desk: Desk) -> socket.socket:
    """A console that said hello and reads nothing any more."""
    control = socket.socket(socket.AF_UNIX)
    control.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    with folder_fd(desk.sessions[0]) as number:
        control.connect(f"/proc/self/fd/{number}/control.sock")
    hello = {"type": "hello", "console": "x", "columns": 80, "rows": 24, "since": 0}
    control.sendall(json.dumps(hello).encode() + b"\n")
    return control
