"""`agent-supervise check`: what a scope says to a command, before anything runs."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from supervisor.errors import UsageError
from supervisor.model.codec import to_json
from supervisor.model.decision import Decision
from supervisor.model.effect import Effect
from supervisor.model.request import Action, Exec
from supervisor.model.visible import visible
from supervisor.policy.scope import Scope

EXIT_CODES: Final = {Effect.ALLOW: 0, Effect.ASK: 3, Effect.DENY: 4}
_SHAPES: Final = {Effect.ALLOW: "✓", Effect.ASK: "?", Effect.DENY: "✗"}
_MOST_PLAN: Final = 256 * 1024 * 1024


@click.command(context_settings={"allow_interspersed_args": False})
@click.option("--scope", "-s", "name", metavar="S", required=True, help="a scope's name or file")
@click.option("--set", "values", metavar="KEY=VALUE", multiple=True, help="a parameter of the scope")
@click.option("--json", "as_json", is_flag=True, help="one JSON object on standard output")
@click.option("--cwd", metavar="DIR", help="the folder that the command would run in")
@click.option("--shell", metavar="TEXT", help="shell text in place of a command")
@click.option("--aws", metavar="ACTION", help="an IAM action in place of a command: rds:DeleteDBInstance")
@click.option("--on", metavar="ARN", multiple=True, help="with --aws: what it would act on")
@click.option("--connect", metavar="HOST:PORT", help="a connection in place of a command")
@click.option("--plan", metavar="FILE", help="`terraform show -json` of a plan that would be applied; - reads it")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def check(
    name: str,
    values: tuple[str, ...],
    as_json: bool,
    cwd: str | None,
    shell: str | None,
    aws: str | None,
    on: tuple[str, ...],
    connect: str | None,
    plan: str | None,
    command: tuple[str, ...],
) -> int:
    """Say what would happen to COMMAND under scope S, without running it.

    Exit code 0: it would be allowed, 3: it would ask, 4: it would be denied, 2: the scope or the call is wrong.
    """
    given = [what for what in (shell, aws, connect, plan, command or None) if what is not None]
    if len(given) != 1:
        raise UsageError(
            "check wants one thing to judge" + (", and this is several" if given else ""),
            fix="check --scope S -- COMMAND…, or --shell TEXT, --aws ACTION, --connect HOST:PORT, --plan FILE",
        )
    if on and aws is None:
        raise UsageError("--on belongs to --aws", fix="agent-supervise check --scope S --aws ACTION --on ARN")
    from supervisor.commands.conditions import judge_actions
    from supervisor.scope_files import load_scope

    scope = load_scope(name, cwd=Path.cwd(), environment=os.environ, values=pairs(values))
    folder = os.path.abspath(cwd) if cwd is not None else os.getcwd()  # noqa: PTH100, PTH109
    decision, request = judge(scope, folder, shell=shell, aws=aws, on=on, connect=connect, plan=plan, command=command)
    if scope.rego or scope.opa:
        if plan is None:
            about = _actions(folder, shell=shell, aws=aws, on=on, connect=connect, command=command)
            decision = judge_actions(scope, decision, about, datetime.now(UTC), os.environ)
        else:
            click.echo("- the scope's conditions in Rego are asked when it is applied", err=True)
    if as_json:
        click.echo(json.dumps(as_object(decision, request), ensure_ascii=False))
    for line in sentences(decision):
        click.echo(line, err=True)
    return EXIT_CODES[decision.effect]


def judge(
    scope: Scope,
    folder: str,
    *,
    shell: str | None,
    aws: str | None,
    on: tuple[str, ...],
    connect: str | None,
    plan: str | None,
    command: tuple[str, ...],
) -> tuple[Decision, dict[str, Any]]:
    """The decision, and the request as JSON."""
    from supervisor.policy import examples

    if shell is not None:
        return examples.judge_shell(scope, shell, folder), {
            "gate": "exec",
            "shell": to_json(shell),
            "cwd": to_json(folder),
        }
    if plan is not None:
        return _judge_plan(scope, plan)
    action = _action(folder, aws=aws, on=on, connect=connect, command=command)
    request = examples.request_for(action)
    return examples.foresee_action(scope, action), {"gate": request.gate, "action": to_json(action)}


def _action(
    folder: str, *, aws: str | None, on: tuple[str, ...], connect: str | None, command: tuple[str, ...]
) -> Action:
    from supervisor.policy import examples

    try:
        if aws is not None:
            return examples.aws_call(aws, on)
        if connect is not None:
            return examples.connection(connect)
        return started(command, folder, os.environ)
    except ValueError as error:
        raise UsageError(str(error), fix="see agent-supervise check --help") from error


def _actions(
    folder: str,
    *,
    shell: str | None,
    aws: str | None,
    on: tuple[str, ...],
    connect: str | None,
    command: tuple[str, ...],
) -> list[Action]:
    """What conditions are asked about: of shell text each program that it visibly starts."""
    if shell is None:
        return [_action(folder, aws=aws, on=on, connect=connect, command=command)]
    from supervisor.parse.command import shell_programs

    return [found for found in shell_programs(shell, folder) if isinstance(found, Exec)]


def started(command: tuple[str, ...], folder: str, environment: Mapping[str, str]) -> Exec:
    """The program start that a command would be; what the exec gate sees may be more exact."""
    if len(command) == 1 and any(char.isspace() for char in command[0]):
        raise UsageError(
            f"{visible(command[0])!r} is one word with spaces in it", fix="write it as words, or pass it with --shell"
        )
    found = shutil.which(command[0], path=environment.get("PATH"))
    if "/" in command[0]:
        found = str(Path(folder) / command[0])
    program = str(Path(found).resolve()) if found else command[0]
    env = tuple(sorted((key, value) for key, value in environment.items() if key.startswith("TF_CLI_ARGS")))
    return Exec(program, command, folder, env=env)


def _judge_plan(scope: Scope, file: str) -> tuple[Decision, dict[str, Any]]:
    from supervisor.policy.plan import judge_plan

    try:
        with click.open_file(file, encoding="utf-8", errors="surrogateescape") as stream:
            text = stream.read(_MOST_PLAN + 1)
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}", fix="write it with: terraform show -json PLAN"
        ) from error
    if len(text) > _MOST_PLAN:
        raise UsageError(f"{file} is larger than a plan can be", fix="write it with: terraform show -json PLAN")
    return judge_plan(scope, text)


def pairs(texts: tuple[str, ...]) -> dict[str, str]:
    """`KEY=VALUE` texts as a mapping; raises `UsageError`."""
    values: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageError(f"--set {visible(text)} has no value", fix="write --set KEY=VALUE")
        if key in values:
            raise UsageError(f"--set {visible(key)} is given twice", fix="keep one of them")
        values[key] = value
    return values


def as_object(decision: Decision, request: dict[str, Any]) -> dict[str, Any]:
    """What `--json` prints: effect, request, rules, explain, needs."""
    return {
        "effect": decision.effect.word,
        "request": request,
        "rules": [
            {
                "effect": rule.effect.word,
                "file": to_json(rule.file),
                "line": rule.line,
                "because": to_json(rule.because),
            }
            for rule in decision.rules
        ],
        "explain": to_json(decision.explain),
        "needs": to_json(decision.needs),
    }


def sentences(decision: Decision) -> list[str]:
    """The decision for people."""
    lines = [f"{_SHAPES[decision.effect]} {decision.effect.word}  {visible(decision.explain)}"]
    if decision.irreversible:
        lines.append(f"  cannot be undone; an allow wants this typed: {visible(' '.join(decision.irreversible))}")
    if decision.needs:
        lines.append(f"  would be allowed by: {visible(decision.needs)}")
    return lines
