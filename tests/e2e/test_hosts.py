"""Hosts without one of the mechanisms: a session is refused with the reason and the way out, never quietly weaker."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from supervisor.cell.wayout import way_out
from tests.e2e.headless import COMMAND, ROOT, Desk
from tests.e2e.test_limits import lines

pytestmark = pytest.mark.long

SECONDS = 120.0


def without(desk: Desk, lacks: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of the product on a host that lacks something."""
    command = [sys.executable, "-m", "tests.cell.without", lacks, "--", *COMMAND, *words]
    environment = desk.environment | {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}
    return subprocess.run(
        command,
        cwd=desk.work,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize(
    ("lacks", "says", "fix"),
    [
        ("listener", "does not let us filter program starts", "--weaken exec"),
        ("unshare", "gives no namespaces for a cell", "agent-supervise doctor"),
        ("mount", "does not let a cell be built", "doctor"),
        ("namespaces", "gives no namespaces for a cell", "user.max_user_namespaces"),
    ],
)
def test_a_session_is_refused_with_the_reason_and_the_way_out(desk: Desk, lacks: str, says: str, fix: str) -> None:
    """Exit code 2, nothing of the agent ran, and the journal of the session that was not to be is whole."""
    done = without(desk, lacks, "--headless", *desk.options, "touch", "ran")
    assert done.returncode == 2, done.stderr
    assert says in done.stderr and fix in done.stderr, done.stderr
    assert not (desk.work / "ran").exists()
    assert lines(desk)[-1]["kind"] == "session.ended"
    assert desk.command("verify", desk.sessions[0].name).returncode == 0


def test_without_ptrace_nothing_starts(desk: Desk) -> None:
    """What was approved cannot be compared with what runs, so it does not run, and that is said."""
    done = without(desk, "ptrace", "--headless", *desk.options, "touch", "ran")
    assert done.returncode == 126 and not (desk.work / "ran").exists()
    assert "could not watch it" in done.stderr and "doctor" in done.stderr
    assert any("cannot be watched" in line["what"] for line in lines(desk) if line["kind"] == "fault")


def test_a_gate_that_cannot_hold_is_weakened_by_word_only(desk: Desk) -> None:
    """With `--weaken exec` the session starts, says so for its whole life, and claims no proof for that gate."""
    done = without(desk, "listener", "--headless", "--weaken", "exec", *desk.options, "touch", "ran")
    assert done.returncode == 0 and (desk.work / "ran").exists(), done.stderr
    first = lines(desk)[0]
    assert (
        first["weakened"] == ["exec"] and not next(gate for gate in first["gates"] if gate["name"] == "exec")["holds"]
    )
    (checked,) = [line for line in lines(desk) if line["kind"] == "gates.checked"]
    assert sorted(gate["name"] for gate in checked["gates"]) == ["aws", "files", "network"]


@pytest.mark.parametrize(
    ("lacks", "row", "gate", "fix"),
    [
        ("listener", "exec gate", "exec", "seccomp"),
        ("ptrace", "exec gate", "exec", "ptrace"),
        ("unshare", "mount namespace", "cell", "namespaces"),
        ("mount", "mount namespace", "cell", ""),
        ("namespaces", "user namespace", "cell", "sysctl user.max_user_namespaces"),
    ],
)
def test_doctor_finds_it_by_trying(desk: Desk, lacks: str, row: str, gate: str, fix: str) -> None:
    """The mechanism is named with what failed and the way out; what needs it is not claimed to hold."""
    done = without(desk, lacks, "doctor", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 1 and not found["holds"] and gate in found["weak"]
    check = next(check for check in found["checks"] if check["name"] == row)
    assert not check["holds"] and check["detail"] and fix in check["fix"]
    assert all(proof["name"] != "exec" for proof in found["gates"] if gate == "exec")
    assert gate == "exec" or found["gates"] == []


def test_doctor_offers_only_what_there_is(desk: Desk) -> None:
    """A gate that can be gone without is offered by its option; a cell cannot be gone without."""
    exec_lacks, cell_lacks = without(desk, "listener", "doctor"), without(desk, "unshare", "doctor")
    assert "--weaken exec" in exec_lacks.stderr and "Proven from inside" in exec_lacks.stderr
    assert "No session can start here" in cell_lacks.stderr and "--weaken" not in cell_lacks.stderr


def test_doctor_proves_what_holds(desk: Desk) -> None:
    """Where nothing is missing every gate is proven from inside of a cell, with its time; a session says the same."""
    found = json.loads(desk.command("doctor", "--json").stdout)
    assert [gate["name"] for gate in found["gates"]] == ["exec", "network", "aws", "files"]
    assert all(gate["holds"] and gate["detail"] and gate["at"] for gate in found["gates"]) and found["holds"]
    assert desk.run("true").returncode == 0
    (checked,) = [line for line in lines(desk) if line["kind"] == "gates.checked"]
    assert [gate["detail"] for gate in checked["gates"]] == [gate["detail"] for gate in found["gates"]]


def test_the_setting_that_forbids_it_is_named(tmp_path: os.PathLike[str]) -> None:
    """Each distribution's switch has its own way out; a container and an unknown host have theirs."""
    from pathlib import Path

    root = Path(tmp_path)
    assert way_out("landlock", root=root) == "" and "unprivileged user namespaces" in way_out(
        "mount namespace", root=root
    )
    (root / ".dockerenv").touch()
    assert "container" in way_out("mount namespace", root=root)
    for path, value, fix in (
        ("proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces"),
        ("proc/sys/kernel/unprivileged_userns_clone", "0", "unprivileged_userns_clone=1"),
        ("proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor"),
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(f"{value}\n")
        assert fix in way_out("user namespace", root=root)
