"""The console in a real terminal: what it writes there, how it leaves, what it imports."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.scenarios import stories
from tests.scenarios.journal import Lines
from tests.scenarios.session import FakeSession

ROOT = Path(__file__).parent.parent.parent
PREFIX = "\x1d"


class Terminal:
    """A spawned console; `out` is everything that it wrote."""

    def __init__(self, control: Path, *options: str) -> None:
        command = [sys.executable, "-W", "error", "-m", "tests.scenarios.console_main", str(control), *options]
        self.child: Any = pexpect.spawn(
            command[0], command[1:], cwd=str(ROOT), dimensions=(24, 80), env=_environment(), timeout=20
        )
        self.out = b""

    async def until(self, true: Callable[[bytes], object], seconds: float = 20) -> None:
        async with asyncio.timeout(seconds):
            while not true(self.out):
                await asyncio.sleep(0.01)
                try:
                    self.out += self.child.read_nonblocking(65536, timeout=0)
                except (pexpect.TIMEOUT, pexpect.EOF):
                    if not self.child.isalive():
                        break
        assert true(self.out), self.out[-2000:]

    async def code(self) -> int:
        await self.until(lambda out: not self.child.isalive())
        self.child.close()
        return int(self.child.exitstatus)


def _environment() -> Any:
    import os

    return {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONIOENCODING": "utf-8", "TZ": "UTC"}


@asynccontextmanager
async def terminal(lines: Lines, folder: Path, *options: str) -> AsyncIterator[tuple[Terminal, FakeSession]]:
    session = FakeSession(lines.lines)
    async with session.at(folder / "control.sock"):
        console = Terminal(folder / "control.sock", *options)
        try:
            yield console, session
        finally:
            console.child.close(force=True)


async def test_a_question_rings_once_and_is_in_the_title(tmp_path: Path) -> None:
    """Three questions that come together are one bell and a title, and no word of theirs is in either."""
    async with terminal(stories.queue(), tmp_path) as (console, _):
        await console.until(lambda out: "▲ ASK 1 of 3".encode() in out and "3 waiting · agent".encode() in out)
        titles = re.findall(rb"\x1b\]2;([^\a]*)\a", console.out)
        bells = re.sub(rb"\x1b\][^\a]*\a", b"", console.out).count(b"\a")
        assert bells == 1
        assert titles[-1].decode() == "▲ 3 waiting · agent-supervise"
        assert b"terraform" not in b"".join(titles)


async def test_detaching_leaves_the_agent_alone(tmp_path: Path) -> None:
    """Prefix, d leaves with a line that says how to come back; nothing but hello and sizes was sent."""
    async with terminal(stories.quiet(), tmp_path) as (console, session):
        await console.until(lambda out: b"17 allowed" in out)
        console.child.send(PREFIX)
        console.child.send("d")
        assert await console.code() == 99
        assert b"agent-supervise attach 20260201-120000-k3f9" in console.out
        assert {message["type"] for message in session.heard} <= {"hello", "resize"}


async def test_the_agents_exit_code_is_ours(tmp_path: Path) -> None:
    """When the agent ends, the console leaves with its code."""
    async with terminal(stories.quiet(), tmp_path) as (console, session):
        await console.until(lambda out: b"17 allowed" in out)
        session.say({"type": "ended", "exit_code": 7})
        assert await console.code() == 7


async def test_from_the_picker_into_the_session(tmp_path: Path) -> None:
    """Enter in the picker starts the scope, and the session comes up in the same application."""
    async with terminal(stories.quiet(), tmp_path, "--pick") as (console, session):
        await console.until(lambda out: b"never does" in out)
        console.child.send("\r")
        await console.until(lambda out: b"17 allowed" in out)
        assert console.out.count(b"\x1b[?1049h") == 1
        session.say({"type": "ended", "exit_code": 3})
        assert await console.code() == 3


async def test_a_dead_session_is_said_to_be_dead(tmp_path: Path) -> None:
    """When the session process is gone for good, the console says that what it held was denied, and q leaves."""
    async with terminal(stories.quiet(), tmp_path) as (console, session):
        await console.until(lambda out: b"17 allowed" in out)
        await session.close()
        (tmp_path / "control.sock").unlink(missing_ok=True)
        await console.until(lambda out: b"session process is gone" in out)
        console.child.send("q")
        assert await console.code() == 70


@pytest.mark.parametrize("module", ["supervisor.console.fold", "supervisor.core.arming", "supervisor.core.keys"])
def test_the_pure_parts_do_not_import_textual(module: str) -> None:
    """The fold and the guards can be used where no screen is: in `answer`, `export` and tests."""
    code = f"import sys, {module}; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_the_console_does_not_import_what_it_may_not_need() -> None:
    """Starting the console imports no widget library of Textual, no Markdown, and none of our gates or cell."""
    code = (
        "import sys, supervisor.console.app;"
        "heavy = [m for m in sys.modules if m.startswith(('markdown_it', 'supervisor.cell', 'supervisor.gates',"
        " 'pydantic', 'boto', 'tree_sitter'))]; sys.exit(' '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
