"""The command line as a person runs it, on sessions that were made through the real writer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def run(state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`agent-supervise WORDS` with its state in `state`."""
    environment = {**os.environ, "XDG_STATE_HOME": str(state), "COLUMNS": "120"}
    command = [sys.executable, "-m", "supervisor.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=30)


def imported(state: Path, *words: str) -> set[str]:
    """The modules that are loaded when `agent-supervise WORDS` has done its work."""
    script = (
        "import sys, supervisor.cli\n"
        "try:\n    supervisor.cli.main()\n"
        "except SystemExit:\n    pass\n"
        "sys.stderr.write('\\x00' + ' '.join(sys.modules))"
    )
    environment = {**os.environ, "XDG_STATE_HOME": str(state)}
    command = [sys.executable, "-c", script, *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=30)
    return set(done.stderr.rpartition("\x00")[2].split())


HEAVY = {"textual", "boto3", "botocore", "rich", "asyncio", "tree_sitter", "pydantic", "yaml"}
"""What a command that reads a file has no use for."""
