"""`agent-supervise check` from its start to its exit code, beside a bare interpreter of the same environment."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from typing import Any

RUNS = 15
CHECK = [sys.executable, "-m", "supervisor.cli", "check", "--scope", "developer", "--", "git", "push"]
BARE = [sys.executable, "-c", "pass"]


def _once(command: list[str]) -> float:
    # Compiled modules are kept, as they are on everybody's machine.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, env=environment)
    return (time.perf_counter() - before) * 1000


def run() -> dict[str, Any]:
    """Milliseconds at the median and at best, interleaved."""
    both = [(_once(CHECK), _once(BARE)) for _ in range(RUNS)]
    checks, bare = [pair[0] for pair in both], [pair[1] for pair in both]
    return {
        "check_ms": {"median": round(statistics.median(checks), 1), "best": round(min(checks), 1)},
        "bare_python_ms": {"median": round(statistics.median(bare), 1), "best": round(min(bare), 1)},
        "target_ms": 150,
    }
