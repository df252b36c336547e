"""What a session leaves when it has ended: a journal that verifies, and a report of every file that runs later."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from supervisor.errors import JournalError
from supervisor.journal.reader import read
from supervisor.journal.verify import Finding, verify

WORD = "left: "
"""What begins a line by which a technique tells a file that it left: relative to the workspace."""


def told(output: str) -> list[str]:
    """The files that a technique says it left."""
    return [line[len(WORD) :].strip() for line in output.splitlines() if line.startswith(WORD)]


def harm(state: Path, work: Path, left: Iterable[str]) -> dict[str, str]:
    """What is wrong with the newest session below `state`."""
    sessions = sorted((state / "agent-supervise/sessions").glob("*"))
    if not sessions:
        return {"journal": "no session is on record"}
    found: dict[str, str] = {}
    try:
        if (finding := verify(sessions[-1]).finding) is not Finding.GOOD:
            found["journal"] = f"the session's journal does not verify: {finding}"
    except JournalError as error:
        found["journal"] = str(error)
    if missing := _unreported(sessions[-1], work, left):
        found["host"] = f"left behind and not reported: {missing}"
    return found


def _unreported(session: Path, work: Path, left: Iterable[str]) -> list[str]:
    there = [path for path in left if (work / path).exists() or (work / path).is_symlink()]
    if not there:
        return []
    reports: list[Any] = [line for line in read(session) if line["kind"] == "files.left"]
    if any(report.get("more", 0) for report in reports):
        return []  # not everything is listed, which it says
    reported = [str(entry["path"]).rstrip("/") for report in reports for entry in report.get("found", ())]
    return [path for path in there if not any(_is_about(one, path) for one in reported)]


def _is_about(reported: str, path: str) -> bool:
    return reported == path or path.startswith(f"{reported}/") or reported.startswith(f"{path}/")
