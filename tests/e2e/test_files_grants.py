"""A human grants a path to a running session, from another terminal, and takes it back."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Open
from tests.e2e.headless import COMMAND, SECONDS, Desk
from tests.e2e.screen import PREFIX

pytestmark = pytest.mark.long


class Agent:
    """A shell as the agent of a session, told what to do line by line."""

    def __init__(self, desk: Desk) -> None:
        self._process = subprocess.Popen(
            [*COMMAND, "--headless", *desk.options, "sh"], cwd=desk.work, env=desk.environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.run("true")

    def run(self, text: str) -> str:
        """What a line prints."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{{ {text}\n}} 2>&1; echo; echo _done_\n".encode())
        self._process.stdin.flush()
        data, deadline = b"", time.monotonic() + SECONDS
        while not data.endswith(b"\n_done_\n"):
            ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"no answer: {data!r}"
            more = os.read(self._process.stdout.fileno(), 65536)
            assert more, f"the session has ended: {data!r}"
            data += more
        return data.removesuffix(b"\n_done_\n").decode().strip()

    def end(self) -> int:
        """The agent ends; its exit code."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        with self._process.stdout:
            self._process.stdout.read()
        return self._process.wait(SECONDS)


@pytest.fixture
def agent(desk: Desk) -> Iterator[Agent]:
    """A session at work."""
    agent = Agent(desk)
    yield agent
    if agent._process.poll() is None:
        agent.end()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A file outside of workspace and home."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/file").write_text("content")
    return tmp_path / "data"


def test_a_human_grants_a_path_and_takes_it_back(desk: Desk, agent: Agent, data: Path, opened: Open) -> None:
    """The running agent reads it from then on and does not write it; taken back, it is gone; all is on record."""
    assert "No such file" in agent.run(f"cat {data}/file")
    terminal = opened("answer", "--grant-path", str(data), "--for", "2h")
    assert "the agent may read" in terminal.until("--end-grant g1") and terminal.end() == 0
    assert agent.run(f"cat {data}/file") == "content"
    assert "Read-only file system" in agent.run(f"echo x > {data}/file")
    terminal = opened("answer", "--end-grant", "g1")
    terminal.until("g1 has ended")
    assert "No such file" in agent.run(f"cat {data}/file")
    assert agent.end() == 0
    lines = [json.loads(line) for line in (desk.sessions[0] / "journal.jsonl").read_text().splitlines()]
    added = next(line for line in lines if line["kind"] == "grant.added")
    assert added["grant"]["matcher"] == {"kind": "path", "path": str(data), "write": False}
    assert added["grant"]["by"] and [line["why"] for line in lines if line["kind"] == "grant.ended"] == [
        f"taken back by {added['grant']['by']}"
    ]
    assert desk.command("verify", "--replay", desk.sessions[0].name).returncode == 0
    assert f"reading {data}" in desk.command("export", "--as", "md").stdout


def test_a_path_for_writing_is_written_and_told_at_the_end(desk: Desk, agent: Agent, data: Path, opened: Open) -> None:
    """What is left there that runs later is listed with its whole name; with the session the grant ends."""
    opened("answer", "--grant-path", f"{data}/", "--write").until("read and write")
    assert agent.run(f"echo new > {data}/file; echo evil > {data}/.envrc") == ""
    assert agent.end() == 0 and (data / "file").read_text() == "new\n"
    lines = [json.loads(line) for line in (desk.sessions[0] / "journal.jsonl").read_text().splitlines()]
    (left,) = [line for line in lines if line["kind"] == "files.left"]
    assert [found["path"] for found in left["found"]] == [f"{data}/.envrc"]
    assert next(line["why"] for line in lines if line["kind"] == "grant.ended") == "the session has ended"


def test_what_cannot_be_granted_is_refused_in_words(desk: Desk, agent: Agent, data: Path, opened: Open) -> None:
    """Secrets, what was granted already, a time that is none; and nobody grants without a terminal."""
    (desk.home / ".aws").mkdir()
    (desk.home / ".aws/credentials").write_text("PLANTED-SECRET")
    for words, told in (
        (("--grant-path", f"{desk.home}/.aws"), "hidden from agents"),
        (("--grant-path", str(desk.home)), "too much"),
        (("--grant-path", str(data / "missing")), "No such file"),
        (("--grant-path", str(data), "--for", "ever"), "is no time"),
        (("--grant-path", str(data), "--for", "9999h"), "between 1 and"),
        (("--end-grant", "g9"), "there is no grant g9"),
        (("--write",), "belongs to --grant-path"),
    ):
        terminal = opened("answer", *words)
        terminal.until(lambda text, told=told: told in text.replace("\n", ""))  # type: ignore[misc]
        assert terminal.end() == 2, words
    assert "a human at a terminal" in desk.command("answer", "--grant-path", str(data)).stderr
    assert "No such file" in agent.run(f"cat {data}/file; cat ~/.aws/credentials")


def test_the_timeline_says_which_grant_would_help(desk: Desk, agent: Agent, data: Path) -> None:
    """A start that names a path of the host which is not there is on record once, with the path; secrets are not."""
    (desk.home / ".aws").mkdir()
    (desk.home / ".aws/credentials").write_text("PLANTED-SECRET")
    data = data.rename(desk.home / "data")
    for _ in range(2):
        agent.run(f"cat {data}/file ~/.aws/credentials /no/such/file; cp task.sh {data}/copy; cp /bin/true x")
    agent.run(f"bash -c 'echo x > {data}/new; echo y > /tmp/z 2>/dev/null'")
    assert agent.end() == 0
    lines = [json.loads(line) for line in (desk.sessions[0] / "journal.jsonl").read_text().splitlines()]
    wanted = [(line["path"], line["write"]) for line in lines if line["kind"] == "path.wanted"]
    assert wanted == [(f"{data}/file", False), (f"{data}/copy", True), (f"{data}/new", True)]
    assert desk.command("verify", "--replay", desk.sessions[0].name).returncode == 0


def test_a_path_is_granted_from_the_console(desk: Desk, data: Path, opened: Open) -> None:
    """A typed line of the palette shows it to the agent; what cannot be granted comes back with its reason."""
    (data / "file").write_text("con" + "tent-of-it")
    terminal = opened(*desk.options, "sh")
    terminal.until("$ ")
    terminal.type(PREFIX)
    terminal.until("[:] palette")
    terminal.type(":")
    terminal.until("read PATH")
    terminal.type(f"read {desk.home}\r")
    terminal.until("too much lies in this folder to show it")
    terminal.type("\x15")
    terminal.until("read PATH")
    terminal.type(f"read {data}\r")
    terminal.until("reading /")
    terminal.type(PREFIX)
    terminal.type(f"cat {data}/fi*\r")
    terminal.until("content-of-it")


def test_the_agent_cannot_grant_itself_anything(desk: Desk, agent: Agent, data: Path) -> None:
    """The control socket is not in the cell, and our own program refuses there."""
    told = agent.run(f"ls {desk.base}/state; find / -name control.sock 2>/dev/null; echo searched")
    assert told.endswith("searched") and "control.sock" not in told
