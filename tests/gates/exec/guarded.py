"""Programs in real cells behind the exec gate, and one program that the tests' verdicts are about."""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from supervisor.cell.start import Cell, start_cell
from supervisor.gates.exec import ExecGate
from supervisor.model.request import Exec, Request
from tests.cell.cell_stage import SECONDS, Done, Stage, read_until, until
from tests.gates.network.stage import ALLOW, DENY, Desk

WHY = "nothing here needs this host"
"""What a denial of these tests says."""
TARGET = "/usr/bin/uname"
"""Prints `Linux`, and is built into no shell."""
RAN = "Linux"


def action_of(request: Request) -> Exec:
    assert isinstance(request.action, Exec)
    return request.action


def is_target(request: Request) -> bool:
    """Whether this starts `uname`, by its name or by its content."""
    action = action_of(request)
    return PurePosixPath(action.program).name == "uname" or "uname" in action.known_as


def about_target(reply: object) -> Callable[[Request], object]:
    """Answer starts of `uname` with `reply`, and allow all others."""
    return lambda request: reply if is_target(request) else ALLOW


@dataclass
class Guarded:
    """A cell at work, its gate and its desk."""

    cell: Cell
    gate: ExecGate
    desk: Desk

    def read(self, word: str) -> str:
        """Everything printed up to `word`, from now on."""
        number = self.cell.pty if self.cell.pty >= 0 else self.cell.stdout
        return read_until(number, word.encode()).decode()

    def held(self) -> Request:
        """The question about `uname`, once it was asked and its program waits for the answer."""
        until(lambda: any(map(is_target, self.desk.requests)))
        request = next(filter(is_target, self.desk.requests))
        until(lambda: request.id in self.gate._held)
        return request


@contextmanager
def guarded(stage: Stage, argv: Sequence[str], reply: object, *, pty: bool = False) -> Iterator[Guarded]:
    """Start `argv` in a cell whose every start is answered by `reply`."""
    plan = stage.plan()
    with start_cell(plan, argv, columns=80, rows=24, stdio="pty" if pty else "pipes") as cell:
        assert cell.notify_fd is not None
        gate = ExecGate(cell.notify_fd, cell.pid, path="/usr/bin:/bin")
        cell.notify_fd = None
        desk = Desk(reply)
        gate.start(desk)
        try:
            cell.go()
            yield Guarded(cell, gate, desk)
        finally:
            cell.kill()
            gate.stop()


def run(stage: Stage, argv: Sequence[str], reply: object) -> tuple[Done, Desk]:
    """Run a program to its end behind the gate."""
    with guarded(stage, argv, reply) as at:
        os.close(at.cell.stdin)
        at.cell.stdin = -1
        texts = {at.cell.stdout: b"", at.cell.stderr: b""}
        waiting, deadline = list(texts), time.monotonic() + SECONDS
        while waiting:
            ready = select.select(waiting, [], [], max(0.0, deadline - time.monotonic()))[0]
            assert ready, f"the program did not end: {texts} {at.desk.faults}"
            for number in ready:
                data = os.read(number, 65536)
                texts[number] += data
                if not data:
                    waiting.remove(number)
        out, err = (text.decode("utf-8", "replace") for text in texts.values())
        return Done(at.cell.wait(SECONDS), out, err), at.desk


def meets_the_gate(stage: Stage, argv: Sequence[str]) -> None:
    """Assert that `argv` leads to `uname`: it runs when that is allowed, and does not when that is denied."""
    for reply in (ALLOW, DENY):
        done, desk = run(stage, argv, about_target(reply))
        assert any(map(is_target, desk.requests)), (done, desk.faults)
        if reply is ALLOW:
            assert RAN in done.out.split(), (done, desk.faults)
        else:
            assert RAN not in done.out.split(), done
            assert WHY in done.err, done
        assert not desk.faults


def compiled(folder: Path, text: str, *options: str) -> Path:
    """A C program, built outside of any cell."""
    source, program = folder / "made.c", folder / "made"
    source.write_text(text)
    subprocess.run(["gcc", "-O1", "-w", "-o", program, source, "-pthread", *options], check=True, timeout=60)
    return program
