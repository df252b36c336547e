"""The control socket: consoles follow the journal and answer; nonsense costs a console its connection only."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from supervisor.control import ControlServer
from supervisor.core.session import Session
from supervisor.journal.keys import load_key
from supervisor.journal.writer import JournalWriter
from supervisor.model.effect import Effect
from supervisor.model.event import Fault
from supervisor.model.request import Exec
from supervisor.runtime import Runtime
from tests.core.desk import scope

PUSH = Exec("/usr/bin/git", ("git", "push"), "/work", ("git",))
SECONDS = 5.0


class Host:
    """What consoles did."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []
        self.typed = b""
        self.killed = ""

    def attached(self) -> None: ...

    def resize(self, columns: int, rows: int) -> None:
        self.sizes.append((columns, rows))

    def input(self, data: bytes) -> None:
        self.typed += data

    def kill(self, by: str) -> None:
        self.killed = by

    def grant_path(self, path: str, *, write: bool, minutes: int, by: str) -> tuple[str, str]:
        return ("g1", "") if path == "/fit" and not write and minutes and by else ("", "not that one")


class Stage:
    """A session without a cell: its journal, its control socket."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.host = folder, Host()
        self.journal = JournalWriter(folder, session="s", key=load_key(folder / "keys"))
        self.runtime = Runtime(
            Session(scope((Effect.ASK, "git push"))),
            self.journal,
            session_id="s",
            agent="bash",
            wake=lambda moment: None,
            on_record=lambda record: self.server.journal_grew(),
        )
        self.server = ControlServer(folder, "s", self.runtime, self.host, screen=False)
        self.consoles: list[Console] = []


class Console:
    """A client that speaks the protocol."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.records: list[dict[str, Any]] = []

    def send(self, **message: object) -> None:
        self.writer.write(json.dumps(message).encode() + b"\n")

    async def until(self, wanted: str) -> dict[str, Any]:
        async with asyncio.timeout(SECONDS):
            while line := await self.reader.readline():
                message: dict[str, Any] = json.loads(line)
                self.records += message.get("records", [])
                if message["type"] == wanted:
                    return message
        raise AssertionError(f"the connection ended before {wanted}")

    async def closed(self) -> bool:
        async with asyncio.timeout(SECONDS):
            with contextlib.suppress(ConnectionResetError):
                while await self.reader.read(1 << 16):
                    pass
        return True


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    made = Stage(tmp_path)
    await made.server.start()
    yield made
    for console in made.consoles:
        console.writer.close()
        with contextlib.suppress(OSError):
            await console.writer.wait_closed()
    await made.server.close(0, patience=0.2)
    made.journal.close()


async def _console(stage: Stage, since: int = 0) -> Console:
    reader, writer = await asyncio.open_unix_connection(str(stage.folder / "control.sock"), limit=1 << 24)
    console = Console(reader, writer)
    stage.consoles.append(console)
    console.send(type="hello", console="c", columns=100, rows=30, since=since)
    await console.until("welcome")
    return console


def _ask(stage: Stage) -> str:
    request = stage.runtime.new_request("exec", PUSH)
    stage.runtime.ask(request)
    return request.id


async def test_a_console_gets_the_lines_so_far_and_then_each_new_one(stage: Stage) -> None:
    """The journal's own lines arrive, in order, without a gap."""
    _ask(stage)
    console = await _console(stage)
    await console.until("current")
    assert [line["kind"] for line in console.records] == ["decision", "escalation.opened"]
    stage.runtime.fault("a part", "broke")
    while console.records[-1]["kind"] != "fault":
        await console.until("records")
    assert [line["seq"] for line in console.records] == [0, 1, 2]
    assert stage.host.sizes == [(100, 30)]


async def test_a_console_that_comes_back_gets_only_what_it_has_not_seen(stage: Stage) -> None:
    """`since` is the first line that is wanted."""
    _ask(stage)
    console = await _console(stage, since=1)
    await console.until("current")
    assert [line["seq"] for line in console.records] == [1]


async def test_an_answer_carries_the_name_of_the_user_behind_the_socket(stage: Stage) -> None:
    """Who answers is the kernel's word, whatever the console claims."""
    _ask(stage)
    console = await _console(stage)
    await console.until("current")
    opened = console.records[-1]
    console.send(type="shown", escalation="e1")
    answer = {"escalation": "e1", "choice": "once", "digest": opened["digest"], "by": "somebody else"}
    console.send(type="answer", answer=answer)
    reply = await console.until("answered")
    assert reply["accepted"] is True
    while not any(line["kind"] == "escalation.answered" for line in console.records):
        await console.until("records")
    (answered,) = [line for line in console.records if line["kind"] == "escalation.answered"]
    assert answered["by"] != "somebody else" and answered["by"]


async def test_keys_sizes_and_the_end_reach_the_session(stage: Stage) -> None:
    """Input is bytes, a size is two numbers, a kill names who wanted it."""
    console = await _console(stage)
    console.send(type="input", data=base64.b64encode(b"ls\r").decode())
    console.send(type="resize", columns=80, rows=24)
    console.send(type="kill")
    async with asyncio.timeout(SECONDS):
        while not stage.host.killed:
            await asyncio.sleep(0.005)
    assert stage.host.typed == b"ls\r" and stage.host.sizes[-1] == (80, 24)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"not json\n",
        b"[]\n",
        b'{"type":"dance"}\n',
        b'{"type":"answer","answer":{"choice":"always"}}\n',
        b'{"type":"input","data":"***"}\n',
        b'{"type":"resize","columns":-1,"rows":true}\n',
        b"[" * 100_000 + b"\n",
        b"x" * (5 << 20),
    ],
)
async def test_nonsense_ends_one_connection_and_nothing_else(stage: Stage, nonsense: bytes) -> None:
    """A console that is not understood is let go; another one works on."""
    console = await _console(stage)
    console.writer.write(nonsense)
    assert await console.closed()
    other = await _console(stage)
    await other.until("current")


async def test_a_console_that_never_reads_slows_nobody(stage: Stage) -> None:
    """Thousands of lines for one that sleeps; another console gets them all meanwhile."""
    sleeper = await _console(stage)
    console = await _console(stage)
    for number in range(2_000):
        stage.journal.append(Fault("a part", f"{number} " + "x" * 500), now=datetime.now(UTC))
    stage.server.journal_grew()
    while len(console.records) < 2_000:
        await console.until("records")
    sleeper.writer.close()


async def test_the_end_is_told_after_the_last_line(stage: Stage) -> None:
    """A console hears the agent's exit code once it has every line."""
    console = await _console(stage)
    stage.runtime.end(7, "the agent ended")
    closing = asyncio.ensure_future(stage.server.close(7))
    ended = await console.until("ended")
    console.writer.close()
    await closing
    assert ended["exit_code"] == 7 and console.records[-1]["kind"] == "session.ended"
