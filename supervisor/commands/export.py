"""`agent-supervise export`: a session for people, tickets, other systems and players."""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any

import click

from supervisor.commands.verify import look_through
from supervisor.console import words
from supervisor.errors import UsageError
from supervisor.journal.account import account
from supervisor.journal.export.as_html import as_html
from supervisor.journal.export.as_json import as_json
from supervisor.journal.export.as_markdown import as_markdown
from supervisor.journal.export.as_ocsf import as_ocsf
from supervisor.journal.private import open_private
from supervisor.journal.reader import read
from supervisor.journal.sessions import SessionFolder, find_session

FORMS = ("json", "md", "html", "ocsf", "cast")


@click.command()
@click.argument("session", default="", metavar="[SESSION]")
@click.option("--as", "form", type=click.Choice(FORMS), required=True, help="What to write.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="A file; default: standard output."
)
def export(session: str, form: str, output: Path | None) -> int:
    """Write SESSION (default: the latest) to the standard output or a file.

    json: everything, one object. md: a report for a ticket. html: the same, one page without scripts. ocsf: one event
    of the Open Cybersecurity Schema Framework a line. cast: the recording of the terminal, for asciinema.
    """
    folder = find_session(os.environ, session)
    if form == "cast":
        with _recording(folder) as source, _opened(output) as file:
            shutil.copyfileobj(source, file, 1 << 20)
            file.flush()
        return 0
    data = _text(folder, form).encode()  # before the file is opened: an export that fails leaves an old one alone
    with _opened(output) as file:
        file.write(data)
        file.flush()
    return 0


def _text(folder: SessionFolder, form: str) -> str:
    whole, verification = account(read(folder.path)), look_through(folder)
    match form:
        case "json":
            return json.dumps(as_json(whole, verification), indent=2) + "\n"
        case "md":
            return as_markdown(whole, verification, words)
        case "html":
            return as_html(whole, verification, words)
        case _:
            return "".join(json.dumps(event) + "\n" for event in as_ocsf(whole, words))


def _opened(output: Path | None) -> Any:
    """Where the export goes. Raises `UsageError`."""
    if output is None:
        return nullcontext(sys.stdout.buffer)
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"it cannot be written: {error.strerror}", where=str(output)) from error
    return os.fdopen(descriptor, "wb")


def _recording(folder: SessionFolder) -> IO[bytes]:
    try:
        return os.fdopen(open_private(folder.cast), "rb")
    except OSError as error:
        why = "this session's terminal was not recorded"
        raise UsageError(why, where=str(folder.cast), fix="sessions are recorded unless `--no-record`") from error
