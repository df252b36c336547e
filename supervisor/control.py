"""The session's end of the control socket: consoles follow the journal here and send what their human wants.

A console is a program of the same user outside the cell (checked by the kernel's word on the peer, unix(7)
SO_PEERCRED). It gets the journal's own lines, read from the file at its own pace, so a slow console costs nothing but
its own delay. JSON objects, one a line:

    console → session   hello{console, columns, rows, since} · shown{escalation} · answer{answer}
                        resize{columns, rows} · input{data} · end_grant{grant} · kill{}
                        grant_path{path, write, minutes}
    session → console   welcome{session, screen, next} · records{records} · current{} (all lines so far were sent)
                        answered{escalation, accepted, why} · ended{exit_code}
                        granted{path, grant, why} (no grant: why not)
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import pwd
import socket
import struct
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from supervisor.emulator.sockets import listen
from supervisor.model.codec import Json, from_json
from supervisor.model.grant import Answer
from supervisor.runtime import Runtime

LONGEST_MESSAGE: Final = 4 << 20
BATCH_BYTES: Final = 256 << 10
HELLO_SECONDS: Final = 5.0
GATHER_SECONDS: Final = 0.02
MOST_CONSOLES: Final = 16


class Host(Protocol):
    """What a console may do besides answering."""

    def attached(self) -> None: ...

    def resize(self, columns: int, rows: int) -> None: ...

    def input(self, data: bytes) -> None: ...

    def kill(self, by: str) -> None: ...

    def grant_path(self, path: str, *, write: bool, minutes: int, by: str) -> tuple[str, str]: ...


class ControlServer:
    """Listens on `control.sock`; lives on the running loop."""

    def __init__(self, folder: Path, session: str, runtime: Runtime, host: Host, *, screen: bool) -> None:
        self._folder, self._session, self._runtime, self._host = folder, session, runtime, host
        self._screen = str(folder / "screen.sock") if screen else ""
        self._loop = asyncio.get_running_loop()
        self._changed: set[asyncio.Event] = set()
        self._consoles: set[asyncio.Task[None]] = set()
        self._ended: int | None = None
        self._gathering = False
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Accept consoles from now on. Raises `OSError`."""
        sock = listen(self._folder / "control.sock")
        self._server = await asyncio.start_unix_server(self._accept, sock=sock, limit=LONGEST_MESSAGE)

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
        if self._consoles:
            await asyncio.wait(self._consoles, timeout=patience)
        for console in self._consoles:
            console.cancel()
        (self._folder / "control.sock").unlink(missing_ok=True)

    def _wake(self) -> None:
        for event in self._changed:
            event.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        name = _user_of(writer.get_extra_info("socket"))
        if not name or len(self._consoles) >= MOST_CONSOLES:
            writer.close()
            return
        self._consoles.add(task)
        try:
            await self._serve(reader, writer, name)
        except (OSError, ValueError) as error:
            # A console that breaks its connection or talks nonsense is let go; the session goes on.
            if isinstance(error, ValueError):
                self._runtime.fault("control", f"a console was let go: {error}")
        finally:
            self._consoles.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str) -> None:
        async with asyncio.timeout(HELLO_SECONDS):
            hello = _message(await reader.readline())
        if hello is None or hello.get("type") != "hello":
            return
        console, since = str(hello.get("console", ""))[:64], _natural(hello.get("since", 0))
        self._resize(hello)
        self._host.attached()
        changed = asyncio.Event()
        changed.set()
        self._changed.add(changed)
        told = asyncio.ensure_future(self._tell(writer, changed, since))
        try:
            while line := await reader.readline():
                message = _message(line)
                if message is None:
                    return
                reply: Json | None
                if message.get("type") == "grant_path":
                    # It looks through the folder: the agent's terminal must not wait for that.
                    reply = await self._loop.run_in_executor(None, self._grant_path, message, name)
                else:
                    reply = self._take(message, console, name)
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

    def _take(self, message: Json, console: str, name: str) -> Json | None:
        """One message of a console; what comes back is its reply."""
        match message.get("type"):
            case "shown":
                told = [str(message.get(key, "")) for key in ("escalation", "digest")]
                self._runtime.shown(told[0], console, told[1])
            case "answer":
                answer: Answer = from_json(Answer, message.get("answer"))
                reply = self._runtime.answer(replace(answer, by=name))
                return {
                    "type": "answered",
                    "escalation": reply.escalation,
                    "accepted": reply.accepted,
                    "why": reply.why,
                }
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

    async def _tell(self, writer: asyncio.StreamWriter, changed: asyncio.Event, since: int) -> None:
        """The journal's lines from `since` on, as they come, and at last the exit code."""
        with (self._folder / "journal.jsonl").open("rb") as journal:
            _send(writer, {"type": "welcome", "session": self._session, "screen": self._screen, "next": since})
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
                    if whole:
                        writer.write(b'{"type":"records","records":[' + b",".join(whole.split(b"\n")) + b"]}\n")
                        await writer.drain()
                if first:
                    # What waits now is known to a program that only wants to list it.
                    _send(writer, {"type": "current"})
                    first = False
                if ended is not None:
                    _send(writer, {"type": "ended", "exit_code": ended})
                    await writer.drain()
                    return


def _user_of(sock: socket.socket) -> str:
    """The name of the user behind a connection; empty if it is not ours or comes from inside a cell."""
    pid, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    if uid != os.getuid() or pid <= 0:
        return ""
    try:
        if Path(f"/proc/{pid}/ns/pid").readlink() != Path("/proc/self/ns/pid").readlink():
            return ""
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
    except OSError:
        return ""


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
