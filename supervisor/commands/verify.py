"""`agent-supervise verify`: is a session's record as it was written."""

from __future__ import annotations

import json
import os

import click

from supervisor.journal.export.as_json import verification_json
from supervisor.journal.keys import known_public
from supervisor.journal.sessions import SessionFolder, find_session, is_running, keys_folder
from supervisor.journal.verify import Finding, Verification
from supervisor.journal.verify import verify as check
from supervisor.model.visible import visible

EXIT_CODES = {Finding.GOOD: 0, Finding.OPEN: 0, Finding.CHANGED: 1, Finding.UNREADABLE: 2}


@click.command()
@click.argument("session", default="", metavar="[SESSION]")
@click.option("--json", "as_json", is_flag=True, help="Print the finding as one JSON object.")
@click.option("--closed", is_flag=True, help="Exit 1 also for a session that was not closed (it runs, or crashed).")
def verify(session: str, as_json: bool, closed: bool) -> int:
    """Check the journal's chain, its signed checkpoint and the recording of SESSION (default: the latest).

    Exit code 0: nothing was changed (an unfinished session is said to be open); 1: changed, naming the first bad
    line; 2: it cannot be read.
    """
    folder = find_session(os.environ, session)
    found, running = look_through(folder), is_running(folder)
    if as_json:
        click.echo(json.dumps({"session": folder.id, "running": running, **verification_json(found)}))
    else:
        click.echo(sentence(folder, found, running), err=True)
    return 1 if closed and found.finding is Finding.OPEN else EXIT_CODES[found.finding]


def look_through(folder: SessionFolder) -> Verification:
    """Verify a session of this user with this user's key."""
    return check(folder.path, trusted=known_public(keys_folder(os.environ)), session=folder.id)


def sentence(folder: SessionFolder, found: Verification, running: bool) -> str:
    """The finding for a person."""
    head = f"{folder.id}: {found.finding.value.upper()}"
    if found.finding is Finding.CHANGED:
        where = f"{folder.journal}:{found.line}"
        return f"{head}: {visible(found.detail)}\n  first bad line: {where}\n  do not rely on what follows it"
    if found.finding is Finding.OPEN:
        state = "the session runs" if running else "the session crashed"
        return f"{head}: {state}, {visible(found.detail)}"
    return f"{head}: {visible(found.detail)}"
