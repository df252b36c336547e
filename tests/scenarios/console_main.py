"""`python -m tests.scenarios.console_main SOCKET`: a console in a real terminal, for tests that spawn one."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    from supervisor.console.app import DETACHED, run_console

    code = run_console(Path(sys.argv[1]))
    sys.exit(99 if code == DETACHED else code)
