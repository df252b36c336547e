"""The exec gate's end of a cell: PID 1 is filtered before the agent exists, and cannot be used against it."""

from __future__ import annotations

import fcntl
import os
import struct
import threading

import pytest

from supervisor.cell.start import start_cell
from tests.cell.cell_stage import PYTHON, Stage

RECEIVE, SEND, CONTINUE = 0xC0502100, 0xC0182101, 1


def held_start(listener: int) -> int:
    """Wait for the next program start; returns its number."""
    held = bytearray(80)
    fcntl.ioctl(listener, RECEIVE, held)
    (number,) = struct.unpack_from("Q", held)
    return int(number)


def answer(listener: int, number: int, *, error: int = 0) -> None:
    flags = 0 if error else CONTINUE
    fcntl.ioctl(listener, SEND, bytearray(struct.pack("Qqii", number, 0, -error, flags)))


def test_the_agents_first_program_meets_the_gate(stage: Stage) -> None:
    """Nothing is started before `go`; then the first exec is held, and so is each one after it."""
    with start_cell(stage.plan(), ["/bin/sh", "-c", "/bin/true; exit 4"], columns=80, rows=24) as cell:
        assert cell.notify_fd is not None
        cell.go()
        for _ in range(2):
            answer(cell.notify_fd, held_start(cell.notify_fd))
        assert cell.wait(20) == 4


def test_a_refused_agent_ends_with_126(stage: Stage) -> None:
    """A first exec that the gate refuses ends the cell with 126 and its errno."""
    with start_cell(stage.plan(), ["/bin/true"], columns=80, rows=24) as cell:
        assert cell.notify_fd is not None
        cell.go()
        answer(cell.notify_fd, held_start(cell.notify_fd), error=13)
        assert (cell.wait(20), cell.start_error) == (126, 13)


def test_a_cell_dies_while_its_agent_is_held(stage: Stage) -> None:
    """`kill` ends a cell whose agent still waits for the gate's answer."""
    with start_cell(stage.plan(), ["/bin/true"], columns=80, rows=24) as cell:
        assert cell.notify_fd is not None
        cell.go()
        held_start(cell.notify_fd)
        cell.kill()
        assert cell.wait(20) == 137


def test_without_its_listener_nothing_starts(stage: Stage) -> None:
    """When the gate is gone every program start fails."""
    with start_cell(stage.plan(), ["/bin/sh", "-c", "/bin/true; exit $?"], columns=80, rows=24, stdio="pipes") as cell:
        assert cell.notify_fd is not None
        cell.go()
        answer(cell.notify_fd, held_start(cell.notify_fd))
        gone, cell.notify_fd = cell.notify_fd, None
        os.close(gone)
        assert cell.wait(20) in (126, 127)


def test_the_gate_may_be_anothers_thread(stage: Stage) -> None:
    """Starts are answered from a thread while the caller waits for the agent."""
    with start_cell(stage.plan(), ["/bin/sh", "-c", "/bin/true; /bin/true; exit 6"], columns=80, rows=24) as cell:
        listener = cell.notify_fd
        assert listener is not None
        thread = threading.Thread(target=lambda: [answer(listener, held_start(listener)) for _ in range(3)])
        thread.start()
        cell.go()
        assert cell.wait(20) == 6
        thread.join(20)


TRACE = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for words in ((16, 1, 0, 0), (0x4206, 1, 0, 0)):
    print(libc.ptrace(*words), ctypes.get_errno())
for flags in (0x10000000, 0x20000):
    print(libc.unshare(flags), ctypes.get_errno())
print(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None), ctypes.get_errno())
try:
    open("/proc/1/mem", "rb")
except OSError as error:
    print(error.errno)
"""


def test_pid_1_cannot_be_traced_and_nothing_mounted(stage: Stage) -> None:
    """ptrace of PID 1, new namespaces and mounts are refused by the filter, with the exec gate off too."""
    done = stage.run(PYTHON, "-c", TRACE)
    assert done.out.splitlines() == ["-1 1"] * 5 + ["13"], done.err


SET_ID = """
import ctypes, os
open("own", "w").write("x")
for attempt in (
    lambda: os.chmod("own", 0o4755),
    lambda: os.chmod(os.open("own", os.O_RDONLY), 0o2755),
    lambda: os.chmod("own", 0o4755, dir_fd=os.open(".", os.O_RDONLY)),
    lambda: os.open("made", os.O_CREAT | os.O_WRONLY, 0o4755),
    lambda: os.open(".", os.O_TMPFILE | os.O_WRONLY, 0o4755),
    lambda: os.mknod("node", 0o104755),
):
    try:
        attempt()
        print("made")
    except PermissionError:
        print("refused")
print(ctypes.CDLL(None, use_errno=True).syscall(437, -100, b".", b"", 24), ctypes.get_errno())
os.chmod("own", 0o755)
os.close(os.open("own", os.O_RDONLY, 0o4755))
"""


def test_root_lends_no_set_id_files(stage: Stage) -> None:
    """Started by root, no way to make a set-id file is open: it would run as root outside."""
    if os.geteuid() != 0:
        pytest.skip("only files of root are worth it")
    done = stage.run(PYTHON, "-c", SET_ID)
    assert done.out.splitlines() == ["refused"] * 6 + ["-1 38"], done.err
    assert done.code == 0
    assert not any(path.stat().st_mode & 0o6000 for path in stage.workspace.rglob("*"))
