"""What a program start costs in a cell: a shell that starts many, and a build, beside the same without a session."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

STARTS, UNITS, ROUNDS = 2_000, 60, 5
SECONDS = 300
SCRIPTS = {
    "starts": f"i=0; while [ $i -lt {STARTS} ]; do /bin/true; i=$((i+1)); done",
    "build": "make --silent --always-make -j2",
}
TARGETS = {"starts": 1.5, "build": 1.1}
# The session's own start and end are measured elsewhere: the shell in it times the work alone.
TIMED = """\
import subprocess, sys, time
for round in range(int(sys.argv[2])):
    sys.stdin.readline()
    before = time.perf_counter()
    subprocess.run(["/bin/sh", "-c", sys.argv[1]], stdin=subprocess.DEVNULL, check=True)
    print(time.perf_counter() - before, flush=True)
"""
SCOPE = "scope: bench\ntask: Measure program starts\ncommands: {otherwise: allow}\n"


def run() -> dict[str, Any]:
    """Seconds at the median and at best, the two taking turns, and their ratios."""
    figures: dict[str, Any] = {"starts_counted": STARTS, "units": UNITS, "rounds": ROUNDS}
    with tempfile.TemporaryDirectory() as folder:
        workspace = _workspace(Path(folder))
        for name, script in SCRIPTS.items():
            ours, bare = _turns(script, workspace)
            figures[name] = {
                "supervised_s": round(statistics.median(ours), 3),
                "bare_s": round(statistics.median(bare), 3),
                "ratio": round(statistics.median(ours) / statistics.median(bare), 3),
                "best_ratio": round(min(ours) / min(bare), 3),
                "target_ratio": TARGETS[name],
            }
    return figures


def _turns(script: str, workspace: Path) -> tuple[list[float], list[float]]:
    supervise = [sys.executable, "-m", "supervisor.cli", "--headless", "--scope", str(workspace.parent / "bench.yaml")]
    times = ["/usr/bin/python3", "-c", TIMED, script, str(ROUNDS)]
    environment = os.environ | {"XDG_STATE_HOME": str(workspace.parent / "state")}
    with (
        subprocess.Popen([*supervise, *times], **_piped(workspace, environment)) as ours,
        subprocess.Popen(times, **_piped(workspace, environment)) as bare,
    ):
        taken: dict[subprocess.Popen[str], list[float]] = {ours: [], bare: []}
        deadline = time.monotonic() + SECONDS
        for _ in range(ROUNDS):
            for process, seconds in taken.items():
                assert process.stdin and process.stdout and time.monotonic() < deadline
                process.stdin.write("go\n")
                process.stdin.flush()
                seconds.append(float(process.stdout.readline()))
    return taken[ours], taken[bare]


def _piped(workspace: Path, environment: dict[str, str]) -> dict[str, Any]:
    return {
        "cwd": workspace,
        "env": environment,
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "text": True,
    }


def _workspace(top: Path) -> Path:
    """A project of many small files in C, and the scope beside it."""
    (top / "bench.yaml").write_text(SCOPE)
    workspace = top / "project"
    workspace.mkdir()
    names = [f"part{number}" for number in range(UNITS)]
    for number, name in enumerate(names):
        body = "\n".join(f"int f{number}_{line}(int x) {{ return x * {line} + {number}; }}" for line in range(200))
        (workspace / f"{name}.c").write_text(f"#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n{body}\n")
    (workspace / "main.c").write_text("int main(void) { return 0; }\n")
    objects = " ".join(f"{name}.o" for name in (*names, "main"))
    (workspace / "Makefile").write_text(f"all: {objects}\n\tcc -o all {objects}\n%.o: %.c\n\tcc -O1 -c -o $@ $<\n")
    return workspace
