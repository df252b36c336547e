"""A program that waits for a human: nobody else waits with it, and whatever ends a program ends it too."""

from __future__ import annotations

import os
import shutil

import pytest

from supervisor.gates.protocol import HELD
from tests.cell.cell_stage import PYTHON, Stage, until
from tests.gates.exec.guarded import RAN, WHY, Guarded, about_target, guarded
from tests.gates.network.stage import ALLOW, DENY
from tests.parts import missing


def withdrawn(at: Guarded) -> bool:
    return at.desk.requests[-1].id in [number for number, _ in at.desk.withdrawn]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGKILL", "SIGUSR1"])
def test_a_signal_ends_it(stage: Stage, name: str) -> None:
    """Its parent goes on while it waits; a signal ends it as that signal does, and the question is withdrawn."""
    text = f"""
import signal, subprocess
held = subprocess.Popen(["uname"])
print("parent goes on", flush=True)
input()
held.send_signal(signal.{name})
print(signal.Signals(-held.wait()).name, "end", flush=True)
"""
    with guarded(stage, [PYTHON, "-c", text], about_target(HELD)) as at:
        at.read("parent goes on")
        request = at.held()
        os.write(at.cell.stdin, b"\n")
        assert at.read("end").split() == [name, "end"]
        until(lambda: withdrawn(at))
        at.gate.deliver(request.id, ALLOW)
        assert at.cell.wait(20) == 0


@pytest.mark.parametrize(
    ("line", "code"),
    [("timeout 0.1 uname", 124), ("timeout -s KILL 0.1 uname", 137), ("uname & kill $!; wait $!", 143)],
)
def test_a_time_limit_ends_it(stage: Stage, line: str, code: int) -> None:
    """A limit that a program sets on a held one is kept."""
    with guarded(stage, ["/bin/bash", "-c", f"{line}; echo code-$?."], about_target(HELD)) as at:
        assert f"code-{code}." in at.read(".").replace(RAN, "RAN")
        until(lambda: withdrawn(at) or not any(at.gate._held))


def test_pythons_time_limit_ends_it(stage: Stage) -> None:
    """`subprocess.run(timeout=…)` gives up at its time, although the human has not answered."""
    text = """
import subprocess
try:
    subprocess.run(["uname"], timeout=0.1)
except subprocess.TimeoutExpired:
    print("gave up.", flush=True)
"""
    with guarded(stage, [PYTHON, "-c", text], about_target(HELD)) as at:
        assert RAN not in at.read("gave up.")
        until(lambda: withdrawn(at))


def test_the_interrupt_key_ends_it(stage: Stage) -> None:
    """Ctrl-C in the terminal ends the held job of a shell with 130, and the shell goes on."""
    with guarded(stage, ["/bin/bash", "--norc", "-i"], about_target(HELD), pty=True) as at:
        os.write(at.cell.pty, b"uname; echo\n")
        at.held()
        os.write(at.cell.pty, b"\x03")
        until(lambda: withdrawn(at))
        os.write(at.cell.pty, b"echo code-$?.\n")
        assert RAN not in at.read("code-130.")


def test_node_goes_on_meanwhile(stage: Stage) -> None:
    """Node's `spawn` returns and its timers run while the child is held; an allow lets the child run."""
    node = shutil.which("node", path="/usr/bin:/usr/local/bin")
    if node is None:
        missing("there is no node here")
    text = """
const child = require("child_process").spawn("uname", {stdio: ["ignore", 1, 2]});
child.on("exit", code => console.log("code-" + code + "."));
let ticks = 0;
const timer = setInterval(() => { if (++ticks == 3) { console.log("ticks."); clearInterval(timer); } }, 1);
"""
    with guarded(stage, [node, "-e", text], about_target(HELD)) as at:
        assert RAN not in at.read("ticks.")
        at.gate.deliver(at.held().id, ALLOW)
        assert RAN in at.read("code-0.")


def test_a_denial_after_a_wait_is_126_with_its_reason(stage: Stage) -> None:
    """A held program that is denied ends with 126, says why on its own standard error, and ran nothing."""
    with guarded(stage, ["/bin/sh", "-c", "uname 2>&1; echo code-$?."], about_target(HELD)) as at:
        at.gate.deliver(at.held().id, DENY)
        text = at.read("code-126.")
        assert WHY in text and RAN not in text


def test_its_arguments_and_its_memory_are_out_of_reach(stage: Stage) -> None:
    """While it is held its parent can neither write its memory nor trace it, and an allow runs what was asked for."""
    text = """
import ctypes, subprocess
held = subprocess.Popen(["uname"])
libc = ctypes.CDLL(None, use_errno=True)
input()
for number, words in ((311, (held.pid, 0, 0, 0, 0, 0)), (101, (16, held.pid, 0, 0)), (101, (0x4206, held.pid, 0, 0))):
    print(libc.syscall(number, *words), ctypes.get_errno(), flush=True)
for name in ("mem", "clear_refs", "oom_score_adj"):
    try:
        open(f"/proc/{held.pid}/{name}", "r+b")
        print("opened", name)
    except OSError as error:
        print("-1 refused")
print("ready.", flush=True)
held.wait()
print("end.")
"""
    with guarded(stage, [PYTHON, "-c", text], about_target(HELD)) as at:
        request = at.held()
        os.write(at.cell.stdin, b"\n")
        text = at.read("ready.")
        assert text.splitlines()[:3] == ["-1 1"] * 3 and "opened" not in text
        at.gate.deliver(request.id, ALLOW)
        assert RAN in at.read("end.")
