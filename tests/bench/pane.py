"""The pane beside an attached tmux: bytes absorbed, the echo of a key, the longest stall; the same program in both."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.bench.pane_outer import Outer
from tests.bench.pane_streams import MADE, streams
from tests.e2e.headless import COMMAND, Desk

COLUMNS, ROWS = 160, 44
ROUNDS = 3
AMOUNT = {"scroll": 16 << 20, "unicode": 6 << 20, "ink": 10 << 20, "dense": 10 << 20}
RECORDED = 6 << 20
LOADS = ("idle", "redraw", "flood")
KEYS = 60
LOAD_SETTLES = 0.5
TMUX = 'set -g default-terminal "tmux-256color"\nset -as terminal-features ",xterm-256color:RGB"\n'


def _jobs(names: list[str]) -> list[dict[str, Any]]:
    absorb = [{"do": "absorb", "stream": name, "bytes": AMOUNT.get(name, RECORDED)} for name in names]
    return (absorb + [{"do": "echo", "load": load} for load in LOADS]) * ROUNDS


def _program(folder: Path, jobs: list[dict[str, Any]], made: dict[str, bytes]) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(__file__).with_name("pane_program.py"), folder / "program.py")
    (folder / "jobs.json").write_text(json.dumps(jobs))
    for name, stream in made.items():
        (folder / f"{name}.stream").write_bytes(stream)
    return [sys.executable, "-S", "program.py", "."]


def _echo(outer: Outer, load: str) -> dict[str, list[float]]:
    """Keys at uneven times under a load; milliseconds."""
    outer.begin()
    outer.drain(LOAD_SETTLES)
    outer.watch()
    took = []
    for number in range(1, KEYS + 1):
        took.append(outer.echo(number) * 1000)
        outer.drain(0.020 + 0.0037 * (number % 9))
    stall = outer.longest * 1000
    outer.stop_echo()
    outer.done()
    return {"echo": took} | ({"stall": [stall]} if load == "flood" else {})


def _job(outer: Outer, job: dict[str, Any]) -> dict[str, list[float]]:
    if job["do"] == "echo":
        return _echo(outer, job["load"])
    outer.begin()
    came = outer.done()
    return {"mb_s": [came["bytes"] / came["seconds"] / 1e6]}


def _compared(ours: dict[str, list[float]], theirs: dict[str, list[float]] | None) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for who, figures in (("pane", ours), ("tmux", theirs or {})):
        for what, values in figures.items():
            if what == "echo":
                ordered = sorted(values)
                out[f"{who}_p50_ms"] = round(statistics.median(ordered), 1)
                out[f"{who}_p95_ms"] = round(ordered[int(len(ordered) * 0.95)], 1)
            elif what == "stall":
                out[f"{who}_longest_stall_ms"] = round(max(values), 1)
            else:
                out[f"{who}_mb_s"] = round(statistics.median(values), 1)
    if "pane_mb_s" in out and "tmux_mb_s" in out:
        pairs = zip(ours["mb_s"], (theirs or {})["mb_s"], strict=True)
        out["ratio"] = round(statistics.median(mine / other for mine, other in pairs), 2)
    return out


def run() -> dict[str, Any]:
    """Both stand open at once and take turns, job by job."""
    made = streams()
    jobs = _jobs(list(made))
    tmux = shutil.which("tmux")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, ExitStack() as ends:
        desk = Desk(Path(folder))
        environment = desk.environment | {"COLORTERM": "truecolor"}
        program = _program(desk.work, jobs, made)
        ends.callback(desk.end)
        outers = {"pane": Outer([*COMMAND, *desk.options, *program], desk.work, environment, COLUMNS, ROWS)}
        ends.callback(outers["pane"].close)
        if tmux:
            beside = desk.home / "beside"
            program = _program(beside, jobs, made)
            (beside / "tmux.conf").write_text(TMUX)
            socket = [tmux, "-S", str(beside / "socket"), "-f", str(beside / "tmux.conf")]
            columns, rows = outers["pane"].size
            # Its status line takes a row.
            outers["tmux"] = Outer([*socket, "new-session", *program], beside, environment, columns, rows + 1)
            ends.callback(outers["tmux"].close)
            ends.callback(subprocess.run, [*socket, "kill-server"], capture_output=True)
            assert outers["tmux"].size == outers["pane"].size
        came: dict[str, dict[str, dict[str, list[float]]]] = {who: {} for who in outers}
        for job in jobs:
            name = job.get("stream") or f"keys_{job['load']}"
            for who, outer in outers.items():
                for what, values in _job(outer, job).items():
                    came[who].setdefault(name, {}).setdefault(what, []).extend(values)
        size = outers["pane"].size
    figures = {name: _compared(came["pane"][name], came.get("tmux", {}).get(name)) for name in came["pane"]}
    return {
        "size": f"{size[0]}x{size[1]}",
        "tmux": _version(tmux) if tmux else "missing: install tmux for the figures beside it",
        "absorbed": {name: figures[name] for name in made},
        "keys": {load: figures[f"keys_{load}"] for load in LOADS},
        "targets": {
            "absorbed_ratio": dict.fromkeys(MADE, 1.0),
            "keys_p50_ms": {"idle": 4, "redraw": 4, "flood": "less than tmux"},
            "longest_stall_ms": 100,
        },
    }


def _version(tmux: str) -> str:
    return subprocess.run([tmux, "-V"], capture_output=True, text=True, check=True).stdout.strip()
