"""What a session leaves is told when it ends, and nothing of it runs on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cell.cell_stage import until
from tests.e2e.conftest import Open
from tests.e2e.headless import Desk

pytestmark = pytest.mark.long


def records(desk: Desk, kind: str) -> list[dict[str, Any]]:
    """The lines of one kind in the newest journal."""
    lines = (desk.sessions[-1] / "journal.jsonl").read_text().splitlines()
    return [line for line in map(json.loads, lines) if line["kind"] == kind]


def test_what_runs_later_is_told_on_stderr_and_on_record(desk: Desk) -> None:
    """Who sees the shell again reads what to look at before using the folder, and the journal has it."""
    done = desk.run("sh", "-c", "echo evil > .envrc; mkdir .vscode; echo {} > .vscode/tasks.json; ln -s /root up")
    assert done.returncode == 0 and done.stdout == ""
    assert "look at these before you use them" in done.stderr
    assert "! .envrc (new): your shell runs it" in done.stderr and "- up (new: → /root)" in done.stderr
    (record,) = records(desk, "files.left")
    assert {left["path"] for left in record["found"]} == {".envrc", ".vscode/tasks.json", "up"}
    assert desk.command("verify", "--replay", desk.sessions[-1].name).returncode == 0
    assert ".vscode/tasks.json" in desk.command("export", "--as", "md").stdout
    assert json.loads(desk.command("export", "--as", "json").stdout)["left"]["found"]


def test_a_session_that_leaves_nothing_says_nothing(desk: Desk) -> None:
    """Ordinary files are no reason for a word."""
    done = desk.run("sh", "-c", "echo x > readme.txt; mkdir -p src; echo y > src/app.py")
    assert done.stderr == "" and not records(desk, "files.left")


def test_hostile_names_are_shown_and_not_obeyed(desk: Desk) -> None:
    """A name with an escape sequence reaches the developer's terminal as text."""
    done = desk.run("sh", "-c", 'd=$(printf \'a\\033]0;owned\\007b\\n\'); mkdir "$d"; echo x > "$d/.envrc"')
    assert "\x1b" not in done.stderr and "\x07" not in done.stderr and ".envrc" in done.stderr


def test_what_exists_cannot_be_changed_by_the_agent(desk: Desk) -> None:
    """Settings of editors, shells, agents and package managers that are there are read-only, in every way."""
    names = (".envrc", ".npmrc", ".mcp.json", "mise.toml", ".claude/settings.json", ".cargo/config.toml")
    for name in names:
        (desk.work / name).parent.mkdir(exist_ok=True)
        (desk.work / name).write_text("mine")
    tries = "; ".join(f"echo evil > {n}; rm -f {n}; mv -f /etc/hostname {n}; mv {n} moved" for n in names)
    done = desk.run("sh", "-c", f"{tries}; mv .claude elsewhere; true")
    assert [(desk.work / name).read_text() for name in names] == ["mine"] * len(names), done.stderr
    assert "look at these" not in done.stderr


def test_the_console_tells_it_when_it_is_gone(desk: Desk, opened: Open) -> None:
    """With a console the same lines stand in the shell afterwards."""
    terminal = opened(*desk.options, "sh", "-c", "echo evil > .envrc")
    told = terminal.until(".envrc (new): your shell runs it")
    assert "look at these before you use them" in told and "agent-supervise: the agent ended with 0" in told


def alive(mark: str) -> list[int]:
    """Processes of this host whose command line has a word."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:
            continue  # it ended meanwhile
    return found


def test_daemons_end_with_the_session(desk: Desk) -> None:
    """In sessions of their own, orphaned, deaf to signals, stopped: nothing of the agent runs when we have returned."""
    mark = f"987654.{os.getpid()}"
    done = desk.run(
        "bash",
        "-c",
        f"(setsid nohup sleep {mark} >/dev/null 2>&1 &); (trap '' TERM HUP INT; sleep {mark} & disown);"
        f" sleep {mark} & kill -STOP $!; setsid -f sleep {mark} </dev/null >/dev/null 2>&1; echo started",
    )
    assert done.stdout == "started\n", done.stderr
    assert alive(mark) == []


def test_daemons_end_with_a_killed_session(desk: Desk, opened: Open) -> None:
    """Killing the session process leaves no program of the agent behind either."""
    mark = f"987653.{os.getpid()}"
    opened("--headless", *desk.options, "bash", "-c", f"setsid -f sleep {mark}; sleep {mark}")
    until(lambda: len(alive(mark)) >= 2)
    desk.end()
    until(lambda: alive(mark) == [])
    assert alive(mark) == []
