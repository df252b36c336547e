"""What `doctor` finds here, and what it finds where nothing can be enforced."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from supervisor.cell import doctor
from tests.cell.cell_stage import Stage

ROOT = Path(__file__).parents[2]
RUN = "from supervisor.commands.doctor import doctor; doctor()"


def test_doctor_tells_programs_on_stdout_and_people_on_stderr(real_cells: None) -> None:
    """`--json` is one object; exit code 0 means that every gate holds; textual is not loaded."""
    code = f"import sys; sys.argv[1:] = ['--json']\ntry:\n {RUN}\nfinally: assert 'textual' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert done.returncode == (0 if found["holds"] else 1) and done.stderr == ""
    assert {check["gate"] for check in found["checks"]} == {"cell", "network", "exec", ""}
    held = {check["name"] for check in found["checks"] if check["holds"]}
    assert {"exec gate", "process limit", "a whole cell"} <= held
    plain = subprocess.run([sys.executable, "-c", RUN], cwd=ROOT, capture_output=True, text=True)
    assert plain.stdout == "" and "a whole cell" in plain.stderr


def test_in_a_cell_doctor_finds_that_no_other_can_be_built(stage: Stage) -> None:
    """Inside a cell every gate is found missing, each with a way out and the option that weakens it."""
    read = (ROOT, Path(sys.prefix), Path(sys.base_prefix))
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {RUN}"
    done = stage.run(sys.executable, "-c", code, read=read)
    assert done.code == 1, done.err
    assert "No session can start here" in done.err and "--weaken" not in done.err
    assert done.err.count("✗") <= done.err.count("fix:")


def test_a_trial_that_dies_counts_as_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the trials cannot be run at all, nothing is claimed to hold."""
    monkeypatch.setattr(doctor, "_RUN", "raise SystemExit('broken')")
    found = doctor.checks()
    assert not any(check.holds for check in found)
    assert all(check.detail for check in found)


def test_elsewhere_than_on_linux_nothing_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """On another system each gate is named with the way to have it."""
    monkeypatch.setattr(doctor.platform, "system", lambda: "Darwin")
    found = doctor.checks()
    assert [check.gate for check in found] == ["cell", "exec", "network"]
    assert not any(check.holds for check in found) and all(check.fix for check in found)
