"""`agent-supervise scopes`: presets in plain words, validation, compiled policies, and the schema of a scope file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from supervisor.commands.check import pairs
from supervisor.errors import ScopeError, UsageError
from supervisor.model.visible import visible
from supervisor.policy.scope import Scope


@click.group(invoke_without_command=True)
@click.pass_context
def scopes(context: click.Context) -> int:
    """List scopes, show one in plain words, check a file, print what AWS is told or the JSON Schema."""
    return context.invoke(list_) if context.invoked_subcommand is None else 0


@scopes.result_callback()
def _code(code: int, **_: object) -> int:
    return code


@scopes.command("list")
@click.option("--json", "as_json", is_flag=True, help="one JSON array on standard output")
def list_(as_json: bool = False) -> int:
    """Every scope that a name leads to from here."""
    from supervisor.scope_files import choices

    found = choices(Path.cwd(), os.environ)
    if as_json:
        keys = ("name", "task", "file", "origin", "problem")
        click.echo(json.dumps([{key: getattr(choice, key) for key in keys} for choice in found], ensure_ascii=False))
        return 0
    width = max((len(visible(choice.name)) for choice in found), default=0)
    for choice in found:
        told = f"cannot be used: {choice.problem.splitlines()[0]}" if choice.problem else choice.task
        click.echo(f"{visible(choice.name):<{width}}  {choice.origin:<7}  {visible(told)}")
    return 0


@scopes.command()
@click.argument("name", metavar="S")
@click.option("--set", "values", metavar="KEY=VALUE", multiple=True, help="a parameter of the scope")
def show(name: str, values: tuple[str, ...]) -> int:
    """What S lets happen, what asks first, and what it never does."""
    for line in sheet(_load(name, values)):
        click.echo(line)
    return 0


@scopes.command("check")
@click.argument("files", metavar="FILE…", nargs=-1, required=True)
@click.option("--set", "values", metavar="KEY=VALUE", multiple=True, help="a parameter of the scope")
def check_(files: tuple[str, ...], values: tuple[str, ...]) -> int:
    """Load each FILE as a session would and try its examples; exit code 2 if one cannot be used.

    Conditions in Rego are compiled, and their tests run. A FILE may be one of conditions itself.
    """
    bad = 0
    for file in files:
        try:
            told, problems = _check_rego(file) if file.endswith(".rego") else _check_scope(file, values)
        except ScopeError as error:
            told, problems = "", [error]
        for problem in problems:
            click.echo(f"✗ {problem}", err=True)
        if problems:
            bad += 1
        else:
            click.echo(f"✓ {file}: {told}", err=True)
    return 2 if bad else 0


def _check_scope(file: str, values: tuple[str, ...]) -> tuple[str, list[ScopeError]]:
    from supervisor.commands.conditions import test_conditions
    from supervisor.identity.ahead import check_policies

    scope = _load(file, values)
    check_policies(scope)
    count = len(scope.examples)
    told = f"{scope.name}, {count} example{'' if count == 1 else 's'} hold"
    if not scope.rego:
        return told, []
    held, problems = test_conditions(scope, Path.cwd())
    files = f"{len(scope.rego)} file{'' if len(scope.rego) == 1 else 's'} of conditions"
    return f"{told}; {files} with {held} case{'' if held == 1 else 's'} that hold", problems


def _check_rego(file: str) -> tuple[str, list[ScopeError]]:
    from supervisor.commands.conditions import test_file

    held, problems = test_file(file)
    return f"{held} case{'' if held == 1 else 's'} hold" if held else "it compiles, and has no tests", problems


@scopes.command()
@click.option("--rego", is_flag=True, help="the schemas of what conditions in Rego get and give")
def schema(rego: bool) -> int:
    """The JSON Schema of a scope file, for editors."""
    if rego:
        from supervisor.policy.rego_schema import schemas

        click.echo(json.dumps(schemas(), indent=2))
        return 0
    from supervisor.policy.schema import schema as made

    click.echo(json.dumps(made(), indent=2))
    return 0


@scopes.command("session-policy")
@click.argument("name", metavar="S")
@click.option("--set", "values", metavar="KEY=VALUE", multiple=True, help="a parameter of the scope")
@click.option("--service", metavar="PREFIX", help="the policy of this service alone, as it is sent: s3, ec2, …")
def session_policy(name: str, values: tuple[str, ...], service: str | None) -> int:
    """The IAM policies that S compiles to, one for each service that it allows something of.

    They are what AWS itself holds the task's calls to. Exit code 2 when one does not fit into what AWS takes.
    """
    from supervisor.policy.session_policy import NothingAllowed, named_services

    scope = _load(name, values, unfilled=False)
    if service is not None:
        click.echo(_compiled(scope, _known_service(service)))
        return 0
    services, others = named_services(scope)
    made, bad = {}, 0
    for one in services:
        try:
            made[one] = json.loads(_compiled(scope, one))
        except NothingAllowed as error:
            click.echo(f"- {one}: {error.what}", err=True)
        except ScopeError as error:
            click.echo(f"✗ {one}: {error}", err=True)
            bad += 1
    click.echo(json.dumps(made, indent=2, sort_keys=True, ensure_ascii=False))
    if others:
        bad += _others(scope, frozenset(services))
    return 2 if bad else 0


def _compiled(scope: Scope, service: str) -> str:
    """The policy of a service, and its size for people. Raises `ScopeError`."""
    from supervisor.policy.session_policy import session_policy_of
    from supervisor.policy.session_policy_facts import known
    from supervisor.policy.session_policy_statement import MOST_CHARACTERS

    policy = session_policy_of(scope, (service,), known())
    click.echo(f"✓ {service}: {len(policy):,} of {MOST_CHARACTERS:,} characters", err=True)
    return policy


def _others(scope: Scope, named: frozenset[str]) -> int:
    """What a wildcard over services comes to, in one line; the number of services that it does not fit for."""
    from supervisor.policy.services import SERVICES
    from supervisor.policy.session_policy import NothingAllowed, session_policy_of
    from supervisor.policy.session_policy_facts import known

    facts, sizes, bad = known(), [], 0
    assert facts.actions is not None
    for service in sorted(SERVICES - named):
        try:
            if facts.actions(service):
                sizes.append((len(session_policy_of(scope, (service,), facts)), service))
        except NothingAllowed:
            continue
        except ScopeError as error:
            click.echo(f"✗ {service}: {error}", err=True)
            bad += 1
    if sizes:
        size, longest = max(sizes)
        click.echo(
            f"✓ {len(sizes)} more services by wildcards, the longest {longest}: {size:,} characters; "
            "--service PREFIX prints one",
            err=True,
        )
    return bad


def _known_service(text: str) -> str:
    import difflib

    from supervisor.policy.services import SERVICES

    service = text.lower()
    if service not in SERVICES:
        close = difflib.get_close_matches(service, SERVICES, 1)
        meant = f", did you mean {close[0]}?" if close else ""
        raise UsageError(f"AWS has no service {visible(text)}{meant}", fix="name an IAM prefix: s3, ec2, rds, …")
    return service


@scopes.command()
@click.argument("session", metavar="SESSION")
def learn(session: str) -> int:
    """Not in this version: a tighter scope from what a session used."""
    raise UsageError(
        "this version cannot learn a scope from a session yet", fix=f"export {session} --as md, and read it"
    )


def _load(name: str, values: tuple[str, ...], *, unfilled: bool = True) -> Scope:
    from supervisor.scope_files import load_scope

    return load_scope(name, cwd=Path.cwd(), environment=os.environ, values=pairs(values), unfilled=unfilled)


def sheet(scope: Scope) -> list[str]:
    """A scope on one page, for people."""
    from supervisor.policy.plain import plain_words

    may, asks, never = plain_words(scope)
    lines = [f"{scope.name}: {visible(scope.task)}", f"  {scope.source.file}  {scope.digest}"]
    for title, entries in (("may", may), ("asks first", asks), ("never does", never)):
        lines += [f"{title}:", *(f"  {entry}" for entry in entries)] if entries else []
    if scope.parameters:
        lines.append("parameters:")
        lines += [
            f"  {one.name}{'' if one.default is None else ' (optional)'}  {visible(one.ask)}"
            for one in scope.parameters
        ]
    if scope.rego or scope.opa:
        lines.append("conditions, which make a decision stricter:")
        lines += [f"  {visible(one.file)}" for one in scope.rego]
        lines += [f"  {visible(one.url)}  (not reached: {one.unreachable.word})" for one in scope.opa]
    if scope.examples:
        lines.append("examples:")
        lines += [f"  {one.expect.word:<5}  {visible(one.text)}" for one in scope.examples]
    minutes = int(scope.expires.total_seconds() // 60) if scope.expires else 0
    if minutes:
        lines.append(f"ends after: {minutes // 60}h" if minutes % 60 == 0 else f"ends after: {minutes}m")
    return lines
