"""The console's end of the control socket: JSON objects, one a line, with reconnection.

A lost connection is not a lost session: the session process goes on, and what waits keeps waiting. The link says
`Lost`, tries again, and only when nothing has answered for `PATIENCE` seconds says `Vanished`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from supervisor.model.codec import Json, to_json
from supervisor.model.grant import Answer

PATIENCE: Final = 5.0
LONGEST_LINE: Final = 64 << 20
SOCKET_PATH_BYTES: Final = 100
_PAUSES: Final = (0.02, 0.05, 0.1, 0.2, 0.5)


@dataclass(frozen=True, slots=True)
class Welcome:
    """Connected: the session's id, the emulator host's socket ("" = none), and the journal's next line number."""

    session: str
    screen: str
    next: int


@dataclass(frozen=True, slots=True)
class Records:
    """Journal lines, in order."""

    lines: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of an answer that this console gave."""

    escalation: str
    accepted: bool
    why: str


@dataclass(frozen=True, slots=True)
class Granted:
    """What became of a path that this console wanted shown: the grant's id, or why there is none."""

    path: str
    grant: str
    why: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The agent is gone; its exit code."""

    exit_code: int


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection broke; it is being tried again."""

    why: str


@dataclass(frozen=True, slots=True)
class Vanished:
    """The session process does not answer any more: what was held has been denied, nothing runs on unsupervised."""

    why: str


Heard = Welcome | Records | Answered | Granted | Ended | Lost | Vanished


@contextlib.contextmanager
def short_path(path: Path) -> Iterator[str]:
    """A name for a unix socket that fits `sun_path` (108 bytes, unix(7)), by the folder's descriptor if need be."""
    if len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


class Link:
    """One console's connection to its session. `since()` gives the first journal line that is still wanted."""

    def __init__(
        self,
        control: Path,
        console: str,
        size: tuple[int, int],
        since: Callable[[], int],
        *,
        patience: float = PATIENCE,
    ) -> None:
        self._control, self._console, self._since, self._patience = control, console, since, patience
        self._size = size
        self._writer: asyncio.StreamWriter | None = None

    async def listen(self) -> AsyncIterator[Heard]:
        """Everything that the session says, until it ended or vanished."""
        loop = asyncio.get_running_loop()
        answered_at, tries, why = loop.time(), 0, ""
        while loop.time() - answered_at < self._patience:
            try:
                with short_path(self._control) as path:
                    reader, writer = await asyncio.open_unix_connection(path)
            except OSError as error:
                why = error.strerror or str(error)
                await asyncio.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
                tries += 1
                continue
            self._writer = writer
            self._send({"type": "hello", "console": self._console, **self._dimensions(), "since": self._since()})
            try:
                async for heard in _read(reader):
                    answered_at, tries = loop.time(), 0
                    yield heard
                    if isinstance(heard, Ended):
                        return
                why = "the session closed the connection"
            except (OSError, ValueError) as error:
                why = str(error)
            finally:
                self._writer = None
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
            yield Lost(why)
            await asyncio.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
            tries += 1
        yield Vanished(why)

    @property
    def connected(self) -> bool:
        """True while something that is sent can arrive."""
        return self._writer is not None

    def answer(self, answer: Answer) -> bool:
        """Send a human's answer; False if there is no connection (nothing was sent)."""
        return self._send({"type": "answer", "answer": to_json(answer)})

    def shown(self, escalation: str, digest: str) -> bool:
        """The whole question that has this digest was on this screen."""
        return self._send({"type": "shown", "escalation": escalation, "digest": digest})

    def resize(self, columns: int, rows: int) -> bool:
        """The agent's terminal has this size now."""
        self._size = (columns, rows)
        return self._send({"type": "resize", **self._dimensions()})

    def end_grant(self, grant: str) -> bool:
        """A grant is taken back."""
        return self._send({"type": "end_grant", "grant": grant})

    def grant_path(self, path: str, *, write: bool, minutes: int) -> bool:
        """Have a path shown to the agent."""
        return self._send({"type": "grant_path", "path": path, "write": write, "minutes": minutes})

    def kill(self) -> bool:
        """End the session; the agent is killed."""
        return self._send({"type": "kill"})

    def close(self) -> None:
        """Leave; the session goes on."""
        if self._writer is not None:
            self._writer.close()

    def _dimensions(self) -> Json:
        return {"columns": self._size[0], "rows": self._size[1]}

    def _send(self, message: Json) -> bool:
        if self._writer is None or self._writer.is_closing():
            return False
        self._writer.write(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        return True


async def _read(reader: asyncio.StreamReader) -> AsyncIterator[Heard]:
    """Messages from the session; one that is not understood is a `ValueError`: half a conversation is none."""
    pending: list[bytes] = []
    size = 0
    while data := await reader.read(1 << 16):
        *whole, rest = data.split(b"\n")
        for piece in whole:
            line = b"".join((*pending, piece))
            pending, size = [], 0
            heard = _understand(line)
            if heard:
                yield heard
        if rest:
            pending.append(rest)
            size += len(rest)
        if size > LONGEST_LINE:
            raise ValueError("the session sent a line without an end")


def _understand(line: bytes) -> Heard | None:
    try:
        message = json.loads(line)
        match message["type"]:
            case "welcome":
                return Welcome(str(message["session"]), str(message.get("screen", "")), int(message.get("next", 0)))
            case "records":
                return Records(tuple(record for record in message["records"] if isinstance(record, dict)))
            case "answered":
                return Answered(str(message["escalation"]), message["accepted"] is True, str(message.get("why", "")))
            case "granted":
                return Granted(str(message["path"]), str(message.get("grant", "")), str(message.get("why", "")))
            case "ended":
                return Ended(int(message["exit_code"]))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"the session sent something that is not understood: {error}") from error
    return None
