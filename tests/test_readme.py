"""The README says what the product does."""

from __future__ import annotations

import re

from click.testing import CliRunner

from supervisor.cli import entry
from tests import readme


def test_the_key_table_is_that_of_the_console() -> None:
    """`python -m tests.readme` writes it from the bindings, and it was run."""
    text = readme.README.read_text("utf-8")
    assert readme.replaced(text, "keys", readme.keys()) == text


def test_the_command_line_is_in_the_readme() -> None:
    """Every command and option that --help names stands in the README, and no other command does."""
    help = CliRunner().invoke(entry, ["--help"]).output
    text = readme.README.read_text("utf-8")
    table = text.partition("<!-- help -->")[2].partition("## Keys")[0]
    options = set(re.findall(r"--[a-z-]+", help)) - {"--help", "--version"}
    commands = set(re.findall(r"^  ([a-z]+)  ", help.partition("Commands:")[2], re.MULTILINE))
    assert options and {option for option in options if option not in table} == set()
    named = set(re.findall(r"`(?:agent-supervise )?([a-z]+)(?: [^`]*)?`", table.partition("Options")[0]))
    assert commands <= named
