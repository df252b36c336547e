"""Sessions whose gates prove themselves: where one stops to hold, the session's programs end and it says so."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cell.cell_stage import until
from tests.e2e.headless import COMMAND, ROOT, Desk

pytestmark = pytest.mark.long

BREAK = """
import sys
if "supervisor.session_process" in " ".join(sys.orig_argv):
    import supervisor.gates.canary as canary
    canary.EVERY, canary.AGAIN = 2, 1
"""
BEATS = "while :; do date >> beats; sleep 0.1; done\n"

EXEC_LETS_GO = """
    import supervisor.gates.exec.gate as gate
    from supervisor.gates.exec import calls
    from pathlib import Path
    was = gate.ExecGate._decide
    def decide(self, note):
        if Path("{flag}").exists():
            calls.let_continue(self._listener, note)
        else:
            was(self, note)
    gate.ExecGate._decide = decide
"""
EXEC_IS_GONE = """
    import os
    import supervisor.gates.exec.gate as gate
    from pathlib import Path
    was = gate.ExecGate._decide
    def decide(self, note):
        if Path("{flag}").exists():
            os.close(self._listener)
            self._listener = os.open("/dev/null", os.O_RDONLY)
            self._stopping.set()
            return
        was(self, note)
    gate.ExecGate._decide = decide
"""
NETWORK_LETS_GO = """
    import supervisor.gates.network.client as client
    from pathlib import Path
    was = client.Client._ask
    async def ask(self, *words):
        allowed = await was(self, *words) if not Path("{flag}").exists() else None
        return allowed if not Path("{flag}").exists() else client.Allowed("r0", ("127.0.0.1",))
    client.Client._ask = ask
"""
NETWORK_IS_WEDGED = """
    import asyncio
    import supervisor.gates.network.serving as serving
    from pathlib import Path
    was = serving.Serving._sort
    async def sort(self, connection, *words):
        if Path("{flag}").exists():
            canary.PATIENCE = 6
            await asyncio.Event().wait()
        await was(self, connection, *words)
    serving.Serving._sort = sort
"""
AWS_LETS_GO = """
    import supervisor.gates.aws.serving as serving
    from aiohttp import web
    from pathlib import Path
    was = serving.Serving.handle
    async def handle(self, request, tunnel):
        if Path("{flag}").exists():
            return web.Response(text="an object")
        return await was(self, request, tunnel)
    serving.Serving.handle = handle
"""


def broken(desk: Desk, how: str) -> tuple[Path, subprocess.Popen[str]]:
    """A session that runs, in which a gate breaks as soon as the returned file exists."""
    flag, patched = desk.base / "flag", desk.base / "patched"
    patched.mkdir()
    (patched / "sitecustomize.py").write_text(BREAK + how.replace("{flag}", str(flag)))
    desk.environment["PYTHONPATH"] = f"{patched}:{ROOT}"
    (desk.work / "task.sh").write_text(BEATS)
    pipe = subprocess.PIPE
    words = [*COMMAND, "--headless", *desk.options, "bash", "task.sh"]
    session = subprocess.Popen(
        words, cwd=desk.work, env=desk.environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )
    try:
        until(lambda: len(checks(desk)) >= 2 and (desk.work / "beats").exists(), 60)
    except AssertionError:
        session.kill()
        session.communicate()
        raise
    return flag, session


def lines(desk: Desk) -> list[dict[str, Any]]:
    """The journal so far."""
    found = [folder / "journal.jsonl" for folder in desk.sessions if (folder / "journal.jsonl").exists()]
    return [json.loads(line) for line in found[0].read_text().splitlines() if line.endswith("}")] if found else []


def checks(desk: Desk) -> list[dict[str, bool]]:
    """What the rounds of canaries showed so far."""
    records = [line for line in lines(desk) if line["kind"] == "gates.checked"]
    return [{gate["name"]: gate["holds"] for gate in record["gates"]} for record in records]


@pytest.mark.parametrize(
    ("how", "gate", "says"),
    [
        pytest.param(EXEC_LETS_GO, "exec", "it ran", id="exec lets go"),
        pytest.param(EXEC_IS_GONE, "exec", "nobody listens", id="exec is gone"),
        pytest.param(NETWORK_LETS_GO, "network", "let through", id="network lets go"),
        pytest.param(NETWORK_IS_WEDGED, "network", "in time", id="network is wedged"),
        pytest.param(AWS_LETS_GO, "aws", "let through", id="aws lets go"),
    ],
)
def test_a_gate_that_stops_to_hold_ends_the_session(desk: Desk, how: str, gate: str, says: str) -> None:
    """Its programs are ended; standard error, the journal and the exit code say so, and the journal is whole."""
    flag, session = broken(desk, how)
    flag.touch()
    _, err = session.communicate(timeout=60)
    assert session.returncode == 70
    assert "failed the canary" in err and gate in err and says in err
    assert all(all(check.values()) for check in checks(desk)[:-1]) and checks(desk)[-1][gate] is False
    kinds = [line["kind"] for line in lines(desk)]
    fault = next(line for line in lines(desk) if line["kind"] == "fault" and says in line["what"])
    assert fault["part"] == gate and kinds[-1] == "session.ended" and kinds.index("fault") < len(kinds) - 1
    assert lines(desk)[-1]["exit_code"] == 70 and gate in lines(desk)[-1]["why"]
    assert desk.command("verify", desk.sessions[0].name).returncode == 0
    beats = (desk.work / "beats").read_text()
    after = time.monotonic() + 0.5
    until(lambda: time.monotonic() > after)
    assert (desk.work / "beats").read_text() == beats


def test_canaries_are_on_record_and_nowhere_else(desk: Desk) -> None:
    """The first round is on record before the agent's first program; it is no request, no decision and no question."""
    assert desk.run("sh", "-c", "true").returncode == 0
    kinds = [line["kind"] for line in lines(desk)]
    assert [kind for kind in kinds if kind != "credential.minted"][:4] == [
        "session.started",
        "scope.loaded",
        "gates.checked",
        "decision",
    ]
    assert checks(desk) == [{"exec": True, "network": True, "aws": True, "files": True}]
    assert "canary" not in json.dumps([line for line in lines(desk) if line["kind"] != "gates.checked"])
    assert desk.command("verify", desk.sessions[0].name, "--replay").returncode == 0
    assert "canary" not in desk.command("export", desk.sessions[0].name, "--as", "md").stdout


def test_a_weakened_gate_has_no_canary(desk: Desk) -> None:
    """It does not hold and does not claim to; the others prove themselves all the same."""
    assert desk.run("sh", "-c", "true", options=("--weaken", "exec")).returncode == 0
    assert checks(desk) == [{"network": True, "aws": True, "files": True}]
    first = lines(desk)[0]
    assert first["weakened"] == ["exec"]
    assert [gate["detail"] for gate in first["gates"] if not gate["holds"]] == ["weakened when the session was started"]


def test_an_agent_cannot_make_canaries_pass_or_end_the_cell_with_one(desk: Desk) -> None:
    """The canary's file is an ordinary program in there: its exit code is the agent's, and no round fails by it."""
    done = desk.shell(
        "/run/agent-supervise/canary; echo rc $?\n"
        "/run/agent-supervise/canary 0123 execve; echo rc $?\n"
        "kill -9 1; kill -STOP 1; kill -USR1 1\n"
        "exec 3<>/dev/tcp/127.0.0.1/3128; to='[2001:db8::1]:9'; end=$'\\r\\n'\n"
        'printf "CONNECT $to HTTP/1.1${end}Host: $to$end$end" >&3; head -1 <&3\n'
    )
    assert done.stdout.splitlines()[:2] == ["rc 86", "rc 86"], done.stderr
    assert "403" in done.stdout and done.returncode == 0
    assert all(all(check.values()) for check in checks(desk))
