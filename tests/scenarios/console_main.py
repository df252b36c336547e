"""`python -m tests.scenarios.console_main SOCKET [--pick]`: a console in a real terminal, for tests that spawn one."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    from supervisor.console.app import DETACHED, run_console, run_session
    from tests.scenarios import scopes

    control = Path(sys.argv[1])
    if "--pick" in sys.argv:
        code = run_session(scopes.ALL, scopes.HOST, lambda chosen: control, chosen="developer")
    else:
        code = run_console(control)
    sys.exit(99 if code == DETACHED else code)
