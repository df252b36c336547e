"""The session's end of the control socket: consoles follow the journal here and send what their human wants.

A console is a program of the same user outside the cell, on the kernel's word (`peers`). It gets the journal's own
lines, read from the file at its own pace, so a slow console costs nothing but its own delay. Where the scope may want
several humans, other users come in by a socket of their own (`shared`): they see the questions that want them
(`sight`), say `shown` and `answer`, and can do nothing else. JSON objects, one a line:

    console → session   hello{console, columns, rows, since} · shown{escalation} · answer{answer, receipt?}
                        resize{columns, rows} · input{data} · end_grant{grant} · kill{}
                        grant_path{path, write, minutes}
    session → console   welcome{session, screen, next, receipts?} · records{records}
                        current{} (all lines so far were sent)
                        answered{escalation, accepted, why} · ended{exit_code}
                        granted{path, grant, why} (no grant: why not)
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from supervisor.control.peers import ROOT, Peer, approver_of, peer_of
from supervisor.control.receipts import Receipts
from supervisor.control.shared import PLACE, offer, withdraw
from supervisor.control.sight import Sight
from supervisor.core.orders import ReplyTo
from supervisor.emulator.sockets import listen
from supervisor.errors import SuperviseError
from supervisor.journal.receipts import NoReceipt
from supervisor.model.codec import Json, from_json
from supervisor.model.grant import Answer, Receipt
from supervisor.policy.rego_tighten import has_conditions
from supervisor.policy.scope import Scope
from supervisor.runtime import Runtime

LONGEST_MESSAGE: Final = 4 << 20
BATCH_BYTES: Final = 256 << 10
HELLO_SECONDS: Final = 5.0
GATHER_SECONDS: Final = 0.02
MOST_CONSOLES: Final = 16
MOST_APPROVERS: Final = 16
MOST_OF_ONE_USER: Final = 4
LONGEST_OF_OTHERS: Final = 256 << 10


class Host(Protocol):
    """What a console may do besides answering."""

    def attached(self) -> None: ...

    def resize(self, columns: int, rows: int) -> None: ...

    def input(self, data: bytes) -> None: ...

    def kill(self, by: str) -> None: ...

    def grant_path(self, path: str, *, write: bool, minutes: int, by: str) -> tuple[str, str]: ...


class ControlServer:
    """Listens on `control.sock`; lives on the running loop."""

    def __init__(
        self,
        folder: Path,
        session: str,
        runtime: Runtime,
        host: Host,
        *,
        screen: bool,
        place: Path = PLACE,
        receipts: Receipts | None = None,
    ) -> None:
        self._folder, self._session, self._runtime, self._host = folder, session, runtime, host
        self._place, self._receipts = place, receipts
        self._screen = str(folder / "screen.sock") if screen else ""
        self._loop = asyncio.get_running_loop()
        self._changed: set[asyncio.Event] = set()
        self._consoles: set[asyncio.Task[None]] = set()
        self._approvers: dict[asyncio.Task[None], int] = {}
        self._shared: asyncio.Server | None = None
        self._ended: int | None = None
        self._gathering = False
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Accept consoles from now on. Raises `OSError`."""
        sock = listen(self._folder / "control.sock")
        self._server = await asyncio.start_unix_server(self._accept, sock=sock, limit=LONGEST_MESSAGE)
        if _may_want_several(self._runtime.state.scope):
            if os.getuid() != ROOT or self._receipts is not None:
                await self._share()
            if self._receipts is not None:
                await self._loop.run_in_executor(None, self._begin_receipts, self._receipts)

    def _begin_receipts(self, receipts: Receipts) -> None:
        try:
            receipts.begin(self._runtime.record)
        except SuperviseError as error:
            # Whoever answers is told then what is wrong; nothing is allowed without the issuer.
            self._runtime.fault("identity", f"nobody can vouch for approvers now: {error.what}")

    async def _share(self) -> None:
        try:
            sock = offer(self._session, self._place)
        except OSError as error:
            # The session goes on: what wants several humans is denied when its time is over.
            self._runtime.fault("control", f"other users of this machine cannot answer: {error}")
            return
        self._shared = await asyncio.start_unix_server(self._accept_other, sock=sock, limit=LONGEST_OF_OTHERS)

    def journal_grew(self) -> None:
        """There are new lines; callable from any thread. What came within `GATHER_SECONDS` is told at once."""
        if self._gathering:
            return  # a thread that holds a program start pays for no wake-up that is on its way already
        self._gathering = True
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody follows any more
            self._loop.call_soon_threadsafe(self._loop.call_later, GATHER_SECONDS, self._gathered)

    def _gathered(self) -> None:
        self._gathering = False
        self._wake()

    async def close(self, exit_code: int, patience: float = 2.0) -> None:
        """Tell every console the last lines and the exit code, and stop; consoles that do not read are left behind."""
        self._ended = exit_code
        self._wake()
        if self._server is not None:
            self._server.close()
        if self._shared is not None:
            self._shared.close()
            withdraw(self._session, self._place)
        if connected := {*self._consoles, *self._approvers}:
            await asyncio.wait(connected, timeout=patience)
        for console in (*self._consoles, *self._approvers):
            console.cancel()
        (self._folder / "control.sock").unlink(missing_ok=True)

    def _wake(self) -> None:
        for event in self._changed:
            event.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        peer = peer_of(writer.get_extra_info("socket"))
        if peer is None or peer.uid != os.getuid() or len(self._consoles) >= MOST_CONSOLES:
            writer.close()
            return
        self._consoles.add(task)
        try:
            await self._serve(reader, writer, peer, None)
        except (OSError, ValueError) as error:
            # A console that breaks its connection or talks nonsense is let go; the session goes on.
            if isinstance(error, ValueError):
                self._runtime.fault("control", f"a console was let go: {error}")
        finally:
            self._consoles.discard(task)
            writer.close()

    async def _accept_other(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Another user: of those that nobody asked for there may be many, and none takes a place from a console."""
        task = asyncio.current_task()
        assert task is not None
        peer = peer_of(writer.get_extra_info("socket"))
        known = list(self._approvers.values())
        if (
            peer is None
            or peer.uid == os.getuid()
            or len(known) >= MOST_APPROVERS
            or known.count(peer.uid) >= MOST_OF_ONE_USER
        ):
            writer.close()
            return
        self._approvers[task] = peer.uid
        try:
            await self._serve(reader, writer, peer, Sight(approver_of(peer, os.getuid())))
        except (OSError, ValueError):
            pass  # nothing that another user sends is worth a line in this user's journal
        finally:
            del self._approvers[task]
            writer.close()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: Peer, sight: Sight | None
    ) -> None:
        async with asyncio.timeout(HELLO_SECONDS):
            hello = _message(await reader.readline())
        if hello is None or hello.get("type") != "hello":
            return
        console, since = str(hello.get("console", ""))[:64], _natural(hello.get("since", 0))
        if sight is None:
            self._resize(hello)
            self._host.attached()
        else:
            since = 0  # the numbers of lines that are not theirs tell them nothing
        changed = asyncio.Event()
        changed.set()
        self._changed.add(changed)
        told = asyncio.ensure_future(self._tell(writer, changed, since, sight))
        try:
            while line := await reader.readline():
                message = _message(line)
                if message is None:
                    return
                reply: Json | None
                if message.get("type") == "answer" and self._receipts is not None:
                    # The issuer may have to be asked for its keys: nobody else's console must wait for that.
                    reply = await self._loop.run_in_executor(None, self._answer, message, peer, sight)
                elif sight is not None:
                    reply = self._take_of_other(message, console, peer, sight)
                elif message.get("type") == "grant_path":
                    # It looks through the folder: the agent's terminal must not wait for that.
                    reply = await self._loop.run_in_executor(None, self._grant_path, message, peer.name)
                else:
                    reply = self._take(message, console, peer)
                if reply:
                    _send(writer, reply)
                    await writer.drain()
                if self._ended is not None:
                    break
            if self._ended is not None:
                await told
        finally:
            self._changed.discard(changed)
            if not told.done() and self._ended is None:
                told.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await told

    def _take(self, message: Json, console: str, peer: Peer) -> Json | None:
        """One message of a console; what comes back is its reply."""
        name = peer.name
        match message.get("type"):
            case "shown":
                told = [str(message.get(key, "")) for key in ("escalation", "digest")]
                self._runtime.shown(told[0], console, told[1])
            case "answer":
                return self._answer(message, peer)
            case "resize":
                self._resize(message)
            case "input":
                self._host.input(base64.b64decode(str(message.get("data", "")), validate=True))
            case "end_grant":
                self._runtime.end_grant(str(message.get("grant", "")), name)
            case "kill":
                self._host.kill(name)
            case unknown:
                raise ValueError(f"unknown message {unknown!r}")
        return None

    def _take_of_other(self, message: Json, console: str, peer: Peer, sight: Sight) -> Json | None:
        """One message of another user's console, who may answer what they were told of and do nothing else."""
        match message.get("type"):
            case "shown" if str(message.get("escalation")) in sight.open:
                # What was on their screen is what they say it was: no digest, no showing.
                self._runtime.shown(str(message["escalation"]), console, str(message.get("digest") or "none"))
            case "shown":
                pass
            case "answer":
                return self._answer(message, peer, sight)
            case unknown:
                raise ValueError(f"another user may answer and nothing else, not {unknown!r}")
        return None

    def _answer(self, message: Json, peer: Peer, sight: Sight | None = None) -> Json:
        answer: Answer = from_json(Answer, message.get("answer"))
        if sight is not None and answer.escalation not in sight.open:
            reply = ReplyTo(answer.escalation, False, "no such question is yours to answer")
        elif self._receipts is not None and self._wants_login(answer):
            reply = self._answer_by_login(self._receipts, answer, message.get("receipt"), peer)
        else:
            reply = self._runtime.answer(replace(answer, by=peer.name), approver_of(peer, os.getuid()))
        return {"type": "answered", "escalation": reply.escalation, "accepted": reply.accepted, "why": reply.why}

    def _wants_login(self, answer: Answer) -> bool:
        """An allow of what wants several humans. A deny needs no login: it can only make things safer."""
        waiting = self._runtime.state.waiting.get(answer.escalation)
        return answer.choice != "deny" and waiting is not None and waiting.several

    def _answer_by_login(self, receipts: Receipts, answer: Answer, told: object, peer: Peer) -> ReplyTo:
        receipt = None if told is None else from_json(Receipt, told)
        try:
            own = peer.uid == os.getuid()
            approver, name = receipts.approver(receipt, answer, own=own, record=self._runtime.record)
        except NoReceipt as error:
            return ReplyTo(answer.escalation, False, str(error))
        except SuperviseError as error:
            return ReplyTo(answer.escalation, False, f"your login cannot be checked now: {error.what}")
        return self._runtime.answer(replace(answer, by=name), approver, receipt)

    def _grant_path(self, message: Json, name: str) -> Json:
        path, write, minutes = message.get("path"), message.get("write", False), _natural(message.get("minutes", 0))
        if not isinstance(path, str) or not isinstance(write, bool):
            raise ValueError("a path that is granted has a name")
        grant, why = self._host.grant_path(path, write=write, minutes=minutes, by=name)
        return {"type": "granted", "path": path, "grant": grant, "why": why}

    def _resize(self, message: Json) -> None:
        columns, rows = _natural(message.get("columns", 0)), _natural(message.get("rows", 0))
        if 0 < columns <= 1000 and 0 < rows <= 1000:
            self._host.resize(columns, rows)

    async def _tell(
        self, writer: asyncio.StreamWriter, changed: asyncio.Event, since: int, sight: Sight | None
    ) -> None:
        """The journal's lines from `since` on, as they come, and at last the exit code."""
        with (self._folder / "journal.jsonl").open("rb") as journal:
            screen = self._screen if sight is None else ""
            terms = {} if self._receipts is None else {"receipts": self._receipts.terms}
            _send(writer, {"type": "welcome", "session": self._session, "screen": screen, "next": since, **terms})
            for _ in range(since):
                if not journal.readline():
                    break  # it asks for what is not there yet
            rest, first = b"", True
            while True:
                await changed.wait()
                changed.clear()
                ended = self._ended
                while data := journal.read(BATCH_BYTES):
                    whole, _, rest = (rest + data).rpartition(b"\n")
                    lines = whole.split(b"\n") if whole else []
                    if lines := lines if sight is None else sight.of(lines):
                        writer.write(b'{"type":"records","records":[' + b",".join(lines) + b"]}\n")
                        await writer.drain()
                if first:
                    # What waits now is known to a program that only wants to list it.
                    _send(writer, {"type": "current"})
                    first = False
                if ended is not None:
                    _send(writer, {"type": "ended", "exit_code": ended})
                    await writer.drain()
                    return


def _may_want_several(scope: Scope) -> bool:
    """Whether a question under this scope may want more than one human; of conditions that is known when they speak."""
    return bool(scope.approvals.four_eyes) or has_conditions(scope)


def _message(line: bytes) -> Json | None:
    """One message; `None` at the end of the connection. Raises `ValueError`."""
    if not line:
        return None
    try:
        message = json.loads(line)
    except RecursionError as error:
        raise ValueError("a message is nested too deeply") from error
    if not isinstance(message, dict):
        raise ValueError("a message is an object")
    return message


def _natural(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"not a number of something: {value!r}")
    return value


def _send(writer: asyncio.StreamWriter, message: Json) -> None:
    writer.write(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
