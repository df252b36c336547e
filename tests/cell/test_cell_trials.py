"""What the cell's first process tries on request: it tells the truth about a gate, and a gate that lets go ends it."""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from supervisor.cell.start import Cell, start_cell
from supervisor.cell.trials import LET_RUN, program
from tests.cell.cell_stage import SECONDS, Stage, until
from tests.cell.test_cell_gate import answer, held_start

AGENT = ["/bin/sh", "-c", "read word"]


def replies(cell: Cell, count: int = 1) -> list[list[bytes]]:
    """The next replies of PID 1, in parts."""
    found = []
    for _ in range(count):
        ready, _, _ = select.select([cell.trials], [], [], SECONDS)
        assert ready, "PID 1 did not answer"
        found.append(cell.trials.recv(65536).split(b" ", 3))
    return found


@contextmanager
def waiting_cell(stage: Stage, *, exec_gate: bool) -> Iterator[Cell]:
    """A cell whose agent waits to be started."""
    with start_cell(stage.plan(), AGENT, columns=80, rows=24, stdio="pipes", exec_gate=exec_gate) as cell:
        yield cell


def test_a_refused_start_is_told_with_its_errno(stage: Stage) -> None:
    """Both system calls that start programs meet the gate, and PID 1 tells what it got from each."""
    with waiting_cell(stage, exec_gate=True) as cell:
        assert cell.notify_fd is not None
        cell.trials.send(b"start 7 word")
        for number in (13, 5):
            answer(cell.notify_fd, held_start(cell.notify_fd), error=number)
        assert replies(cell) == [[b"start", b"7", b"13", b"5"]]


def test_a_start_that_is_let_go_ends_the_cell(stage: Stage) -> None:
    """A gate that lets the kernel go on with it has lost its cell: PID 1 was replaced, and everything ends."""
    with waiting_cell(stage, exec_gate=True) as cell:
        assert cell.notify_fd is not None
        cell.trials.send(b"start 1 word")
        answer(cell.notify_fd, held_start(cell.notify_fd))
        assert cell.wait(SECONDS) == 137 and cell.let_run


def test_a_start_that_nobody_sees_ends_the_cell(stage: Stage) -> None:
    """Without a filter that reports starts, the first trial ends the cell together with its agent."""
    with waiting_cell(stage, exec_gate=False) as cell:
        cell.go()
        cell.trials.send(b"start 1 word")
        assert cell.wait(SECONDS) == 137 and cell.let_run


def test_an_agent_cannot_end_the_way_a_failed_trial_does(stage: Stage) -> None:
    """The exit code of a trial that ran says nothing where it is an agent's."""
    done = start_cell(stage.plan(), ["/bin/sh", "-c", f"exit {LET_RUN}"], columns=80, rows=24, exec_gate=False)
    with done as cell:
        cell.go()
        assert cell.wait(SECONDS) == LET_RUN and not cell.let_run


def test_without_a_listener_a_start_is_refused_by_the_kernel(stage: Stage) -> None:
    """A gate that is gone leaves no start that works: ENOSYS, told as such."""
    with waiting_cell(stage, exec_gate=True) as cell:
        assert cell.notify_fd is not None
        os.close(cell.notify_fd)
        cell.notify_fd = None
        cell.trials.send(b"start 1 word")
        assert replies(cell) == [[b"start", b"1", b"38", b"38"]]


def test_what_is_said_to_a_port_comes_back_with_its_answer(stage: Stage) -> None:
    """PID 1 connects inside of the cell and tells everything up to the end of the connection."""
    with waiting_cell(stage, exec_gate=False) as cell:
        cell.trials.send(b"say 3 3128 hello there")
        connection, _ = cell.listeners["proxy"].accept()
        with connection:
            assert connection.recv(64) == b"hello there"
            connection.sendall(b"HTTP/1.1 403 ")
            connection.sendall(b"no\r\n")
        assert replies(cell) == [[b"say", b"3", b"0", b"HTTP/1.1 403 no\r\n"]]


def test_a_slow_port_keeps_nothing_waiting(stage: Stage) -> None:
    """While one conversation has no answer PID 1 does the other trials, and tells of the agent's end."""
    with waiting_cell(stage, exec_gate=False) as cell:
        cell.trials.send(b"say 1 3128 anyone")
        cell.trials.send(b"see 2 /no/such/file")
        assert replies(cell) == [[b"see", b"2", b"2"]]
        cell.go()
        os.close(cell.stdin)
        cell.stdin = -1
        assert cell.wait(SECONDS) == 1


def test_many_conversations_without_an_answer_make_room(stage: Stage) -> None:
    """PID 1 keeps a few of them, the newest ones, and never runs out of descriptors."""
    with waiting_cell(stage, exec_gate=False) as cell:
        for number in range(40):
            cell.trials.send(b"say %d 3128 word%d" % (number, number))
        cell.trials.send(b"see 99 /")
        assert replies(cell) == [[b"see", b"99", b"0"]]
        assert len(list(Path(f"/proc/{cell.pid}/fd").iterdir())) < 30


def test_there_is_no_way_around_the_gates(stage: Stage) -> None:
    """A connection to any address outside has no route; a file that the cell does not show does not exist in it."""
    secret = stage.home / ".aws/credentials"
    with waiting_cell(stage, exec_gate=False) as cell:
        cell.trials.send(b"reach 1 192.0.2.1 9")
        cell.trials.send(b"see 2 " + os.fsencode(secret))
        cell.trials.send(b"see 3 /etc/passwd")
        assert replies(cell, 3) == [[b"reach", b"1", b"101", b""], [b"see", b"2", b"2"], [b"see", b"3", b"0"]]


@pytest.mark.parametrize("words", [b"nonsense 1 x", b"start", b"start x y", b"say 1", b"", b"\xff\xfe", b"say 1 x y"])
def test_what_is_not_understood_is_passed_over(stage: Stage, words: bytes) -> None:
    """PID 1 goes on whatever it is told, and says nothing that would count as proof."""
    with waiting_cell(stage, exec_gate=False) as cell:
        if words:
            cell.trials.send(words)
        cell.trials.send(b"see 5 /")
        last = [b""]
        while last[:2] != [b"see", b"5"]:
            (last,) = replies(cell)
            assert last[0] in (b"see", b"say") and (last[0] == b"see" or last[2] != b"0")


def test_a_session_that_is_gone_ends_the_cell(stage: Stage) -> None:
    """PID 1 does not outlive the other end of its socket."""
    with waiting_cell(stage, exec_gate=False) as cell:
        cell.trials.shutdown(socket.SHUT_RDWR)
        assert cell.wait(SECONDS) == 137


def test_the_agent_does_not_hold_the_socket(stage: Stage) -> None:
    """What the agent inherits are its three streams and nothing else, and PID 1's descriptors are closed to it."""
    done = stage.sh(
        "ls /proc/self/fd | wc -l; ls -l /proc/self/fd; for n in 0 4 5 6 7; do readlink /proc/1/fd/$n; done"
    )
    assert done.out.startswith("4\n") and done.code == 1, done.out
    assert "socket" not in done.out


def test_the_program_is_one_that_the_kernel_runs() -> None:
    """Outside of a cell it ends with its own exit code: a start that is not refused cannot go unnoticed."""
    code = program(os.uname().machine)
    file = os.memfd_create("canary")
    os.write(file, code)
    pid = os.posix_spawn(f"/proc/self/fd/{file}", ["canary"], {})
    os.close(file)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == LET_RUN
    assert program("mips") == b""


def test_trials_come_while_programs_are_held(stage: Stage) -> None:
    """A gate that holds the agent's own start answers PID 1's all the same."""
    with waiting_cell(stage, exec_gate=True) as cell:
        listener = cell.notify_fd
        assert listener is not None
        cell.go()
        first = held_start(listener)
        got: list[int] = []
        thread = threading.Thread(target=lambda: got.extend(refused(listener) for _ in range(2)))
        thread.start()
        cell.trials.send(b"start 1 word")
        assert replies(cell) == [[b"start", b"1", b"13", b"13"]]
        thread.join(SECONDS)
        until(lambda: len(got) == 2)
        answer(listener, first)
        cell.kill()


def refused(listener: int) -> int:
    number = held_start(listener)
    answer(listener, number, error=13)
    return number
