"""What a mount's path stands for stays: nothing above it can be renamed away."""

from __future__ import annotations

import subprocess

from supervisor.policy.scope import Files
from tests.cell.cell_stage import PYTHON, Stage


def test_folders_above_a_mount_cannot_be_moved(stage: Stage) -> None:
    """Neither above the workspace nor above what a scope shows in the home; other folders of the home move as ever."""
    workspace = stage.home / "src" / "deep" / "project"
    tools = stage.home / "opt" / "tools"
    for folder in (workspace, tools):
        folder.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(workspace)], check=True)
    script = """
import os
home = os.path.expanduser("~")
os.makedirs(f"{home}/own/folder")
for folder in ("src", "src/deep", "src/deep/project", "opt", "opt/tools", "own"):
    try:
        os.rename(f"{home}/{folder}", f"{home}/away")
        print(folder)
    except OSError as error:
        print(error.strerror)
open(f"{home}/src/deep/fine", "w")
"""
    done = stage.run(PYTHON, "-c", script, workspace=workspace, files=Files(read=(str(tools),)))
    told = done.out.splitlines()
    assert told[-1] == "own" and len(told) == 6, done
    assert set(told[:-1]) <= {"Device or resource busy", "Invalid cross-device link"}, done
    assert done.code == 0, done
    assert not (stage.home / "src" / "deep" / "fine").exists()
