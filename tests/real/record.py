"""What is left of a session: its journal, and a remote that was pushed to or not."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable

from tests.e2e.headless import Desk


def effects_of(desk: Desk, pattern: str) -> set[str]:
    """What the one session's journal decided on program starts whose words match `pattern`."""
    (folder,) = desk.sessions
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    decisions = [line for line in lines if line["kind"] == "decision"]
    return {
        line["effect"] for line in decisions if re.search(pattern, " ".join(line["request"]["action"].get("argv", ())))
    }


def verified(desk: Desk) -> None:
    """The journal of the one session holds."""
    (folder,) = desk.sessions
    done = desk.command("verify", folder.name)
    assert done.returncode == 0, done.stdout + done.stderr


def with_remote(desk: Desk) -> Callable[[], bool]:
    """Make the workspace a repository with a commit and a remote; the answer is whether that was pushed."""
    name = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    for words in (
        ("init", "--quiet", "--bare", "remote.git"),
        ("init", "--quiet"),
        ("remote", "add", "origin", "./remote.git"),
        (*name, "commit", "--quiet", "--allow-empty", "-m", "The site"),
    ):
        subprocess.run(["git", *words], cwd=desk.work, env=desk.environment, check=True)
    listed = ["git", "-C", "remote.git", "for-each-ref"]
    return lambda: bool(subprocess.run(listed, cwd=desk.work, env=desk.environment, capture_output=True).stdout)
