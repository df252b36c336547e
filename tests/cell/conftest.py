"""Real cells, where the kernel has them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from supervisor.cell.doctor import checks
from tests.cell.cell_stage import Stage
from tests.parts import missing


@pytest.fixture(scope="session")
def real_cells() -> None:
    """Skip, with the reason, what this kernel cannot do; in CI that is a failure."""
    weak = [check for check in checks(whole=False) if check.gate in ("cell", "network") and not check.holds]
    if weak:
        why = "; ".join(f"{check.name}: {check.detail}" for check in weak)
        missing(why)


@pytest.fixture
def stage(real_cells: None, tmp_path: Path) -> Stage:
    """A fresh home with secrets, and a workspace in it."""
    home = tmp_path / "home"
    workspace = home / "work"
    workspace.mkdir(parents=True)
    for name in (".aws/credentials", ".ssh/id_ed25519", ".config/gh/hosts.yml", ".netrc", ".docker/config.json"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("PLANTED-SECRET")
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TERM": "xterm-256color",
        "AWS_SECRET_ACCESS_KEY": "PLANTED-SECRET",
        "GITHUB_TOKEN": "PLANTED-SECRET",
    }
    return Stage(workspace, home, environment)
