"""`agent-supervise verify`: is a session's record as it was written."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import click

from supervisor.journal.export.as_json import verification_json
from supervisor.journal.keys import known_public
from supervisor.journal.reader import read
from supervisor.journal.sessions import SessionFolder, find_session, is_running, keys_folder
from supervisor.journal.verify import Finding, Verification
from supervisor.journal.verify import verify as check
from supervisor.model.codec import from_json
from supervisor.model.visible import visible

EXIT_CODES = {Finding.GOOD: 0, Finding.OPEN: 0, Finding.CHANGED: 1, Finding.UNREADABLE: 2}


@click.command()
@click.argument("session", default="", metavar="[SESSION]")
@click.option("--json", "as_json", is_flag=True, help="Print the finding as one JSON object.")
@click.option("--replay", "again", is_flag=True, help="Also decide every request again, under the scope as it was.")
@click.option("--closed", is_flag=True, help="Exit 1 also for a session that was not closed (it runs, or crashed).")
def verify(session: str, as_json: bool, again: bool, closed: bool) -> int:
    """Check the journal's chain, its signed checkpoint and the recording of SESSION (default: the latest).

    Exit code 0: nothing was changed (an unfinished session is said to be open); 1: changed, naming the first bad
    line; 2: it cannot be read.
    """
    folder = find_session(os.environ, session)
    found, running = look_through(folder), is_running(folder)
    if again and found.finding in (Finding.GOOD, Finding.OPEN):
        found = _replayed(folder, found)
    if as_json:
        click.echo(json.dumps({"session": folder.id, "running": running, **verification_json(found)}))
    else:
        click.echo(sentence(folder, found, running), err=True)
    return 1 if closed and found.finding is Finding.OPEN else EXIT_CODES[found.finding]


def look_through(folder: SessionFolder) -> Verification:
    """Verify a session of this user with this user's key."""
    return check(folder.path, trusted=known_public(keys_folder(os.environ)), session=folder.id)


def _replayed(folder: SessionFolder, found: Verification) -> Verification:
    """The finding after a replay: changed where the verdicts are not what the scope and the answers lead to."""
    from supervisor.journal.replay import replay  # the policy and its grammars are only loaded for this
    from supervisor.policy.scope import Scope

    path = folder.path / "scope.json"
    try:
        scope = from_json(Scope, json.loads(path.read_text(encoding="utf-8")))
        difference = replay(read(folder.path), scope)
    except (OSError, ValueError, RecursionError) as error:
        return Verification(Finding.UNREADABLE, f"it cannot be replayed: {error}", found.lines)
    if difference is None:
        return replace(found, detail=f"{found.detail}; replayed with the same verdicts")
    detail = "replaying the session under its scope leads to another line here"
    return Verification(Finding.CHANGED, detail, found.lines, difference.seq + 1)


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
