"""The proof that gates hold on this host: a cell without an agent, and one round of canaries through all its gates."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from supervisor.agents.cellside import Needs
from supervisor.cell.plan import plan_cell
from supervisor.cell.start import Cell, start_cell
from supervisor.cloud import Cloud
from supervisor.core.session import Session
from supervisor.errors import SuperviseError
from supervisor.gates.canary import CanaryDesk
from supervisor.gates.canary_watch import CanaryWatch, canaries_of
from supervisor.gates.exec import ExecGate
from supervisor.gates.network import NetworkGate
from supervisor.gates.protocol import Gate
from supervisor.model.codec import Json
from supervisor.model.event import GatesChecked, GateStatus, Record
from supervisor.policy.scope import Files, Scope, Source
from supervisor.runtime import Runtime, utc_now

_PORT: Final = 3128
_TICK_SECONDS: Final = 0.1
_SECONDS: Final = 20.0
_GATES: Final = ("exec", "network", "aws", "files")


@dataclass(frozen=True, slots=True)
class Proof:
    """What canaries showed of each gate, and when."""

    gates: tuple[GateStatus, ...]
    at: datetime


class _Nowhere:
    """A journal that keeps nothing: no session is recorded here."""

    def append(self, record: Record, *, now: datetime) -> Json:
        return {}


def prove(environment: Mapping[str, str], *, weakened: frozenset[str] = frozenset()) -> Proof:
    """Start a cell, send a canary through each gate but the `weakened`, and end it. Takes about half a second."""
    try:
        gates = asyncio.run(_proved(dict(environment), weakened))
    except (SuperviseError, TimeoutError, OSError) as error:
        why = str(error).partition("\n")[0] or type(error).__name__
        gates = tuple(GateStatus(name, False, why) for name in _GATES if name not in weakened)
    return Proof(gates, utc_now())


async def _proved(environment: dict[str, str], weakened: frozenset[str]) -> tuple[GateStatus, ...]:
    told: asyncio.Future[GatesChecked] = asyncio.get_running_loop().create_future()

    def tell(record: GatesChecked) -> None:
        if not told.done():
            told.set_result(record)

    scope = Scope("doctor", "Prove that gates hold", "", Source("doctor", 1))
    cloud = Cloud(scope, environment, session="doctor", user="", deadline=None)
    variables = cloud.variables(_PORT)
    with tempfile.TemporaryDirectory(prefix="agent-supervise-") as name:
        folder = Path(name)
        hidden = folder / "hidden"
        hidden.mkdir()
        (hidden / "record").touch()
        (folder / "work").mkdir()
        plan = plan_cell(
            workspace=folder / "work",
            home=Path.home(),
            files=Files(),
            needs=Needs((), (), (), (), ()),
            environment=environment,
            set_environment=variables,
            ports={"proxy": _PORT},
            hide=(hidden,),
            texts=cloud.texts,
        )
        gated = "exec" not in weakened
        # The agent is never started: PID 1 sends the canaries.
        with start_cell(plan, ["/bin/sh"], columns=80, rows=24, stdio="pipes", exec_gate=gated) as cell:
            runtime = Runtime(
                Session(scope, unattended="this is a trial"),
                _Nowhere(),
                session_id="doctor",
                agent="",
                wake=lambda moment: None,
            )
            desk = CanaryDesk(runtime)
            gates = _gates(cell, cloud, runtime, desk, gated)
            canaries = canaries_of(weakened=weakened, port=_PORT, variables=variables, hidden=str(hidden / "record"))
            watch = CanaryWatch(canaries, desk, cell.trials, tell)
            try:
                for gate in gates:
                    gate.start(desk)
                watch.start()
                return (await _outcome(cell, watch, told)).gates
            finally:
                watch.stop()
                for gate in gates:
                    await asyncio.get_running_loop().run_in_executor(None, gate.stop)
                cloud.end("the trial is over")


def _gates(cell: Cell, cloud: Cloud, runtime: Runtime, desk: CanaryDesk, gated: bool) -> list[Gate]:
    gates: list[Gate] = []
    if gated:
        assert cell.notify_fd is not None
        gates.append(ExecGate(cell.notify_fd, cell.pid, path=os.defpath))
        cell.notify_fd = None  # the gate's from now on
    aws = cloud.gate(runtime, lambda peer: (), desk.is_bucket)
    return [*gates, aws, NetworkGate(cell.listeners, aws=aws.take)]


async def _outcome(cell: Cell, watch: CanaryWatch, told: asyncio.Future[GatesChecked]) -> GatesChecked:
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(cell.exit_fd, over.set)
    try:
        async with asyncio.timeout(_SECONDS):
            while not told.done() and not over.is_set():
                await asyncio.wait((told,), timeout=_TICK_SECONDS)
                watch.tick()
    finally:
        asyncio.get_running_loop().remove_reader(cell.exit_fd)
    if not told.done():
        cell.wait(_SECONDS)
        if not cell.let_run:
            raise TimeoutError("the cell ended before its gates were proven")
        watch.ran()
    return await told
