"""The session process: owns the cell, the gates, the PTY and the journal of one session, from its start to its end.

Started by `launch.Launcher`. What it was asked to run comes on standard input; where the session lies, or why there is
none, goes to standard output; then both are closed. Whatever ends this process ends the cell: the cell's first process
dies with it, and program starts that were held fail.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import json
import os
import pwd
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from supervisor import __version__
from supervisor.agent_terminal import AgentTerminal
from supervisor.agents.cellside import needs_of
from supervisor.agents.find import adapter_for, readable_for
from supervisor.agents.network import forwards, network_rules
from supervisor.cell.facts import Host
from supervisor.cell.granted_hints import Hints
from supervisor.cell.granted_paths import GrantedPaths
from supervisor.cell.leftbehind import Watch, written_roots
from supervisor.cell.memory import MemoryWatch, in_words
from supervisor.cell.plan import CellPlan, plan_cell
from supervisor.cell.start import Cell, start_cell
from supervisor.cloud import CREDENTIALS, Cloud
from supervisor.console.left import left_lines
from supervisor.console.words import short
from supervisor.control import ControlServer
from supervisor.core.orders import HidePath, ShowPath
from supervisor.core.session import Session
from supervisor.emulator.handle import EmulatorHost
from supervisor.errors import JournalError, SuperviseError, UsageError
from supervisor.gates.canary import CanaryDesk
from supervisor.gates.canary_watch import CanaryWatch, canaries_of
from supervisor.gates.exec import ExecGate
from supervisor.gates.network import NetworkGate
from supervisor.gates.network.exposed import ExposedPorts
from supervisor.gates.network.who import chain_behind
from supervisor.gates.protocol import Gate
from supervisor.identity.oidc.configured import configuration_folder, is_configured
from supervisor.journal.cast import CastWriter
from supervisor.journal.keys import load_key
from supervisor.journal.private import write_private
from supervisor.journal.redact import Redactor
from supervisor.journal.sessions import SessionFolder, keys_folder, new_session
from supervisor.journal.writer import JournalWriter
from supervisor.launch import Launch
from supervisor.model.codec import canonical, from_json, to_json
from supervisor.model.effect import Effect
from supervisor.model.event import (
    DecisionRecord,
    EscalationOpened,
    GatesChecked,
    GateStatus,
    PathWanted,
    Record,
    ScopeLoaded,
    SessionStarted,
)
from supervisor.model.grant import PathMatcher
from supervisor.model.request import Connect, Exec
from supervisor.model.visible import visible
from supervisor.pipes import Pipes
from supervisor.policy.decide import decide
from supervisor.policy.lookup import may_look_up
from supervisor.policy.plain import plain_words
from supervisor.policy.rego_tighten import has_conditions
from supervisor.policy.scope import Scope
from supervisor.rego.conditions import Conditions
from supervisor.rego.opa_token import token_of
from supervisor.runtime import Runtime, utc_now

if TYPE_CHECKING:
    from supervisor.control.receipts import Receipts
    from supervisor.identity.oidc.acting import Acting
    from supervisor.identity.oidc.values import DevicePrompt

PROXY_PORT: Final = 3128
TICK_SECONDS: Final = 5.0
FLUSH_SECONDS: Final = 0.5
NEAR_SECONDS: Final = 0.1
"""Between two looks at a cell whose memory is nearly used up."""
CONSOLE_SECONDS: Final = 3.0
"""How long the agent waits at most for a console that was just started."""
STOPPED: Final = 70
"""Exit code of a session that had to stop because of a fault of ours (EX_SOFTWARE of sysexits.h)."""


class SessionProcess:
    """One session. `stdio` are the descriptors of a command line without a console, or none."""

    def __init__(self, launch: Launch, stdio: tuple[int, ...]) -> None:
        self._launch, self._stdio = launch, stdio
        self._loop = asyncio.get_running_loop()
        self._over, self._watched = asyncio.Event(), asyncio.Event()
        self._why = ""
        self._fault = ""
        self._columns, self._rows = launch.columns, launch.rows
        self._gates: list[Gate] = []
        self._exposed = ExposedPorts(())
        self._cell: Cell | None = None
        self._paths: GrantedPaths | None = None
        self._hints: Hints | None = None
        self._cast: CastWriter | None = None
        self._began = time.monotonic()
        self._conditions: Conditions | None = None
        self._screen: EmulatorHost | None = None
        self._terminal: AgentTerminal | None = None
        self._pipes: Pipes | None = None
        self._control: ControlServer | None = None
        self._acting: Acting | None = None
        self._acts: asyncio.Future[None] | None = None
        self._killed = False

    # ── from start to end ────────────────────────────────────────────────────────────────────────

    async def start(self) -> Path:
        """Everything but the agent runs when this returns. Raises `SuperviseError`; then nothing is left behind."""
        launch, environment = self._launch, dict(self._launch.environment)
        home = Path(environment.get("HOME") or _home_of(os.getuid()))
        _, _, self._user = Host().user()
        adapter = adapter_for(launch.program)
        scope = _with_rules(launch.scope, network_rules(adapter, environment))
        ways = {**forwards(adapter, environment), **{name: ("127.0.0.1", port) for name, port in launch.forwards}}
        if launch.vouched_by == "configured" and is_configured(environment):
            await self._log_in(scope, environment)  # before anything of the session is there, and before its time runs
        now = utc_now()
        self._folder: SessionFolder = new_session(environment, now)
        redactor = Redactor.of_environment(environment)
        self._journal = JournalWriter(
            self._folder.path,
            session=self._folder.id,
            key=load_key(keys_folder(environment)),
            redact=redactor,
            on_broken=self._journal_broke,
        )
        _freeze(self._folder.path, scope)
        deadline = now + scope.expires if scope.expires else None
        if has_conditions(scope):
            self._conditions = Conditions(
                scope,
                deadline,
                token_of=lambda server: token_of(server, environment),
                told=lambda what: self._runtime.fault("policy", what),
            )
            # Compiled while the cell is built.
            compiling = self._loop.run_in_executor(None, self._conditions.start)
        self._runtime = Runtime(
            Session(scope, deadline, unattended=launch.unattended),
            self._journal,
            session_id=self._folder.id,
            agent=Path(launch.argv[0]).name,
            wake=self._wake_at,
            on_record=self._recorded,
            on_broken=self._journal_broke,
            on_path=self._path,
            on_stop=self._break,
            conditions=self._conditions,
        )
        if launch.record:
            self._cast = CastWriter(
                self._folder.cast, self._columns, self._rows, redact=redactor, timestamp=int(now.timestamp())
            )
        self._cloud = Cloud(
            scope,
            environment,
            session=self._folder.id,
            user=self._user,
            deadline=deadline,
            profile=launch.profile,
            endpoint=launch.aws_endpoint,
            unnarrowed=CREDENTIALS in launch.weakened,
            tokens=self._acting,
        )
        self._own = self._cloud.variables(PROXY_PORT)
        pty = launch.stdio == "pty"
        if pty:
            self._screen = EmulatorHost(
                self._columns, self._rows, self._folder.path / "screen.sock", self._keys, self._screen_says
            )
            self._screen.start()
        plan = self._plan(home, scope, ways)
        self._notes = plan.notes
        # Looked through while the cell is built: the agent has written nothing yet.
        private = [str(path) for path in needs_of(adapter, home, environment).write]
        self._watch = Watch(written_roots(plan, private))
        self._watching = self._loop.run_in_executor(None, self._watch.begin)
        argv = (launch.program, *adapter.arguments, *launch.argv[1:])
        gated = "exec" not in launch.weakened
        self._exposed = ExposedPorts(scope.expose, {port for _, port in plan.ports})
        self._cell = start_cell(
            plan,
            argv,
            columns=self._columns,
            rows=self._rows,
            stdio=launch.stdio,
            exec_gate=gated,
            door=bool(scope.expose),
        )
        if self._conditions is not None:
            await compiling
        self._hints = Hints(plan)
        self._paths = GrantedPaths(
            self._cell,
            plan,
            environment,
            self._watch,
            failed=self._runtime.path_failed,
            broke=self._path_stays,
            said=lambda text: self._runtime.fault("files", text),
        )
        self._start_gates(scope, ways, gated)
        self._runtime.record(*self._first_records(scope, deadline), *self._exposed.opened)
        if self._acting is not None and self._acting.asks:
            await self._loop.run_in_executor(None, self._act, scope, environment, deadline)
        self._memory = MemoryWatch(self._cell.pid, plan.limits.memory)
        self._canaries.start()  # goes on while consoles attach
        if self._cell.door is not None:
            self._exposed.start(self._cell.door.open)
            self._say(*self._exposed.told)
        self._say(*self._notes)
        receipts = self._receipts(self._acting) if self._acting is not None and self._acting.asks else None
        self._control = ControlServer(
            self._folder.path, self._folder.id, self._runtime, self, screen=pty, receipts=receipts
        )
        await self._control.start()
        if self._acting is None or not self._acting.asks:
            # Nothing of the start waits for it: the agent does, which starts later.
            self._acts = self._loop.run_in_executor(None, self._act, scope, environment, deadline)
        return self._folder.path

    async def run(self) -> int:
        """Let the agent go; returns its exit code when everything has ended."""
        cell = self._cell
        assert cell is not None
        self._loop.add_reader(cell.exit_fd, self._over.set)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            self._loop.add_signal_handler(number, self._stop, f"the session process got {number.name}")
        ticking = asyncio.gather(self._tick(), self._watch_memory())
        if self._launch.stdio == "pty":
            assert self._screen is not None
            self._terminal = AgentTerminal(cell.pty, self._screen, self._output)
            self._terminal.start()
        else:
            self._pipes = Pipes((cell.stdin, cell.stdout, cell.stderr), self._stdio, self._record)
            self._pipes.start()
        if self._screen is not None and not self._stdio:
            # Its first size is then the right one, and what it prints at once is seen.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._watched.wait(), CONSOLE_SECONDS)
        await self._watching
        proved = await self._proved()
        await self._acted()
        if proved and not self._fault and not self._over.is_set():
            cell.go()
        await self._over.wait()
        self._loop.remove_reader(cell.exit_fd)
        code = await self._loop.run_in_executor(None, cell.wait)
        ticking.cancel()
        self._canaries.stop()
        if cell.let_run:
            self._canaries.ran()
        if self._fault:
            self._say(self._fault)
        if cell.start_error:
            self._why = f"{self._launch.program} could not be started in the cell: {os.strerror(cell.start_error)}"
            if cell.start_error == errno.EAGAIN:
                self._why += "; the exec gate could not watch it, `agent-supervise doctor` says more"
            self._runtime.fault("agent", self._why)
            self._say(self._why)
        return await self._finish(STOPPED if self._fault else code, self._fault or self._why or "the agent ended")

    async def abandon(self) -> None:
        """Undo a start that failed."""
        if self._cell is not None:
            self._cell.kill()
        if hasattr(self, "_canaries"):
            self._canaries.stop()
        for gate in self._gates:
            gate.stop()
        if self._conditions is not None:
            await self._loop.run_in_executor(None, self._conditions.close)
        self._exposed.stop()
        await self._end_identity("the session could not start")
        if self._screen is not None:
            self._screen.kill()
        if hasattr(self, "_journal"):
            with contextlib.suppress(JournalError):
                self._runtime.end(STOPPED, "the session could not start")
                self._journal.close()
        if hasattr(self, "_folder"):
            self._folder.release()

    async def _finish(self, code: int, why: str) -> int:
        assert self._cell is not None and self._control is not None
        if self._terminal is not None:
            await self._terminal.finish()
        if self._pipes is not None:
            await self._loop.run_in_executor(None, self._pipes.finish)
        for gate in self._gates:
            await self._loop.run_in_executor(None, gate.stop)
        self._cell.kill()
        if self._conditions is not None:
            await self._loop.run_in_executor(None, self._conditions.close)
        await self._loop.run_in_executor(None, self._exposed.stop)
        with contextlib.suppress(JournalError):  # the session ends anyway, and says that it broke
            self._runtime.record(*self._exposed.closed)
        await self._loop.run_in_executor(None, self._cloud.end, "the task has ended")
        await self._end_identity(why)
        await self._look_at_what_is_left()
        digest = self._close_cast(code)
        self._runtime.end(code, why, digest)
        with contextlib.suppress(JournalError):
            self._journal.close()
        if self._screen is not None:
            await self._screen.close(awaited=self._watched.is_set() and not self._stdio)
        await self._control.close(code)
        self._folder.release()
        return code

    async def _look_at_what_is_left(self) -> None:
        """Nothing of the agent runs any more: what it leaves is put on record, and told where there is no console."""
        try:
            left = await self._loop.run_in_executor(None, self._watch.end)
        except Exception as error:
            self._runtime.fault("files", f"what is left could not be looked through: {type(error).__name__}: {error}")
            return
        if not (left.found or left.cut):
            return
        with contextlib.suppress(JournalError):  # the session ends anyway, and says that it broke
            self._runtime.record(left)
        if self._stdio:
            text = "".join(f"{line}\n" for line in left_lines(left))
            with contextlib.suppress(OSError):  # the journal has it
                os.write(self._stdio[2], text.encode("utf-8", "replace"))

    def _say(self, *lines: str) -> None:
        """Tell a command line that has no console."""
        if self._stdio and lines:
            with contextlib.suppress(OSError):  # the journal has it
                os.write(self._stdio[2], "".join(f"agent-supervise: {visible(line)}\n" for line in lines).encode())

    # ── who the session acts as ──────────────────────────────────────────────────────────────────

    async def _log_in(self, scope: Scope, environment: dict[str, str]) -> None:
        """Have a human log in where the user's configuration says so. Raises `SuperviseError`."""
        from supervisor.identity.oidc.acting import acting
        from supervisor.identity.oidc.login_wait import logged_in

        self._acting = acting(environment, self._user)
        if self._acting.asks:
            await logged_in(self._acting, scope.name, _show_login, asker=0)

    def _receipts(self, acting: Acting) -> Receipts | None:
        """Whose logins count where several humans must agree; `None` where the issuer vouches for this user alone."""
        from supervisor.control.receipts import receipts_of

        return receipts_of(acting.settings, self._folder.id, owner=lambda: acting.subject, clock=utc_now)

    def _act(self, scope: Scope, environment: dict[str, str], deadline: datetime | None) -> None:
        """The first task token, on record. In a thread. Raises `SuperviseError`."""
        from supervisor.identity.oidc.acting import acting

        self._acting = self._acting or acting(environment, self._user, local=True)
        self._acting.begin(
            session=self._folder.id,
            scope=scope.name,
            digest=scope.digest,
            deadline=deadline,
            record=self._runtime.record,
        )

    async def _acted(self) -> None:
        """The local issuer has vouched for the session; nothing is granted for its token, so nothing stops without."""
        if self._acts is None:
            return
        try:
            await self._acts
        except SuperviseError as error:
            self._runtime.fault("identity", f"nobody vouches for this session: {error}")
        except Exception as error:
            self._break(f"nobody vouches for this session: {type(error).__name__}: {error}")

    async def _end_identity(self, why: str) -> None:
        """Revoke what is in force; a human who ends the session ends the login in the browser too."""
        if self._acting is not None:
            await self._loop.run_in_executor(None, partial(self._acting.end, why, everywhere=self._killed))

    # ── what a console may do (control.Host) ─────────────────────────────────────────────────────

    def attached(self) -> None:
        """A console is there."""
        self._watched.set()

    def resize(self, columns: int, rows: int) -> None:
        """The agent's terminal has another size."""
        if (columns, rows) == (self._columns, self._rows) or self._cell is None or self._screen is None:
            return
        self._columns, self._rows = columns, rows
        self._cell.resize(columns, rows)
        self._screen.resize(columns, rows)
        self._recording(lambda cast, at: cast.resize(columns, rows, at))

    def input(self, data: bytes) -> None:
        """Bytes for the agent's terminal."""
        if self._terminal is not None:
            self._terminal.write(data)

    def kill(self, by: str) -> None:
        """End the session now."""
        self._killed = True
        self._stop(f"{by} ended the session")

    def hang_up(self) -> None:
        """The command line without a console, which the session belongs to, has gone."""
        self._stop("the end of its command line ended the session")

    def grant_path(self, path: str, *, write: bool, minutes: int, by: str) -> tuple[str, str]:
        """Show the cell a path: the grant, or why there is none. From any thread."""
        if self._paths is None:
            return "", "the session is not ready yet"
        try:
            fit = self._paths.fit(path, write=write)
        except UsageError as error:
            return "", f"{error.what}; {error.fix}" if error.fix else error.what
        reply = self._runtime.grant_path(fit, write=write, minutes=minutes, by=by)
        if reply.accepted and (why := self._paths.why_not(reply.escalation)):
            return "", why
        return (reply.escalation, "") if reply.accepted else ("", reply.why)

    # ── parts ────────────────────────────────────────────────────────────────────────────────────

    def _plan(self, home: Path, scope: Scope, ways: dict[str, tuple[str, int]]) -> CellPlan:
        launch = self._launch
        environment = dict(launch.environment)
        adapter = adapter_for(launch.program)
        ports = {"proxy": PROXY_PORT} | {f"forward:{name}": port for name, (_, port) in ways.items()}
        if len(set(ports.values())) < len(ports):
            raise UsageError(
                f"two services want the same port of the cell: {', '.join(f'{n} {p}' for n, p in ports.items())}",
                fix=f"let the model server listen on another port than {PROXY_PORT}",
            )
        return plan_cell(
            workspace=Path(launch.cwd),
            home=home,
            files=scope.files,
            needs=needs_of(adapter, home, environment),
            environment=environment,
            set_environment={"AGENT_SUPERVISE_SESSION": self._folder.id, **self._own},
            ports=ports,
            # Journals and keys, and the client's secret beside the identity configuration.
            hide=(self._folder.path.parent.parent, configuration_folder(environment)),
            read=readable_for(Path(launch.program), home),
            texts=self._cloud.texts,
            limits=scope.limits,
        )

    def _start_gates(self, scope: Scope, ways: dict[str, tuple[str, int]], gated: bool) -> None:
        cell = self._cell
        assert cell is not None

        def look_up(host: str, port: int) -> bool:
            request = self._runtime.preview("network", Connect(host, port))
            return may_look_up(scope, self._runtime.state.grants, request, utc_now())

        def denied_there(wanted: Connect) -> bool:
            request = self._runtime.preview("network", wanted)
            return decide(scope, self._runtime.state.grants, request, utc_now()).effect is Effect.DENY

        if gated:
            assert cell.notify_fd is not None
            path = dict(self._launch.environment).get("PATH", os.defpath)
            self._gates.append(ExecGate(cell.notify_fd, cell.pid, own=self._own, path=path))
            cell.notify_fd = None  # the gate's from now on
        chain_of = chain_behind(lambda: cell.pid)
        desk = CanaryDesk(self._runtime)
        aws = self._cloud.gate(self._runtime, chain_of, desk.is_bucket)
        self._gates += [
            aws,
            NetworkGate(
                cell.listeners,
                forwards=ways,
                may_look_up=look_up,
                denied_there=denied_there,
                chain_of=chain_of,
                aws=aws.take,
                cloud=self._cloud.addresses,
            ),
        ]
        for gate in self._gates:
            self._runtime.attach(gate)
            gate.start(desk)
        self._canaries = CanaryWatch(
            canaries_of(
                weakened=frozenset(self._launch.weakened),
                port=PROXY_PORT,
                variables=self._own,
                hidden=str(self._folder.journal),
            ),
            desk,
            cell.trials,
            self._gates_checked,
        )

    def _first_records(self, scope: Scope, deadline: datetime | None) -> tuple[SessionStarted, ScopeLoaded]:
        launch = self._launch
        weak = frozenset(launch.weakened)
        gates: tuple[GateStatus, ...] = (
            GateStatus("exec", "exec" not in weak, "every program start is held by the kernel"),
            GateStatus("network", "network" not in weak, "no route but the proxy"),
            GateStatus("aws", True, "every cloud call is read, decided and signed anew"),
            GateStatus("files", "files" not in weak, "; ".join(("own mounts; secrets are not there", *self._notes))),
        )
        if CREDENTIALS in weak:
            gates = (*gates, GateStatus(CREDENTIALS, False))
        words = plain_words(scope)
        started = SessionStarted(
            self._folder.id,
            launch.argv,
            launch.cwd,
            self._user,
            __version__,
            tuple(gate if gate.holds else replace(gate, detail=_WEAKENED) for gate in gates),
            launch.weakened,
            launch.record,
        )
        source = str(scope.source.file)
        loaded = ScopeLoaded(scope.name, scope.task, scope.digest, source, scope.values, deadline, *words)
        return started, loaded

    # ── what happens while it runs ───────────────────────────────────────────────────────────────

    def _output(self, data: bytes) -> None:
        self._record(data)
        if self._stdio:
            with contextlib.suppress(OSError):
                os.write(self._stdio[1], data)

    def _record(self, data: bytes) -> None:
        self._recording(lambda cast, at: cast.output(data, at))

    def _recording(self, write: Callable[[CastWriter, float], object]) -> None:
        if self._cast is not None:
            try:
                write(self._cast, time.monotonic() - self._began)
            except JournalError as error:
                self._cast = None
                self._loop.call_soon_threadsafe(self._break, str(error))

    def _close_cast(self, code: int) -> str:
        self._recording(lambda cast, at: cast.exit(code, at))
        if self._cast is None:
            return ""
        try:
            return self._cast.close()
        except JournalError as error:
            self._fault = self._fault or str(error)
            return ""

    def _keys(self, data: bytes) -> None:
        if self._terminal is not None and not self._stdio:
            self._terminal.write(data)

    def _screen_says(self, event: dict[str, object]) -> None:
        if event.get("type") == "emulator" and event.get("state") == "failed":
            self._runtime.fault("emulator", "the agent's screen cannot be drawn any more; the session goes on")

    def _recorded(self, record: Record) -> None:
        if self._control is not None:
            self._control.journal_grew()
        if isinstance(record, EscalationOpened):
            self._recording(lambda cast, at: cast.marker(f"asks: {short(record.request.action)}", at))
        elif isinstance(record, DecisionRecord) and record.effect is Effect.DENY:
            self._recording(lambda cast, at: cast.marker(f"denied: {short(record.request.action)}", at))
        elif isinstance(record, DecisionRecord) and isinstance(record.request.action, Exec) and self._hints is not None:
            granted = [grant.matcher for grant in self._runtime.state.grants if isinstance(grant.matcher, PathMatcher)]
            wanted = self._hints.of(record.request.action, granted)
            if wanted:
                with contextlib.suppress(JournalError):  # what writes next finds it broken, and stops the session
                    self._runtime.record(*(PathWanted(record.request.id, path, write) for path, write in wanted))

    def _journal_broke(self, error: JournalError) -> None:
        self._loop.call_soon_threadsafe(self._break, str(error))

    def _path(self, order: ShowPath | HidePath) -> None:
        if self._paths is None:
            return
        if isinstance(order, HidePath):
            self._paths.hide(order.grant)
        elif isinstance(order.grant.matcher, PathMatcher):
            self._paths.show(order.grant.id, order.grant.matcher.path)

    def _path_stays(self, why: str) -> None:
        self._loop.call_soon_threadsafe(self._break, why)

    def _break(self, why: str) -> None:
        """Something that a session cannot do without is broken: nothing runs on."""
        self._fault = self._fault or why
        self._stop(why)

    def _stop(self, why: str) -> None:
        self._why = self._why or why
        if self._cell is not None:
            self._cell.kill()

    def _gates_checked(self, record: GatesChecked) -> None:
        if self._cell is not None and not all(gate.holds for gate in record.gates):
            self._cell.kill()  # before a word of it is written: a disk may take its time
        self._runtime.checked(record)

    async def _proved(self) -> bool:
        """Whether every gate has shown that it holds; false where the cell ends before."""
        proved, over = asyncio.ensure_future(self._canaries.proved()), asyncio.ensure_future(self._over.wait())
        await asyncio.wait((proved, over), return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        return proved.result() if proved.done() else not proved.cancel()

    async def _watch_memory(self) -> None:
        while True:
            began = time.monotonic()
            taken = await self._loop.run_in_executor(None, self._memory.look)
            if taken is not None:
                self._runtime.limited("memory", in_words(taken))
            wait = NEAR_SECONDS if self._memory.near else FLUSH_SECONDS
            # A cell of thousands of programs takes a while to look at: at most a twentieth of a processor's time.
            await asyncio.sleep(max(wait, 20 * (time.monotonic() - began)))

    def _wake_at(self, moment: datetime) -> None:
        delay = max(0.0, (moment - utc_now()).total_seconds())
        self._loop.call_soon_threadsafe(self._loop.call_later, delay, self._runtime.tick)

    async def _tick(self) -> None:
        # Besides the timers: a clock that jumps must not keep anything waiting for longer than this.
        passed = 0.0
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self._recording(lambda cast, at: cast.flush(at))
            self._canaries.tick()
            passed += FLUSH_SECONDS
            if passed >= TICK_SECONDS:
                passed = 0.0
                self._runtime.tick()


_WEAKENED: Final = "weakened when the session was started"


def _home_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_dir
    except KeyError:
        raise UsageError(f"user {uid} has no home folder", fix="set HOME to a folder of your own") from None


def _with_rules(scope: Scope, rules: tuple[object, ...]) -> Scope:
    return replace(scope, network=replace(scope.network, rules=(*scope.network.rules, *rules)))  # type: ignore[arg-type]


def _freeze(folder: Path, scope: Scope) -> None:
    """The scope in force, for people (its files' text) and for a replay (the value itself)."""
    conditions = {(one.file, one.text) for one in scope.rego}
    parts = [f"# {file}\n{text.rstrip()}\n" for file, text in scope.texts if (file, text) not in conditions]
    write_private(folder / "scope.yaml", "---\n".join(parts))
    for number, one in enumerate(scope.rego, 1):
        write_private(folder / f"policy-{number}.rego", f"# {one.file}\n{one.text}")
    write_private(folder / "scope.json", canonical(to_json(scope)) + "\n")


def _show_login(prompt: DevicePrompt) -> None:
    """Hand the command line, which has the terminal and the browser, what a human must do. From any thread."""
    _answer({"login": to_json(prompt)})


def _answer(answer: dict[str, object]) -> None:
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(answer).encode() + b"\n")


async def _main(stdio: tuple[int, ...]) -> int:
    line = await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.readline)
    if not line:
        return 0
    session = SessionProcess(from_json(Launch, json.loads(line)), stdio)
    try:
        folder = await session.start()
    except SuperviseError as error:
        await session.abandon()
        _answer({"what": error.what, "where": error.where, "fix": error.fix})
        return 2
    except Exception as error:
        await session.abandon()
        fix = "this is a defect of agent-supervise; AGENT_SUPERVISE_DEBUG=1 shows where"
        _answer({"what": f"the session cannot start: {type(error).__name__}: {error}", "fix": fix})
        if os.environ.get("AGENT_SUPERVISE_DEBUG"):
            raise
        return 2
    _answer({"folder": str(folder)})
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    if stdio:
        # A session without a console belongs to the command line that holds the other end of this pipe.
        asyncio.get_running_loop().add_reader(0, session.hang_up)
    else:
        os.dup2(nowhere, 0)
    gc.freeze()  # what was made for the start stays: no program start waits for a walk through it
    return await session.run()


def main() -> int:
    """Read what to run, run it, and end with the agent's exit code."""
    return asyncio.run(_main(tuple(int(word) for word in sys.argv[1:])))


if __name__ == "__main__":
    sys.exit(main())
