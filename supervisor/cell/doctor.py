"""What this host can enforce, tried out on the spot, and how to get the rest."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from supervisor.agents.cellside import Needs
from supervisor.cell.plan import plan_cell
from supervisor.cell.start import start_cell
from supervisor.cell.wayout import way_out
from supervisor.errors import SuperviseError
from supervisor.policy.scope import Files

GateName = Literal["cell", "exec", "network", ""]
_PACKAGE = Path(__file__).resolve().parents[2]
_RUN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from supervisor.cell.selftest import main; main()"
_SECONDS = 20.0
_GATES: dict[str, GateName] = {
    "user namespace": "cell",
    "mount namespace": "cell",
    "process namespace": "cell",
    "network namespace": "network",
    "terminal": "cell",
    "lent files": "cell",
    "exec gate": "exec",
    "process limit": "",
    "landlock": "",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried. `gate` is what does not hold without it, as `--weaken` names it; "" = no gate."""

    name: str
    holds: bool
    detail: str
    fix: str = ""
    gate: GateName = ""


def checks(*, whole: bool = True) -> tuple[Check, ...]:
    """Try everything, in children; with `whole`, a real cell at last. Takes about 0.2 s."""
    if platform.system() != "Linux":
        fix = "run it in a Linux virtual machine or container"
        return tuple(
            Check(f"{gate} on {platform.system()}", False, "only Linux has what it needs", fix, gate)
            for gate in ("cell", "exec", "network")
        )
    found = _features()
    if whole and all(check.holds for check in found if check.gate in ("cell", "network")):
        found.append(_whole(exec_gate=all(check.holds for check in found if check.gate == "exec")))
    return tuple(found)


def _features() -> list[Check]:
    command = [sys.executable, "-I", "-S", "-c", _RUN, str(_PACKAGE)]
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_SECONDS, check=False)
        output = done.stdout.decode("utf-8", "replace")
        broken = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    except (OSError, subprocess.TimeoutExpired) as error:
        output, broken = "", str(error)
    told = {}
    for line in output.splitlines():
        name, _, rest = line.partition("\t")
        holds, _, detail = rest.partition("\t")
        told[name] = (holds == "yes", detail)
    missing = (False, f"the trial did not end: {broken}")
    return [
        Check(name, *told.get(name, missing), "" if told.get(name, missing)[0] else way_out(name), gate)
        for name, gate in _GATES.items()
    ]


def _whole(*, exec_gate: bool) -> Check:
    """A cell as a session has it, around /bin/true; without its exec gate, because nobody answers here."""
    begun = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="agent-supervise-") as folder:
            nothing = Needs((), (), (), (), ())
            plan = plan_cell(
                workspace=Path(folder),
                home=Path.home(),
                files=Files(),
                needs=nothing,
                environment=os.environ,
                set_environment={},
                ports={"proxy": 3128},
            )
            with start_cell(plan, ["/bin/sh", "-c", "exit 7"], columns=80, rows=24, exec_gate=False) as cell:
                cell.go()
                code = cell.wait(_SECONDS)
    except (SuperviseError, TimeoutError) as error:
        fix = error.fix if isinstance(error, SuperviseError) else ""
        return Check("a whole cell", False, str(error).partition("\n")[0], fix, "cell")
    spent = round((time.monotonic() - begun) * 1000)
    if code != 7:
        return Check("a whole cell", False, f"a program in it ended with {code} instead of 7", "", "cell")
    detail = f"started and ended in {spent} ms" + ("" if exec_gate else ", without an exec gate")
    return Check("a whole cell", True, detail, "", "cell")
