"""From Enter to the agent's first byte: a session with a console in a terminal, beside the same program bare."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import statistics
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path
from typing import Any

RUNS = 7
WORD = b"first-byte-of-the-agent"
# It stays: a program that ends at once takes its screen with it.
AGENT = [sys.executable, "-S", "-c", f"import time; print('{WORD.decode()}', flush=True); time.sleep(5)"]


def _until_word(command: list[str], workspace: Path) -> float:
    before = time.perf_counter()
    pid, master = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
        os.environ["TERM"] = "xterm-256color"
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["XDG_STATE_HOME"] = str(workspace.parent / "state")
        os.chdir(workspace)
        os.execvp(command[0], command)
    seen, deadline = b"", before + 20
    took = float("nan")
    while time.perf_counter() < deadline:
        if select.select([master], [], [], 0.05)[0]:
            try:
                data = os.read(master, 65536)
            except OSError:
                break
            seen += data
            if WORD in seen:
                took = (time.perf_counter() - before) * 1000
                break
    os.kill(pid, 15)
    os.close(master)
    os.waitpid(pid, 0)
    return took


def run() -> dict[str, Any]:
    """Milliseconds at the median, interleaved; the difference is what supervision costs at the start."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "project"
        workspace.mkdir()
        supervised = [sys.executable, "-m", "supervisor.cli", "--scope", "developer", *AGENT]
        both = [(_until_word(supervised, workspace), _until_word(AGENT, workspace)) for _ in range(RUNS)]
    ours, bare = [pair[0] for pair in both], [pair[1] for pair in both]
    return {
        "supervised_ms": round(statistics.median(ours), 1),
        "bare_ms": round(statistics.median(bare), 1),
        "more_ms": round(statistics.median(ours) - statistics.median(bare), 1),
        "best_more_ms": round(min(ours) - min(bare), 1),
        "target_more_ms": 400,
    }
