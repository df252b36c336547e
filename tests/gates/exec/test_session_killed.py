"""A session process that is killed takes everything with it, what waits for an answer first of all."""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cell.cell_stage import until
from tests.e2e.headless import COMMAND, Desk, folder_fd


@pytest.fixture
def desk(real_cells: None, tmp_path: Path) -> Iterator[Desk]:
    """A desk in a folder of its own; no session outlives its test."""
    desk = Desk(tmp_path)
    yield desk
    desk.end()


def test_a_killed_session_leaves_nothing_that_runs(desk: Desk) -> None:
    """SIGKILL of the session process while a program is held: it never runs, no other does, and no process goes on."""
    (desk.tools / "git").write_text('#!/bin/sh\necho ran > "$HOME/work/ran"\n')
    (desk.tools / "git").chmod(0o755)
    (desk.work / "task.sh").write_text(
        "(git push; /usr/bin/touch after) &\nsetsid git push other &\n: > up\nwhile :; do :; done\n"
    )
    words = [*COMMAND, "--headless", "--wait", *desk.options, "bash", "task.sh"]
    quiet = subprocess.DEVNULL
    launcher = subprocess.Popen(words, cwd=desk.work, env=desk.environment, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        until(lambda: desk.sessions and asked(desk.sessions[0]) == 2)
        session = session_of(desk.sessions[0])
        holds = [os.pidfd_open(pid) for pid in descendants(session)]
        assert len(holds) >= 4
        os.kill(session, signal.SIGKILL)
        until(lambda: len(select.select(holds, [], [], 0)[0]) == len(holds))
        assert launcher.wait(20) != 0
        assert (desk.work / "up").exists() and not (desk.work / "ran").exists()
        assert not (desk.work / "after").exists()
        for hold in holds:
            os.close(hold)
    finally:
        launcher.kill()
        launcher.wait(20)


def asked(folder: Path) -> int:
    """How many starts of a session were asked about so far."""
    journal = folder / "journal.jsonl"
    return journal.read_text().count('"kind":"escalation.opened"') if journal.exists() else 0


def session_of(folder: Path) -> int:
    """The process behind a session's control socket."""
    with socket.socket(socket.AF_UNIX) as control, folder_fd(folder) as number:
        control.connect(f"/proc/self/fd/{number}/control.sock")
        pid, _, _ = struct.unpack("3i", control.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(pid)


def descendants(pid: int) -> list[int]:
    """The processes below a process."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *descendants(child)]
    return found
