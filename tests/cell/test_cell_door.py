"""The door of a cell: sockets of its network for the session, and nothing of it for the agent."""

from __future__ import annotations

import errno
import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from supervisor.cell import door as doors
from supervisor.cell.door import Door
from supervisor.cell.start import Cell, start_cell
from tests.cell.cell_stage import PYTHON, Stage, read_until

SERVER = """
import socket, sys
family = socket.AF_INET6 if sys.argv[1] == '::1' else socket.AF_INET
server = socket.create_server((sys.argv[1], 5173), family=family)
print('listening', flush=True)
while True:
    connection, peer = server.accept()
    connection.sendall(peer[0].encode() + b' is served')
    connection.close()
"""


def opened(stage: Stage, *argv: str) -> Cell:
    """A cell with a door."""
    cell = start_cell(stage.plan(), argv, columns=80, rows=24, stdio="pipes", exec_gate=False, door=True)
    cell.go()
    return cell


def connect(cell: Cell, address: str, port: int = 5173) -> bytes:
    """What a server in the cell says."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    assert cell.door is not None
    with cell.door.open(family) as inside:
        inside.settimeout(10)
        inside.connect((address, port))
        return inside.recv(100)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_it_leads_to_what_listens_in_the_cell(stage: Stage, address: str) -> None:
    """A server that the agent starts is reached, a port without one refuses, and this host's own are another thing."""
    with opened(stage, PYTHON, "-c", SERVER, address) as cell, socket.create_server(("127.0.0.1", 0)) as outside:
        read_until(cell.stdout, b"listening")
        assert connect(cell, address) == f"{address} is served".encode()
        with pytest.raises(ConnectionRefusedError):
            connect(cell, "127.0.0.1", outside.getsockname()[1])


def test_many_at_once(stage: Stage) -> None:
    """Threads do not get each other's sockets."""
    with opened(stage, PYTHON, "-c", SERVER, "127.0.0.1") as cell:
        read_until(cell.stdout, b"listening")
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: connect(cell, "127.0.0.1"), range(64)))
        assert answers == [b"127.0.0.1 is served"] * 64


def test_an_agent_has_no_descriptor_of_it(stage: Stage) -> None:
    """Neither the door nor the session's control socket is among what it inherits."""
    with opened(stage, "/bin/sh", "-c", "ls /proc/self/fd; echo done; sleep 60") as cell:
        assert sorted(read_until(cell.stdout, b"done").split()[:-1]) == [b"0", b"1", b"2", b"3"]  # 3 is the folder


def test_a_family_that_there_is_not_is_an_error(stage: Stage) -> None:
    """The first process says why, and goes on."""
    with opened(stage, PYTHON, "-c", SERVER, "127.0.0.1") as cell:
        assert cell.door is not None
        with pytest.raises(OSError) as caught:
            cell.door.open(socket.AF_UNSPEC)
        assert caught.value.errno == errno.EAFNOSUPPORT
        read_until(cell.stdout, b"listening")
        assert connect(cell, "127.0.0.1") == b"127.0.0.1 is served"


def test_a_cell_that_has_ended_is_an_error(stage: Stage) -> None:
    """Nobody waits for a dead cell."""
    with opened(stage, "/bin/sleep", "60") as cell:
        os.kill(cell.pid, signal.SIGKILL)
        cell.wait(10)
        assert cell.door is not None
        with pytest.raises(OSError):
            cell.door.open(socket.AF_INET)


def test_a_late_answer_is_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that was given up does not shift the answers after it, and no descriptor of it is left."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    door = Door(ours.detach())
    monkeypatch.setattr(doors, "ANSWER_SECONDS", 0.05)
    with pytest.raises(TimeoutError):
        door.open(socket.AF_INET)
    with socket.socket() as late, socket.socket() as right:
        right.bind(("127.0.0.1", 0))
        socket.send_fds(theirs, [b"1"], [late.fileno()])
        socket.send_fds(theirs, [b"2"], [right.fileno()])
        before = set(Path("/proc/self/fd").iterdir())
        with door.open(socket.AF_INET) as got:
            assert got.getsockname() == right.getsockname()
        assert len(set(Path("/proc/self/fd").iterdir()) - before) == 0
    door.close()
    theirs.close()
