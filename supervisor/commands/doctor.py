"""`agent-supervise doctor`: what this host can enforce, and how to get the rest."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from supervisor.commands.proving import Proof


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def doctor(as_json: bool) -> None:
    """Try out what this host can enforce, and say how to get the rest.

    Exit code 0 when every gate holds, 1 otherwise. Where AWS credentials are configured, AWS is asked what they allow.
    """
    from supervisor.cell.doctor import checks
    from supervisor.identity.doctor import identity_checks
    from supervisor.identity.oidc.doctor import issuer_checks

    tried = checks()
    weak = tuple(dict.fromkeys(check.gate for check in tried if check.gate and not check.holds))
    proof = _proof(weak)
    found = (*tried, *identity_checks(os.environ), *issuer_checks(os.environ))
    failed = tuple(gate.name for gate in proof.gates if not gate.holds) if proof else ()
    holds = not weak and not failed
    if as_json:
        told = {"holds": holds, "weak": weak, "checks": [asdict(check) for check in found], "gates": _gates(proof)}
        click.echo(json.dumps(told))
        sys.exit(0 if holds else 1)
    width = max(len(check.name) for check in found)
    for check in found:
        mark = "✓" if check.holds else ("✗" if check.gate else "-")
        click.echo(f"{mark} {check.name:<{width}}  {check.detail}", err=True)
        if check.fix:
            click.echo(f"  {'':<{width}}  fix: {check.fix}", err=True)
    _say(proof, width)
    if "cell" in weak or "network" in weak:
        click.echo(
            "\nNo session can start here: every cell is made of what is missing, and no option goes without it.",
            err=True,
        )
    elif weak:
        options = " ".join(f"--weaken {gate}" for gate in weak)
        click.echo(
            f"\nNot every gate holds here. To start all the same, marked for the whole session: {options}", err=True
        )
    elif failed:
        click.echo("\nA gate does not hold here, although this host has what it needs: no session can start.", err=True)
        click.echo("  fix: this is a defect of agent-supervise; please report what stands above", err=True)
    else:
        click.echo("\nEvery gate holds here.", err=True)
    sys.exit(0 if holds else 1)


def _proof(weak: tuple[str, ...]) -> Proof | None:
    """A round of canaries, where a cell can be had at all."""
    if "cell" in weak or "network" in weak:
        return None
    from supervisor.commands.proving import prove

    return prove(os.environ, weakened=frozenset(weak))


def _gates(proof: Proof | None) -> list[dict[str, object]]:
    if proof is None:
        return []
    return [{**asdict(gate), "at": proof.at.isoformat(timespec="seconds")} for gate in proof.gates]


def _say(proof: Proof | None, width: int) -> None:
    if proof is None:
        return
    click.echo(
        f"\nProven from inside of a cell at {proof.at.astimezone():%H:%M:%S}, as every session does each minute:",
        err=True,
    )
    for gate in proof.gates:
        click.echo(f"{'✓' if gate.holds else '✗'} {gate.name:<{width}}  {gate.detail}", err=True)
