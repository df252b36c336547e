"""`agent-supervise sessions`: the sessions of this user, the newest first."""

from __future__ import annotations

import json
import os
import shutil
from datetime import datetime

import click

from supervisor.journal.listing import Listed, listed
from supervisor.journal.sessions import State, list_sessions, sessions_folder
from supervisor.model.visible import visible

FEW = 20
_SHAPE = {State.RUNNING: "▶", State.ENDED: "■", State.CRASHED: "✗"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array, with every session.")
@click.option("--all", "everything", is_flag=True, help=f"List every session, not only the newest {FEW}.")
def sessions(as_json: bool, everything: bool) -> int:
    """List sessions, the newest first: when, which agent, which scope, what was decided, how it came out."""
    known = list_sessions(os.environ)
    if as_json:
        click.echo(json.dumps([listed(session).as_json() for session in known], indent=2))
        return 0
    if not known:
        click.echo(f"no sessions yet in {sessions_folder(os.environ)}", err=True)
        return 0
    shown = known if everything else known[:FEW]
    for line in table([listed(session) for session in shown], shutil.get_terminal_size((100, 24)).columns):
        click.echo(line)
    if len(shown) < len(known):
        click.echo(f"and {len(known) - len(shown)} older ones: `agent-supervise sessions --all`", err=True)
    return 0


def table(rows: list[Listed], columns: int) -> list[str]:
    """The lines of the table, none wider than `columns` if that leaves room for agent and scope."""
    heads = ("ID", "STARTED", "LASTED", "ALLOWED", "ASKED", "DENIED", "OUTCOME", "SCOPE", "AGENT")
    cells = [
        (
            f"{_SHAPE[row.state]} {row.id}",
            _local(row.started),
            duration(row.seconds),
            f"{row.allowed:,}",
            f"{row.asked:,}",
            f"{row.denied:,}",
            row.outcome,
            visible(row.scope),
            visible(row.agent) or visible(row.problem),
        )
        for row in rows
    ]
    heads = (f"  {heads[0]}", *heads[1:])
    wide = [max(len(line[place]) for line in (heads, *cells)) for place in range(len(heads))]
    wide[7] = min(wide[7], 24)
    wide[8] = min(wide[8], max(12, columns - sum(wide[:8]) - 2 * len(heads)))
    return [_line(line, wide) for line in (heads, *cells)]


def _line(cells: tuple[str, ...], wide: list[int]) -> str:
    right = {2, 3, 4, 5}
    fitted = [
        cut(cell, width).rjust(width) if place in right else cut(cell, width).ljust(width)
        for place, (cell, width) in enumerate(zip(cells, wide, strict=True))
    ]
    return "  ".join(fitted).rstrip()


def cut(text: str, width: int) -> str:
    """`text` in at most `width` characters; what is cut shows as `…`."""
    return text if len(text) <= width else text[: width - 1] + "…"


def duration(seconds: float) -> str:
    """`42 s`, `3 min 5 s`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _local(moment: datetime | None) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}" if moment else "?"
