"""The exec gate's life: one thread owns the kernel's listener and every program that is held.

For each execve or execveat of the cell: read what is asked for, find the file, ask the session. Allow lets the kernel
go on, stops the new program before its first instruction, compares it with what was approved, and lets it go. The
kernel loads the program while the session writes the allow down; it is let go after that, or ends without having run.
Ask does the same and leaves it there: its parent has long been released, signals end it, nothing can change its
arguments any more. Deny is a line on the program's standard error and EACCES for the start, or exit code 126: after a
hold, and for a shell.

Whatever goes wrong here fails the start; when this thread ends, the listener is closed and every later start fails.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import Final

from supervisor.gates.exec import calls
from supervisor.gates.exec.action import Actions, process
from supervisor.gates.exec.caller import Call, Standing, read_call, standing
from supervisor.gates.exec.calls import Gone, Memory, Note
from supervisor.gates.exec.catalog import Catalog
from supervisor.gates.exec.family import Ancestry, Family
from supervisor.gates.exec.held import Held, State
from supervisor.gates.exec.image import Images
from supervisor.gates.exec.launched import Refused
from supervisor.gates.exec.speak import say
from supervisor.gates.exec.strings import Strings
from supervisor.gates.exec.tracee import STOPPING, Approved, Tracer, pending
from supervisor.gates.exec.watched import WATCHED, Watched
from supervisor.gates.protocol import HELD, Desk
from supervisor.model.decision import By, Verdict
from supervisor.model.effect import Effect
from supervisor.model.request import GateName, Request
from supervisor.model.visible import visible
from supervisor.parse.command import is_shell

LOOK_SECONDS: Final = 0.02
"""How often held programs are looked at: how late Ctrl-C or a time limit may come to one."""
_STOP_SECONDS: Final = 5.0
_REPEAT_SECONDS: Final = 0.5
_MOST_DENIED: Final = 1024
_EXECVEAT: Final = {"x86_64": 322, "aarch64": 281}
_SPOKEN: Final = 4096


class ExecGate:
    """Enforces on the cell whose first process is `cell_pid` and whose filter reports to `notify_fd`.

    The gate owns and closes `notify_fd`. `watch` names the variables that count as part of a start (a trailing `*`
    stands for any rest), `own` the variables that the session gave the agent, `path` the folders that the cell finds
    programs in.
    """

    name: GateName = "exec"

    def __init__(
        self,
        notify_fd: int,
        cell_pid: int,
        *,
        watch: frozenset[str] = WATCHED,
        own: Mapping[str, str] | None = None,
        path: str = os.defpath,
    ) -> None:
        self._listener, self._cell = notify_fd, cell_pid
        self._watched = Watched(watch, own)
        self._folders = [folder for folder in path.split(":") if folder.startswith("/")]
        self._answers: deque[tuple[str, Verdict]] = deque()
        self._woken, self._wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None
        self._held: dict[str, Held] = {}
        self._denied: OrderedDict[tuple[int, tuple[bytes, ...]], float] = OrderedDict()

    def start(self, desk: Desk) -> None:
        """Answer from now on; until then every start waits in the kernel."""
        self._desk = desk
        self._thread = threading.Thread(target=self._run, name="exec-gate", daemon=True)
        self._thread.start()

    def deliver(self, request_id: str, verdict: Verdict) -> None:
        """The final word on a held start, from any thread; unknown ids are ignored."""
        self._answers.append((request_id, verdict))
        with contextlib.suppress(BlockingIOError, OSError):
            os.write(self._wake, b"w")

    def stop(self) -> None:
        """End what is held and let every later start fail."""
        self._stopping.set()
        with contextlib.suppress(BlockingIOError, OSError):
            os.write(self._wake, b"s")
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)
        else:
            self._close()

    # ── the thread ───────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        try:
            self._serve()
        except Exception as error:
            self._fault(f"the gate stopped, and no program starts any more: {type(error).__name__}: {error}")
        finally:
            self._close()

    def _serve(self) -> None:
        self._memory, self._strings, self._actions = Memory(), Strings(), Actions()
        self._tracer = Tracer(self._watched, self._memory)
        self._images = Images(self._cell, Catalog(f"/proc/{self._cell}/root", self._folders))
        self._family = Family(self._cell)
        self._execveat = _EXECVEAT[os.uname().machine]
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        while not self._stopping.is_set():
            for number, event in poll.poll(LOOK_SECONDS * 1000 if self._held else None):
                if number == self._woken:
                    os.read(self._woken, 4096)
                elif event & select.POLLIN:
                    self._notified()
                else:
                    poll.unregister(self._listener)  # nobody is left whom the filter could report
            while self._answers:
                self._answered(*self._answers.popleft())
            if self._held:
                self._look()

    def _close(self) -> None:
        """Nothing runs on unsupervised: what is held dies, and a closed listener fails every later start."""
        for held in list(self._held.values()):
            self._tracer.kill(held.pid)
        self._held.clear()
        if self._listener >= 0:
            os.close(self._listener)
            self._listener = -1
            os.close(self._woken)
            os.close(self._wake)
            if hasattr(self, "_images"):
                self._images.close()

    def _fault(self, what: str) -> None:
        with contextlib.suppress(Exception):  # a session that cannot even take a fault is gone; the start has failed
            self._desk.fault("exec", what)

    # ── one start ────────────────────────────────────────────────────────────────────────────────

    def _notified(self) -> None:
        try:
            note = calls.receive(self._listener)
        except Gone:
            return
        try:
            self._decide(note)
        except Gone:
            return
        except Refused as refused:
            say(note.tid, refused.line)
            self._fault(f"a start failed: {refused.line.removeprefix('agent-supervise: denied: ')}")
            self._fail(note, errno.EACCES)
        except OSError as error:
            self._fail(note, error.errno or errno.EACCES)
        except Exception as error:
            self._fault(f"a program start was denied, because the gate broke: {type(error).__name__}: {error}")
            self._fail(note, errno.EACCES)

    def _fail(self, note: Note, number: int) -> None:
        with contextlib.suppress(Gone):
            calls.fail_with(self._listener, note, number)

    def _decide(self, note: Note) -> None:
        call = read_call(self._memory, note, self._execveat, self._strings)
        caller = standing(note.tid)
        folder = f"/proc/{note.tid}/cwd"
        cwd, here = os.readlink(folder), os.stat(folder)  # noqa: PTH115, PTH116
        image = self._images.of(call, caller, cwd)
        if not calls.still_waits(self._listener, note):
            return
        if self._repeated(note, call):
            self._fail(note, errno.EACCES)
            return
        approved = Approved(image, (here.st_dev, here.st_ino), self._watched(call.env), call.env)
        family = self._family.of(caller.pid)
        action = self._actions.of(image, call.argv, cwd, approved.env)
        request = self._desk.new_request("exec", action, family.chain)
        early = _Early(self._tracer, self._listener, note)
        try:
            reply = self._desk.ask(request, early)
            if reply is not HELD and not isinstance(reply, Verdict):
                raise TypeError(f"the session answered with {type(reply).__name__}")
        except Exception:
            if early.begun:
                self._undo(note, "agent-supervise: denied: the session broke")
            raise
        if isinstance(reply, Verdict) and not reply.allowed:
            # Whoever starts a shell reads what it prints, and lets go of that when the start itself fails: so a shell
            # that is denied for its text ends as it would have by itself, with the reason printed and code 126.
            if early.begun or (is_shell(action) and early.could_begin()):
                self._undo(note, _line(reply))
            else:
                self._deny(note, caller, call, reply)
            return
        try:
            early.begin()
        except (Gone, OSError) as error:
            if reply is HELD:
                self._desk.withdraw(request.id, "the program was ended before it could start")
            if isinstance(error, OSError):
                # Traced already by a debugger of its own: nothing can be compared, so nothing starts.
                self._fault(f"a start was denied, because its caller cannot be watched: {error}")
                self._fail(note, errno.EAGAIN)
            return
        self._let_start(note, approved, request, family, None if reply is HELD else reply)

    def _let_start(
        self, note: Note, approved: Approved, request: Request, family: Ancestry, verdict: Verdict | None
    ) -> None:
        after, pid = self._tracer.finish(note.tid)
        if after != "exec":
            if verdict is None:
                why = "the program could not be started" if after == "failed" else "the program was ended"
                self._desk.withdraw(request.id, why)
            return
        try:
            wrong = self._tracer.difference(pid, approved)
        except OSError as error:
            wrong = f"it cannot be looked at: {error.strerror}"
        if wrong:
            self._tracer.kill(pid)
            if verdict is None:
                self._desk.withdraw(request.id, wrong)
            self._fault(f"{request.id} was killed before it ran: it is not what was decided on ({wrong})")
            return
        self._family.started(process(pid, approved.image), family)
        if verdict is None:
            self._held[request.id] = Held(request.id, pid)
        else:
            with contextlib.suppress(Gone):
                calls.detach(pid)

    def _undo(self, note: Note, line: str) -> None:
        """What was foretold is not so after all: the program that was loaded ends without having run."""
        after, pid = self._tracer.finish(note.tid)
        if after != "exec":
            return
        say(pid, line)
        try:
            calls.exit_instead(pid)
        except Gone:
            return
        except OSError:
            self._tracer.kill(pid)

    def _deny(self, note: Note, caller: Standing, call: Call, verdict: Verdict) -> None:
        say(caller.pid, _line(verdict))
        self._fail(note, errno.EACCES)
        self._denied[note.tid, call.argv] = time.monotonic()
        if len(self._denied) > _MOST_DENIED:
            self._denied.popitem(last=False)

    def _repeated(self, note: Note, call: Call) -> bool:
        """Whether this is execvp going on along PATH with what was denied a moment ago."""
        denied = self._denied.get((note.tid, call.argv))
        return denied is not None and time.monotonic() - denied < _REPEAT_SECONDS

    # ── what is held ─────────────────────────────────────────────────────────────────────────────

    def _answered(self, request_id: str, verdict: object) -> None:
        held = self._held.pop(request_id, None)
        if held is None:
            return
        if not isinstance(verdict, Verdict):
            verdict = Verdict(Effect.DENY, By.FAULT, "agent-supervise: denied: the session's answer made no sense")
        try:
            held.settle()
            if verdict.allowed:
                calls.detach(held.pid)
            else:
                say(held.pid, _line(verdict))
                calls.exit_instead(held.pid)
        except Gone:
            return
        except OSError as error:
            self._tracer.kill(held.pid)
            self._fault(f"{request_id} was killed, because it could not be answered: {error}")

    def _look(self) -> None:
        by_pid = {held.pid: held for held in self._held.values()}
        for pid, status in self._tracer.news():
            held = by_pid.get(pid)
            if held is None:
                continue
            if not os.WIFSTOPPED(status):
                self._gone(held, "the program was ended while it waited")
                continue
            with self._guarded(held):
                if number := held.reported(status):
                    self._interrupted(held, number)
        for held in list(self._held.values()):
            if held.state is State.HOLDS:
                with self._guarded(held):
                    self._signalled(held)

    def _signalled(self, held: Held) -> None:
        waiting = pending(held.pid)
        if waiting & ~STOPPING:
            self._interrupted(held, 0)
        elif waiting:
            held.stop(self._memory)

    def _interrupted(self, held: Held, number: int) -> None:
        """A signal ends the wait: Ctrl-C, a time limit. Let it act on a program that has not run."""
        self._gone(held, "interrupted while it waited")
        held.settle() if number == 0 else None
        calls.detach(held.pid, number)

    def _gone(self, held: Held, why: str) -> None:
        if self._held.pop(held.request, None) is not None:
            self._desk.withdraw(held.request, why)

    @contextlib.contextmanager
    def _guarded(self, held: Held):  # type: ignore[no-untyped-def]
        try:
            yield
        except (Gone, FileNotFoundError, ProcessLookupError):
            self._gone(held, "the program was ended while it waited")
        except OSError as error:
            self._gone(held, "the program could not be kept waiting")
            self._tracer.kill(held.pid)
            self._fault(f"{held.request} was killed: {error}")


class _Early:
    """A start that the kernel goes on with as soon as it is foretold, and at the latest when it is decided."""

    def __init__(self, tracer: Tracer, listener: int, note: Note) -> None:
        self._tracer, self._listener, self._note = tracer, listener, note
        self._failed: Gone | OSError | None = None
        self.begun = False

    def __call__(self) -> None:
        """It will be allowed."""
        try:
            self._tracer.begin(self._listener, self._note)
            self.begun = True
        except (Gone, OSError) as error:
            self._failed = error

    def could_begin(self) -> bool:
        """Begin; whether that could be."""
        try:
            self.begin()
        except (Gone, OSError):
            return False
        return True

    def begin(self) -> None:
        """It is decided: begin what is not begun yet. Raises as `Tracer.begin`."""
        if not self.begun and self._failed is None:
            self()
        if self._failed is not None:
            raise self._failed


def _line(verdict: Verdict) -> str:
    """One line without control characters; what is cut is counted."""
    text = visible(verdict.message or "agent-supervise: denied")
    return text if len(text) <= _SPOKEN else f"{text[:_SPOKEN]}… and {len(text) - _SPOKEN} more characters"
