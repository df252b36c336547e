"""`agent-supervise demo`: the incident, replayed in a real session on an embedded AWS."""

from __future__ import annotations

import os

import click


@click.command()
@click.option("--headless", is_flag=True, help="no console: nothing is asked")
@click.option("--fast", is_flag=True, help="without the pauses that make it readable")
def demo(headless: bool, fast: bool) -> int:
    """Watch an over-eager agent run `terraform destroy` on production, and answer its question.

    No account: the agent, its terraform and its AWS (moto) are the demo's own; the session around
    them is real. Without a terminal it runs as with --headless. Exit code 0 when production survived.
    """
    from supervisor.commands.session import need_terminal
    from supervisor.demo.play import play

    alone = headless or not (os.isatty(0) and os.isatty(1))
    if not alone:
        need_terminal()
    return play(headless=alone, fast=fast)
