"""`agent-supervise attach [SESSION]`: a console on a running session."""

from __future__ import annotations

import os

import click

from supervisor.commands.session import need_terminal
from supervisor.journal.sessions import find_session


@click.command()
@click.argument("session", default="", metavar="[SESSION]")
@click.option("--watch", is_flag=True, help="look on: nothing can be answered and no key reaches the agent")
def attach(session: str, watch: bool) -> int:
    """Open a console on a running session, by default the latest. Any number of consoles may be attached."""
    folder = find_session(os.environ, session, running=True)
    need_terminal()
    from supervisor.console.app import DETACHED, run_console

    code = run_console(folder.path / "control.sock", read_only=watch)
    return 0 if code == DETACHED else code
