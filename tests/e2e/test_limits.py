"""Sessions that take all they can get: bounded, answerable, killable, and on record to the end."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cell.cell_stage import PYTHON, until
from tests.e2e.headless import COMMAND, SCOPE, Desk, folder_fd
from tests.gates.exec.test_session_killed import descendants, session_of

pytestmark = pytest.mark.long

SECONDS = 60.0


@contextmanager
def running(desk: Desk, text: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A session whose agent runs `text`; it is ended with the block."""
    (desk.work / "task.sh").write_text(text)
    words = [*COMMAND, "--headless", *desk.options, *options, "bash", "task.sh"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        words, cwd=desk.work, env=desk.environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as session:
        try:
            yield session
        finally:
            session.kill()


def limited(desk: Desk, limits: str) -> None:
    """These limits for the sessions of this desk."""
    desk.scope.write_text(f"{SCOPE}limits: {limits}\n")


def lines(desk: Desk) -> list[dict[str, Any]]:
    """The journal of the first session so far."""
    journal = desk.sessions[0] / "journal.jsonl"
    if not journal.exists():
        return []
    return [json.loads(line) for line in journal.read_text().splitlines() if line.endswith("}")]


def talk(folder: Path, *messages: dict[str, object]) -> dict[str, Any]:
    """Say this to a session as a console would; returns the first thing that it says."""
    with socket.socket(socket.AF_UNIX) as control, folder_fd(folder) as number:
        control.settimeout(SECONDS)
        control.connect(f"/proc/self/fd/{number}/control.sock")
        hello: dict[str, object] = {"type": "hello", "console": "test", "columns": 80, "rows": 24, "since": 0}
        control.sendall(b"".join(json.dumps(message).encode() + b"\n" for message in (hello, *messages)))
        said = b""
        while b"\n" not in said:
            said += control.recv(65536)
    found: dict[str, Any] = json.loads(said.partition(b"\n")[0])
    return found


def inside(desk: Desk) -> int:
    """How many processes the first session's cell has; 0 while that cannot be told."""
    try:
        first = next(pid for pid in cell_of(desk) if is_first(pid))
        return sum(entry.name.isdigit() for entry in Path(f"/proc/{first}/root/proc").iterdir())
    except (OSError, StopIteration):
        return 0


def cell_of(desk: Desk) -> list[int]:
    """The processes below the first session, while they come and go."""
    for _ in range(100):
        with contextlib.suppress(OSError):
            return descendants(session_of(desk.sessions[0]))
    return []


def is_first(pid: int) -> bool:
    """Whether a process is the first one of a process namespace below ours."""
    words = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("NSpid"))
    return words.split()[2:] == ["1"]


def test_a_fork_bomb_is_bounded_and_can_be_ended(desk: Desk) -> None:
    """It fills its own limit and no more; meanwhile the session answers, programs start outside, and a kill ends it."""
    limited(desk, "{processes: 200}")
    with running(desk, "touch up; bomb() { bomb | bomb & }; bomb; sleep 300\n") as session:
        until((desk.work / "up").exists, SECONDS)
        until(lambda: inside(desk) >= 150, SECONDS)
        assert inside(desk) <= 201
        assert talk(desk.sessions[0])["type"] == "welcome"
        assert subprocess.run(["/bin/true"], timeout=SECONDS).returncode == 0
        holds = [os.pidfd_open(pid) for pid in cell_of(desk)[:5]]
        talk(desk.sessions[0], {"type": "kill"})
        assert session.wait(SECONDS) == 137
        assert len(select.select(holds, [], [], 0)[0]) == len(holds), "something of the cell goes on"
        for hold in holds:
            os.close(hold)
    assert "ended the session" in lines(desk)[-1]["why"]
    assert desk.command("verify", desk.sessions[0].name, "--replay").returncode == 0


def test_canaries_pass_while_a_fork_bomb_has_every_process(desk: Desk) -> None:
    """PID 1 needs no new process for them: a cell that is full proves its gates all the same."""
    patched = desk.base / "patched"
    patched.mkdir()
    (patched / "sitecustomize.py").write_text(
        'import sys\nif "supervisor.session_process" in " ".join(sys.orig_argv):\n'
        "    import supervisor.gates.canary as canary\n    canary.EVERY = 2\n"
    )
    desk.environment["PYTHONPATH"] = f"{patched}:{desk.environment['PYTHONPATH']}"
    limited(desk, "{processes: 100}")
    with running(desk, "for n in {1..200}; do sleep 300 & done; touch up; wait\n") as session:
        del session

        def rounds() -> int:
            return sum(line["kind"] == "gates.checked" for line in lines(desk))

        until(lambda: bool(desk.sessions) and rounds() > 0 and inside(desk) >= 98, SECONDS)
        before = rounds()
        until(lambda: rounds() >= before + 3, SECONDS)
        assert all(gate["holds"] for line in lines(desk) if line["kind"] == "gates.checked" for gate in line["gates"])


HOG = f"{PYTHON} -c 'import time; held = [bytearray(b\"x\") * (8 << 20) for _ in range(100)]; time.sleep(60)'"


def test_a_program_that_takes_too_much_memory_is_ended(desk: Desk) -> None:
    """That one and not the session: it is told why, its parent sees a kill, and the journal has it."""
    limited(desk, "{memory: 256m}")
    done = desk.shell(f"{HOG}; echo rc $?; echo goes on")
    assert done.stdout == "rc 137\ngoes on\n", done.stderr
    assert "was ended: it had" in done.stderr and "of 256 MiB" in done.stderr
    (reached,) = [line for line in lines(desk) if line["kind"] == "limit.reached"]
    assert reached["limit"] == "memory" and "python3" in reached["what"]
    assert desk.command("verify", desk.sessions[0].name, "--replay").returncode == 0


def test_a_full_private_folder_is_the_agents_own_trouble(desk: Desk) -> None:
    """/tmp takes what the scope gives it; the session, its record and later programs are not touched by it."""
    limited(desk, "{disk: 16m}")
    done = desk.shell(
        "head -c 40M /dev/zero > /tmp/x; echo rc $?; head -c 40M /dev/zero > ~/x; echo rc $?; date >/dev/null"
    )
    assert done.stdout == "rc 1\nrc 1\n" and done.returncode == 0, done.stderr
    assert desk.command("verify", desk.sessions[0].name).returncode == 0


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("arg = 'x' * 131071; many = [arg] * 14; env = {}", id="long words"),
        pytest.param("many = ['x'] * 100000; env = {}", id="many words"),
        pytest.param("many = []; env = {f'V{n}': 'y' * 131000 for n in range(14)}", id="a large environment"),
        pytest.param("arg = '\\x01' * 131071; many = [arg] * 4; env = {}", id="words of control characters"),
    ],
)
def test_an_enormous_start_is_decided_like_any_other(desk: Desk, words: str) -> None:
    """Up to two MiB of words or variables: it runs, it is on record, and the gate goes on with the next one."""
    (desk.work / "start.py").write_text(
        f"import subprocess\n{words}\n"
        "for program in ('/bin/true', 'terraform'):\n"
        "    try:\n"
        "        print(subprocess.run([program, 'destroy', *many], env={'PATH': PATH, **env}).returncode)\n"
        "    except OSError as error:\n"
        "        print(error.errno)\n".replace("PATH, **", "__import__('os').environ['PATH'], **")
    )
    done = desk.run(PYTHON, "start.py", seconds=120)
    assert done.stdout.split() == ["0", "126"] and done.returncode == 0, done.stderr[-2000:]
    assert "agent-supervise: denied" in done.stderr
    assert desk.command("verify", desk.sessions[0].name, "--replay").returncode == 0


def test_a_start_that_is_too_large_fails_and_nothing_else_does(desk: Desk) -> None:
    """What the kernel would refuse is refused, and the next program starts."""
    (desk.work / "start.py").write_text(
        "import subprocess\n"
        "for words in (['x' * 131073], ['x' * 131071] * 100):\n"
        "    try:\n        print(subprocess.run(['/bin/true', *words]).returncode)\n"
        "    except OSError as error:\n        print(error.errno)\n"
        "print(subprocess.run(['/bin/true']).returncode)\n"
    )
    done = desk.run(PYTHON, "start.py")
    assert done.stdout.split() == ["7", "7", "0"], done.stderr[-2000:]
