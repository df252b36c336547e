"""`agent-supervise doctor`: what this host can enforce, and how to get the rest."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def doctor(as_json: bool) -> None:
    """Try out what this host can enforce, and say how to get the rest.

    Exit code 0 when every gate holds, 1 otherwise. Where AWS credentials are configured, AWS is asked what they allow.
    """
    from supervisor.cell.doctor import checks
    from supervisor.identity.doctor import identity_checks

    found = (*checks(), *identity_checks(os.environ))
    weak = tuple(dict.fromkeys(check.gate for check in found if check.gate and not check.holds))
    if as_json:
        click.echo(json.dumps({"holds": not weak, "weak": weak, "checks": [asdict(check) for check in found]}))
        sys.exit(1 if weak else 0)
    width = max(len(check.name) for check in found)
    for check in found:
        mark = "✓" if check.holds else ("✗" if check.gate else "-")
        click.echo(f"{mark} {check.name:<{width}}  {check.detail}", err=True)
        if check.fix:
            click.echo(f"  {'':<{width}}  fix: {check.fix}", err=True)
    if weak:
        options = " ".join(f"--weaken {gate}" for gate in weak)
        click.echo(
            f"\nNot every gate holds here. To start all the same, marked for the whole session: {options}", err=True
        )
        sys.exit(1)
    click.echo("\nEvery gate holds here.", err=True)
