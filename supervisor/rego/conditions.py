"""A scope's conditions at work: each request is put to all of them, and what is late or broken denies.

`ask` never waits; whoever needs the answer at once waits for the future as long as it likes. One process of ours works
the files out, one input after another. It is killed where it is late, and started again. Three times late in a row,
and for a while everything is denied at once: a condition that never ends costs its time no more than that.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final, Protocol

from supervisor.model.condition import NOTHING_AGAINST, Condition, strictest
from supervisor.model.decision import Decision
from supervisor.model.request import Request
from supervisor.model.visible import visible
from supervisor.policy.document import Problems
from supervisor.policy.rego_engine import CASED, Unreadable, cased
from supervisor.policy.rego_input import document, pruned, text
from supervisor.policy.rego_output import failed, read_output, undefined
from supervisor.policy.rego_text import read_rego
from supervisor.policy.scope import OpaServer, RegoFile, Scope
from supervisor.rego.compiling import compile_files, entries_of, modules_of
from supervisor.rego.opa import Opa
from supervisor.rego.process import START_SECONDS, Refused, RegoProcess
from supervisor.rego.wire import Closed, Late

SECONDS: Final = 2.0
"""For one input in our process; the usual is a thousandth of that."""
WAITING_SECONDS: Final = 10.0
"""For an input that waits behind others."""
LATE_IN_A_ROW: Final = 3
REST_SECONDS: Final = 10.0
AT_A_TIME: Final = 4
"""Requests to one OPA server at once."""

KEPT: Final = 1_000
"""Answers that are remembered, of files that read no time: a build asks the same again and again."""

Input = dict[str, Any]
Told = Callable[[str], None]


class Part(Protocol):
    """One who answers inputs."""

    def ask(self, made: Input) -> Future[Condition]: ...

    def close(self) -> None: ...


class Conditions:
    """All conditions of a scope. From any thread. `told` hears what broke, in words."""

    def __init__(
        self,
        scope: Scope,
        deadline: datetime | None = None,
        *,
        token_of: Callable[[OpaServer], str] = lambda server: "",
        told: Told = lambda what: None,
        seconds: float = SECONDS,
    ) -> None:
        self._scope, self._deadline = scope, deadline
        self._parts: list[Part] = []
        if entries_of(scope.rego):
            self._parts.append(Files(scope.rego, told=told, seconds=seconds))
        self._parts += [Server(server, token_of) for server in scope.opa]

    def start(self) -> None:
        """Ready when this returns. Raises `ScopeError` for files that do not compile."""
        for part in self._parts:
            if isinstance(part, Files):
                part.start()

    def ask(self, request: Request, decision: Decision, now: datetime) -> Future[Condition]:
        """What they say together to a request, on which the rules decided so. The future never fails."""
        made = document(self._scope, request, decision, now, self._deadline)
        asked = [part.ask(made) for part in self._parts]
        return asked[0] if len(asked) == 1 else _all(asked)

    def close(self) -> None:
        """End the process, and what goes to servers."""
        for part in self._parts:
            part.close()


class Files:
    """The conditions in files, worked out by a process of ours."""

    def __init__(self, files: tuple[RegoFile, ...], *, told: Told, seconds: float) -> None:
        self._files, self._told, self._seconds = files, told, seconds
        self._names = [file.file for file, _ in entries_of(files)]
        self._entries = [entry for _, entry in entries_of(files)]
        self._process: RegoProcess | None = None
        self._queue: queue.SimpleQueue[tuple[str, Future[Condition], float] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="rego", daemon=True)
        read = [read_rego(one.file, one.text, Problems()) for one in files]
        self._cases = any(name in CASED for one in read for name, _ in one.calls)
        some = [one.inputs for one in read]
        self._read = None if None in some else frozenset(key for keys in some if keys is not None for key in keys)
        self._keeps = self._read is not None and not any(first in ("time", "request") for first, _ in self._read)
        self._kept: dict[str, Condition] = {}
        self._late, self._rests_until = 0, 0.0
        self._lock, self._closed = threading.Lock(), False

    def start(self) -> None:
        """Compile them. Raises `ScopeError`."""
        self._process = compile_files(self._files)
        self._thread.start()

    def ask(self, made: Input) -> Future[Condition]:
        """See `Part`."""
        written = text(pruned(made, self._read))
        if (known := self._kept.get(written)) is not None:
            return _done(known)
        future: Future[Condition] = Future()
        with self._lock:
            if self._closed:
                return _done(self._failed("the session has ended"))
            self._queue.put((written, future, time.monotonic() + WAITING_SECONDS))
        return future

    def close(self) -> None:
        """See `Part`."""
        with self._lock:
            self._closed = True
            self._queue.put(None)  # nothing comes after it
        if self._thread.is_alive():
            self._thread.join(self._seconds + START_SECONDS)
        else:
            self._end()

    # ── the thread ───────────────────────────────────────────────────────────────────────────────

    def _serve(self) -> None:
        while (entry := self._queue.get()) is not None:
            made, future, until = entry
            try:
                condition = self._answer(made, until)
            except Exception as error:
                self._end()
                condition = self._failed(f"working it out broke: {visible(f'{type(error).__name__}: {error}')}")
            future.set_result(condition)
        self._end()

    def _answer(self, made: str, until: float) -> Condition:
        now = time.monotonic()
        if self._closed:
            return self._failed("the session has ended")
        if now >= until:
            return self._failed("too much waits to be worked out")
        if self._cases and cased(made):
            return self._failed("lower and upper know ASCII alone in process, and it holds other letters")
        if now < self._rests_until:
            return self._failed("it took too long again and again, and is left alone for a moment")
        try:
            process = self._ready(until)
            answers = process.ask(made, self._seconds)
        except Unreadable as error:
            return self._failed(f"conditions in process cannot be asked about it: {error}")
        except Late:
            return self._was_late()
        except (Closed, Refused, OSError):
            self._end()
            self._told("the process that works conditions in Rego out ended, and is started again")
            return self._failed("the process that works it out ended")
        self._late = 0
        condition = strictest(map(_read, self._names, answers))
        if self._keeps and not condition.fault:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[made] = condition
        return condition

    def _ready(self, until: float) -> RegoProcess:
        if self._process is None:
            self._process = RegoProcess(modules_of(self._files, self._entries))
        self._process.wait(until)
        return self._process

    def _was_late(self) -> Condition:
        self._end()
        self._late += 1
        if self._late >= LATE_IN_A_ROW:
            self._late, self._rests_until = 0, time.monotonic() + REST_SECONDS
        self._told(f"{' and '.join(self._names)}: no answer within {self._seconds:g} s, which denies")
        with contextlib.suppress(OSError, Late, Closed):  # the next request tries again
            self._process = RegoProcess(modules_of(self._files, self._entries))
        return self._failed(f"no answer within {self._seconds:g} s")

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None

    def _failed(self, why: str) -> Condition:
        return failed(" and ".join(self._names), why)


def _read(name: str, answer: dict[str, Any]) -> Condition:
    if "value" in answer:
        return read_output(name, answer["value"])
    return failed(name, str(answer["error"])) if "error" in answer else undefined(name)


class Server:
    """The conditions of an OPA server."""

    def __init__(self, server: OpaServer, token_of: Callable[[OpaServer], str]) -> None:
        self._opa, self._url = Opa(server, token_of), server.url
        self._pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="opa")
        self._asked: set[Future[Condition]] = set()
        self._lock, self._closed = threading.Lock(), False

    def ask(self, made: Input) -> Future[Condition]:
        """See `Part`."""
        future: Future[Condition] = Future()
        with self._lock:
            if self._closed:
                return _done(failed(self._url, "the session has ended"))
            self._asked.add(future)
            self._pool.submit(self._answer, text(made), future)
        return future

    def close(self) -> None:
        """See `Part`. What is on its way to the server is not waited for."""
        with self._lock:
            self._closed = True
            left = tuple(self._asked)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._opa.close()
        for future in left:
            self._set(future, failed(self._url, "the session has ended"))

    def _answer(self, made: str, future: Future[Condition]) -> None:
        self._set(future, self._opa.ask(made))

    def _set(self, future: Future[Condition], condition: Condition) -> None:
        with self._lock:
            first = future in self._asked
            self._asked.discard(future)
        if first:
            future.set_result(condition)


def _done(condition: Condition) -> Future[Condition]:
    future: Future[Condition] = Future()
    future.set_result(condition)
    return future


def _all(asked: list[Future[Condition]]) -> Future[Condition]:
    """One future for all of them; of none, nothing is against it."""
    whole: Future[Condition] = Future()
    left, lock = [len(asked)], threading.Lock()

    def one_more(_: Future[Condition]) -> None:
        with lock:
            left[0] -= 1
            if left[0]:
                return
        whole.set_result(strictest(_result(one) for one in asked))

    for future in asked:
        future.add_done_callback(one_more)
    if not asked:
        whole.set_result(NOTHING_AGAINST)
    return whole


def _result(future: Future[Condition]) -> Condition:
    try:
        return future.result(0)
    except BaseException as error:  # cancelled when the session ends
        return failed("policy", f"it was not worked out: {type(error).__name__}")
