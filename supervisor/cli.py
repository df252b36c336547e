"""agent-supervise: words of the command line to one function, and exit codes; nothing else.

Nothing heavy is imported here: `check`, `verify` and `doctor` start without the console.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Final

import click

from supervisor import __version__
from supervisor.errors import SuperviseError

COMMANDS: Final = {
    "demo": "replay the incident on embedded parts: nothing to install, no account",
    "attach": "a console on a running session",
    "answer": "list and answer what waits, from another terminal",
    "sessions": "list sessions",
    "review": "timeline and terminal replay of a past session",
    "verify": "check a journal: exit 0 good, 1 changed, 2 unreadable",
    "export": "a session as json, md, html, ocsf or cast",
    "scopes": "list, show and check scopes; their JSON Schema",
    "check": "what would happen to a command: exit 0 allow, 3 ask, 4 deny",
    "keycloak": "set up a Keycloak for logins and task tokens",
    "doctor": "what this host can enforce, and how to get the rest",
}
WEAKENABLE: Final = ("exec", "network", "files", "credentials")
USAGE_EXIT: Final = 2


class Words(click.Command):
    """`AGENT [ARGS…]`, or the name of a command; every option before it is ours, every word after it is not."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "[OPTIONS] AGENT [ARGS]...")
        formatter.write_usage(ctx.command_path, "COMMAND [ARGS]...")

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))
        formatter.write_paragraph()
        formatter.write_text("The agent's exit code is ours; 2 is a usage or scope error, 130 nothing was picked.")


@click.command(
    cls=Words,
    context_settings={
        "allow_interspersed_args": False,
        "ignore_unknown_options": False,
        "help_option_names": ["-h", "--help"],
    },
)
@click.option("--scope", "-s", metavar="S", help="a scope's name or file; without it the picker opens")
@click.option("--set", "values", metavar="KEY=VALUE", multiple=True, help="a parameter of the scope")
@click.option("--headless", is_flag=True, help="no console: what would ask is denied")
@click.option("--wait", is_flag=True, help="with --headless: what asks waits for `attach` or `answer`")
@click.option(
    "--weaken", "weakened", metavar="GATE", multiple=True, type=click.Choice(WEAKENABLE),
    help=f"start although this gate cannot hold here ({', '.join(WEAKENABLE)}); on record for the whole session",
)  # fmt: skip
@click.option("--profile", metavar="NAME", help="the AWS profile that task credentials are made from")
@click.option("--aws-endpoint", metavar="URL", help="an AWS of your own (LocalStack, moto)")
@click.option("--no-record", is_flag=True, help="do not record the terminal (the journal is always written)")
@click.version_option(__version__, prog_name="agent-supervise")
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def entry(context: click.Context, /, words: tuple[str, ...], **options: object) -> None:
    """Run an AI agent so that every program start and every connection is decided by a scope before it happens.

    AGENT is any program: claude, codex, gemini, opencode, bash.
    """
    if not words:
        click.echo(context.get_help(), err=True)
        context.exit(USAGE_EXIT)
    if words[0] in COMMANDS:
        _refuse_options(context, words[0])
        module = import_module(f"supervisor.commands.{words[0]}")
        command: click.Command = getattr(module, words[0])
        code = command.main(args=list(words[1:]), prog_name=f"agent-supervise {words[0]}", standalone_mode=False)
        context.exit(code if isinstance(code, int) else 0)
    from supervisor.commands.session import Options, run

    context.exit(run(words, Options(**options)))  # type: ignore[arg-type]


def _refuse_options(context: click.Context, command: str) -> None:
    given = [
        name
        for name in context.params
        if name != "words" and context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
    ]
    if given:
        option = "--" + {"values": "set", "weakened": "weaken"}.get(given[0], given[0].replace("_", "-"))
        raise click.UsageError(
            f"{option} stands before the command; write it after: agent-supervise {command} {option} …"
        )


def main() -> None:
    """Run the command line; every error becomes what, where and fix on stderr, and exit code 2."""
    try:
        code = entry.main(standalone_mode=False)
    except click.exceptions.Exit as error:
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = USAGE_EXIT
    except SuperviseError as error:
        click.echo(f"agent-supervise: {error}", err=True)
        code = USAGE_EXIT
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except BrokenPipeError:
        code = 141
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
