"""`agent-supervise keycloak`: a realm that people log in at and that makes task tokens."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from supervisor.errors import UsageError
from supervisor.model.visible import visible

if TYPE_CHECKING:
    from supervisor.identity.oidc.realm import Plan
    from supervisor.identity.oidc.realm_admin import RealmAdmin
    from supervisor.identity.oidc.values import Token

PASSWORD_VARIABLE: Final = "AGENT_SUPERVISE_KEYCLOAK_PASSWORD"


@click.group()
def keycloak() -> None:
    """Set up a Keycloak (26.5 or newer) for logins and task tokens."""


@keycloak.result_callback()
def _code(code: int, **_: object) -> int:
    return code


@keycloak.command()
@click.option("--realm", metavar="NAME", default="agent-supervise", show_default=True, help="the realm")
@click.option("--out", metavar="FILE", help="write the realm's JSON for `kc.sh import`; - is standard output")
@click.option("--url", metavar="URL", help="the server to set up, as https://HOST")
@click.option("--admin-user", metavar="NAME", default="admin", show_default=True, help="who sets it up")
@click.option("--admin-realm", metavar="NAME", default="master", show_default=True, help="where that user is")
@click.option(
    "--password-stdin", is_flag=True,
    help=f"read the password from standard input; else ${PASSWORD_VARIABLE}, else it is asked for",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="show what would change, and change nothing")
@click.option(
    "--task", "tasks", metavar="SCOPE", multiple=True, help="a scope to make a client scope for (default: presets)"
)
@click.option("--audience", metavar="NAME", help="who task tokens are for (default: sts.amazonaws.com)")
@click.option("--seconds", type=int, default=120, show_default=True, help="the life of a task token, 60 to 300")
@click.option("--ca-bundle", metavar="FILE", default="", help="the authorities that vouch for the server")
@click.option("--secret-file", metavar="FILE", help="write the broker client's secret to a new file, for you alone")
def init(
    realm: str, out: str | None, url: str | None, admin_user: str, admin_realm: str, password_stdin: bool,
    dry_run: bool, tasks: tuple[str, ...], audience: str | None, seconds: int, ca_bundle: str, secret_file: str | None,
) -> int:  # fmt: skip
    """Write the realm (--out), or make a server's realm so (--url): clients, task scopes, roles, and a policy.

    Run it again after an upgrade or with new scopes: what is right already is left alone. With --dry-run the difference
    is shown: + is added, ~ changed, - removed.
    """
    plan = _plan(realm, tasks, audience, seconds)
    if (out is None) == (url is None):
        raise UsageError("a realm is either written or applied", fix="pass --out FILE, or --url URL")
    if out is not None:
        return _write(plan, out)
    from supervisor.identity.oidc.realm_admin import RealmAdmin
    from supervisor.identity.oidc.values import Token
    from supervisor.identity.oidc.wire import Wire

    if secret_file is not None and not dry_run and os.path.lexists(secret_file):
        raise UsageError("there is a file already, and it is not written over", where=secret_file, fix="move it away")
    password = Token(_password(password_stdin, admin_user))
    wire = Wire(ca_bundle=ca_bundle, seconds=30.0, environment=os.environ)
    admin = RealmAdmin(url or "", realm, admin_user, password, admin_realm=admin_realm, wire=wire)
    return _apply(plan, admin, dry_run=dry_run, secret_file=secret_file)


def _plan(realm: str, tasks: tuple[str, ...], audience: str | None, seconds: int) -> Plan:
    from supervisor.identity.oidc.realm import AWS, Plan, plan_tasks
    from supervisor.scope_files import SUFFIXES, shipped_folder

    names = tasks or tuple(path.stem for path in shipped_folder().iterdir() if path.suffix in SUFFIXES)
    if not realm or realm == "master" or not all(letter.isalnum() or letter in "-_." for letter in realm):
        raise UsageError(f"{visible(realm)!r} is no name for a realm of its own", fix="use letters, digits and -_.")
    try:
        return Plan(realm, plan_tasks(names), audience or AWS, seconds)
    except ValueError as error:
        raise UsageError(str(error), fix="see agent-supervise keycloak init --help") from None


def _write(plan: Plan, out: str) -> int:
    from supervisor.identity.oidc.realm import representation

    text = json.dumps(representation(plan), indent=2, ensure_ascii=False) + "\n"
    if out == "-":
        click.echo(text, nl=False)
        return 0
    try:
        Path(out).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"it cannot be written: {error.strerror}", where=out, fix="choose another place") from None
    click.echo(
        f"{out}: realm {plan.realm} with {len(plan.tasks)} task scopes; its broker client gets a secret when it is "
        "imported\n  next: bin/kc.sh import --file FILE, or the same file below data/import and --import-realm",
        err=True,
    )
    return 0


def _apply(plan: Plan, admin: RealmAdmin, *, dry_run: bool, secret_file: str | None) -> int:
    from supervisor.identity.oidc.realm_difference import difference

    changes = difference(plan, admin.found(plan))
    if not changes:
        click.echo(f"realm {plan.realm} is as it should be", err=True)
    for change in changes:
        if not dry_run:
            admin.make(change)
        click.echo(visible(change.text, keep_newlines=True), err=True)
    if changes:
        total = sum(change.text.count("\n") + 1 for change in changes)
        click.echo(f"{total} {'would change' if dry_run else 'changed'} in realm {plan.realm}", err=True)
    if secret_file is not None and not dry_run:
        _keep_secret(admin.secret(), secret_file)
    return 0


def _keep_secret(secret: Token, file: str) -> None:
    from supervisor.journal.private import write_private

    try:
        write_private(Path(file), secret.text + "\n")
    except OSError as error:
        raise UsageError(f"it cannot be written: {error.strerror}", where=file, fix="choose another place") from None
    click.echo(f"{file}: the broker client's secret, for you alone", err=True)


def _password(from_stdin: bool, user: str) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    given = os.environ.get(PASSWORD_VARIABLE)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise UsageError("there is no password, and nobody to ask", fix=f"set {PASSWORD_VARIABLE}, or --password-stdin")
    asked: str = click.prompt(f"Password of {user}", hide_input=True, err=True)
    return asked
