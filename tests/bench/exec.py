"""What a cell costs: program starts, a build, parallel jobs, threads and forks, files; beside the same without one."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

STARTS, UNITS, JOBS, ROUNDS = 2_000, 60, 16, 5
SECONDS = 600
THREADS = """\
import os, threading
for _ in range(3000):
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
for _ in range(1000):
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
"""
FILES = """\
import os
os.makedirs("files", exist_ok=True)
for number in range(4000):
    name = f"files/{number % 300}"
    with open(name, "w") as file:
        file.write("x" * 2000)
    os.stat(name)
    with open(name) as file:
        file.read()
    os.rename(name, name + ".done")
for _ in range(20):
    sum(entry.stat().st_size for entry in os.scandir("/usr/bin"))
"""
SCRIPTS = {
    "starts": f"i=0; while [ $i -lt {STARTS} ]; do /bin/true; i=$((i+1)); done",
    "build": "make --silent --always-make -j2",
    # Each job starts programs that mostly wait: one after the other they would take as many times as long.
    "parallel": f"make --silent --always-make -j{JOBS} -f jobs.mk",
    "threads": "exec python3 threads.py",
    "files": "exec python3 files.py",
}
TARGETS = {"starts": 1.3, "build": 1.1, "parallel": 1.1, "threads": 1.02, "files": 1.02}
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


def run(names: tuple[str, ...] = tuple(SCRIPTS)) -> dict[str, Any]:
    """Seconds at the median and at best, the two taking turns, and their ratios.

    `cpu_ratio` compares the processor time of both whole process trees, which other work on the machine changes less.
    """
    figures: dict[str, Any] = {"starts_counted": STARTS, "units": UNITS, "jobs": JOBS, "rounds": ROUNDS}
    with tempfile.TemporaryDirectory() as folder:
        workspace = _workspace(Path(folder))
        for name in names:
            ours, bare = _turns(SCRIPTS[name], workspace)
            figures[name] = {
                "supervised_s": round(statistics.median(ours.seconds), 3),
                "bare_s": round(statistics.median(bare.seconds), 3),
                "ratio": round(statistics.median(ours.seconds) / statistics.median(bare.seconds), 3),
                "best_ratio": round(min(ours.seconds) / min(bare.seconds), 3),
                "cpu_ratio": round(statistics.median(ours.cpu) / statistics.median(bare.cpu), 3),
                "target_ratio": TARGETS[name],
            }
    return figures


class _Side:
    """One of the two: the program that works when it is told to, and what each of its rounds took."""

    def __init__(self, command: list[str], workspace: Path, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            command, cwd=workspace, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.seconds: list[float] = []
        self.cpu: list[float] = []

    def turn(self) -> None:
        """One round."""
        assert self.process.stdin and self.process.stdout
        before = _cpu(self.process.pid)
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        self.seconds.append(float(self.process.stdout.readline()))
        self.cpu.append(_cpu(self.process.pid) - before)

    def end(self) -> None:
        """Nothing is left to do."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait(SECONDS)
        self.process.stdout.close()


def _cpu(top: int) -> float:
    """Seconds of processor time of a process, all that it waited for, and all that is below it (proc_pid_stat(5))."""
    total, found = 0, [top]
    while found:
        pid = found.pop()
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
            for thread in Path(f"/proc/{pid}/task").iterdir():
                found += map(int, (thread / "children").read_text().split())
        except FileNotFoundError:
            continue
        total += sum(map(int, fields[11:15]))
    return total / os.sysconf("SC_CLK_TCK")


def _turns(script: str, workspace: Path) -> tuple[_Side, _Side]:
    supervise = [sys.executable, "-m", "supervisor.cli", "--headless", "--scope", str(workspace.parent / "bench.yaml")]
    times = ["/usr/bin/python3", "-c", TIMED, script, str(ROUNDS)]
    environment = os.environ | {"XDG_STATE_HOME": str(workspace.parent / "state")}
    sides = _Side([*supervise, *times], workspace, environment), _Side(times, workspace, environment)
    deadline = time.monotonic() + SECONDS
    for _ in range(ROUNDS):
        for side in sides:
            assert time.monotonic() < deadline
            side.turn()
    for side in sides:
        side.end()
    return sides


def _workspace(top: Path) -> Path:
    """A project of many small files in C, programs and jobs, and the scope beside it."""
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
    jobs = " ".join(f"job{number}" for number in range(JOBS))
    steps = "\tfor step in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; done\n"
    (workspace / "jobs.mk").write_text(f"all: {jobs}\njob%:\n{steps}")
    (workspace / "threads.py").write_text(THREADS)
    (workspace / "files.py").write_text(FILES)
    return workspace


if __name__ == "__main__":
    print(json.dumps(run(tuple(sys.argv[1:]) or tuple(SCRIPTS)), indent=2))
