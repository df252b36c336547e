"""`python -m tests.bench [NAME…]`: every measurement side by side with its yardstick, as JSON in bench-out/."""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
from pathlib import Path

NAMES = ("decide", "check", "exec", "start", "pane", "identify", "aws")


def main(wanted: list[str]) -> int:
    """Run the named benchmarks, or all; returns 2 for a name that is none."""
    if unknown := [name for name in wanted if name not in NAMES]:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    out = Path("bench-out")
    out.mkdir(exist_ok=True)
    for name in wanted or NAMES:
        figures = importlib.import_module(f"tests.bench.{name}").run()
        figures["machine"] = {"cpus": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()}
        (out / f"{name}.json").write_text(json.dumps(figures, indent=2) + "\n")
        print(f"{name}: {json.dumps({key: value for key, value in figures.items() if key != 'machine'}, indent=2)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
