"""Real agent CLIs, installed once by npm from this folder's package.json."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cell.conftest import real_cells
from tests.e2e.conftest import desk, opened
from tests.e2e.headless import ROOT, Desk
from tests.parts import missing
from tests.real.model import KEY

__all__ = ["claude", "clis", "desk", "opened", "real_cells"]

PINS = Path(__file__).with_name("package.json")
CACHE = ROOT / ".cache" / "real-npm"
INSTALL_SECONDS = 600


@pytest.fixture(scope="session")
def clis() -> Path:
    """The folder of the installed programs."""
    if shutil.which("npm") is None:
        missing("there is no npm to install the agent CLIs with")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = CACHE / ".installed"
        if not done.exists() or done.read_text() != PINS.read_text():
            shutil.copy(PINS, CACHE / "package.json")
            command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(CACHE)]
            try:
                installed = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS)
            except subprocess.TimeoutExpired:
                missing(f"npm did not install the agent CLIs in {INSTALL_SECONDS} s")
            if installed.returncode:
                missing(f"npm could not install the agent CLIs: {installed.stderr[-500:]}")
            done.write_text(PINS.read_text())
    return CACHE / "node_modules" / ".bin"


@pytest.fixture
def claude(desk: Desk, clis: Path) -> Desk:
    """A home in which Claude Code was started before, so that it asks nothing."""
    desk.environment["PATH"] = f"{desk.tools}:{clis}:{os.environ['PATH']}"
    desk.environment["ANTHROPIC_API_KEY"] = KEY
    known = {
        "hasCompletedOnboarding": True,
        "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []},
        "projects": {str(desk.work): {"hasTrustDialogAccepted": True}},
    }
    (desk.home / ".claude.json").write_text(json.dumps(known))
    (desk.home / ".claude").mkdir()
    settings = {"permissions": {"defaultMode": "default", "disableAutoMode": "disable", "allow": ["Bash"]}}
    (desk.home / ".claude/settings.json").write_text(json.dumps(settings))
    return desk


@pytest.fixture
def opencode(desk: Desk, clis: Path) -> Desk:
    """A home for opencode, which asks nothing at its first start."""
    desk.environment["PATH"] = f"{desk.tools}:{clis}:{os.environ['PATH']}"
    desk.environment["ANTHROPIC_API_KEY"] = KEY
    desk.environment["OPENCODE_DISABLE_MODELS_FETCH"] = "1"
    return desk
