"""`agent-supervise review [SESSION]`: timeline and terminal replay of a past session."""

from __future__ import annotations

import os

import click

from supervisor.commands.session import need_terminal
from supervisor.errors import JournalError
from supervisor.journal.sessions import find_session


@click.command()
@click.argument("session", default="", metavar="[SESSION]")
def review(session: str) -> int:
    """Go through a session, by default the latest: play, seek, jump from decision to decision, filter, search."""
    folder = find_session(os.environ, session)
    need_terminal()
    from supervisor.console.app import run_review
    from supervisor.console.review.playback import CastTape

    tape = CastTape(folder.cast) if folder.cast.exists() else None
    try:
        return run_review(folder.path, tape)
    except OSError as error:
        raise JournalError(f"the journal cannot be read: {error.strerror}", where=str(folder.journal)) from error
    finally:
        if tape is not None:
            tape.close()
