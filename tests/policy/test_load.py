"""Scope files: what they mean, and what is said about the ones that cannot be used."""

from __future__ import annotations

from datetime import timedelta

import pytest

from supervisor.errors import ScopeError
from supervisor.policy.load import load
from supervisor.policy.scope import Scope
from tests.policy.build import ALLOW, ASK, DENY, connect, judge, start

HEAD = "scope: site\ntask: Deploy it\n"


def read(text: str, **others: str) -> Scope:
    """The scope of a text; `others` are files that it extends, by name."""
    return load_with(text, {}, **others)


def load_with(text: str, values: dict[str, str], *, registries: tuple[str, ...] = (), **others: str) -> Scope:
    """The scope of a text with values for its parameters."""
    files = {"site": ("site.yaml", text)} | {name: (f"{name}.yaml", body) for name, body in others.items()}
    return load("site", files.get, values, registries=registries)


def wrong(text: str, **others: str) -> str:
    """What is said about a text that cannot be used."""
    with pytest.raises(ScopeError) as caught:
        read(text, **others)
    return str(caught.value)


@pytest.mark.parametrize(
    ("body", "where", "what"),
    [
        ("comands: {otherwise: ask}\n", "3:1", "did you mean `commands`"),
        ("commands: {otherwise: ask, otherwise: deny}\n", "3:28", "here twice"),
        ("commands: {rules: []}\n", "3:19", "empty list"),
        ("commands:\n  rules:\n    - {}\n", "5:7", "rule 1 has no effect"),
        ("commands:\n  rules:\n    - {allow: [a], deny: [b]}\n", "5:7", "has 2 effects"),
        ("commands:\n  rules:\n    - allow: []\n", "5:14", "empty list"),
        ("commands:\n  rules:\n    - allow: [{a: b}]\n", "5:15", "lists texts"),
        ('commands:\n  rules:\n    - deny: ["a | b"]\n', "5:7", "shell text"),
        ("commands:\n  rules:\n    - alow: [ls]\n", "5:7", "did you mean `allow`"),
        ("commands: {otherwise: maybe}\n", "3:12", "allow or ask or deny"),
        ("aws: {otherwise: allow}\n", "3:7", "never allowed by default"),
        ("network: {otherwise: allow}\n", "3:11", "never allowed by default"),
        ("aws:\n  rules:\n    - deny: [s33:GetObject]\n", "5:7", "no service"),
        ("aws:\n  rules:\n    - deny: [DeleteEverything]\n", "5:7", "no IAM action"),
        ('aws:\n  rules:\n    - allow: ["s3:*"]\n      on: [my-bucket]\n', "5:7", "no ARN pattern"),
        ("aws: {account: 12345}\n", "3:7", "no AWS account"),
        ("aws: {regions: [frankfurt]}\n", "3:17", "no AWS region"),
        ("network:\n  rules:\n    - allow: [https://example.com]\n", "5:7", "is a URL"),
        ("network:\n  rules:\n    - allow: [10.0.0.0/33]\n", "5:7", "no address range"),
        ("mcp:\n  rules:\n    - allow: [github]\n", "5:7", "no MCP tool"),
        ("expires: soon\n", "3:10", "is a time such as 2h"),
        ("expires: 0s\n", "3:10", "is a time such as 2h"),
        ("approvals: {four_eyes: [{on: [git push], count: 1}]}\n", "3:49", "from 2 to 9"),
        ("terraform: {destroy: -1}\n", "3:22", "whole number"),
        ("policy: {rego: [window.rego]}\n", "3:17", "no file `window.rego`"),
        ("examples: [{run: ls}]\n", "3:12", "what must come of it"),
        ("examples: [{run: ls, expect: deny}]\n", "3:12", "should be denied, but"),
        ("parameters: {a b: {}}\n", "3:14", "no name of a parameter"),
        ('parameters: {a: {pattern: "["}}\n', "3:27", "not a regular expression"),
        ("extends: [nothing]\n", "3:11", "no scope `nothing`"),
        ("commands: [\n", "4:1", "not YAML"),
        ("x: &a 1\n", "3:4", "anchors"),
        ("x: !!python/name:os.system a\n", "3:4", "the tag"),
    ],
)
def test_an_error_says_where_what_and_how_to_mend_it(body: str, where: str, what: str) -> None:
    """File, line and column, what is wrong there, and a fix."""
    said = wrong(HEAD + body)
    assert said.startswith(f"site.yaml:{where}: "), said
    assert what in said and "\n  fix: " in said


def test_all_errors_of_a_file_are_said_at_once() -> None:
    """One run of the loader is enough to mend a file."""
    said = wrong(HEAD + "expires: soon\ncomands: {}\naws: {otherwise: allow}\n")
    assert said.count("fix: ") == 3


def test_a_scope_needs_a_name_and_a_task() -> None:
    """Both are said when both are missing."""
    said = wrong("commands: {otherwise: ask}\n")
    assert "needs a name" in said and "what its task is" in said


@pytest.mark.parametrize(
    "body",
    [
        "commands:\n  rules:\n    - allow: [git push]\n    - deny: [git]\n",
        "commands:\n  rules:\n    - ask: [terraform apply -auto-approve]\n    - deny: [terraform apply]\n",
        "aws:\n  rules:\n    - allow: [rds:DeleteDBInstance]\n    - deny: ['rds:*']\n",
        "network:\n  rules:\n    - allow: ['a.example.com:443']\n    - deny: ['*.example.com']\n",
        "mcp:\n  rules:\n    - allow: [github/delete_repo]\n    - deny: ['github/*']\n",
        "commands:\n  rules:\n    - deny: [git push]\n      except: [git]\n",
        "aws:\n  rules:\n    - allow: ['s3:*']\n      on: ['arn:aws:s3:::shop/*']\n      where: {tag: {env: dev}}\n",
    ],
)
def test_a_rule_that_can_never_matter_is_an_error(body: str) -> None:
    """What a stricter rule always outranks was meant otherwise, and is said with that rule's line."""
    assert "can never" in wrong(HEAD + body)


def test_a_rule_that_still_matters_is_none() -> None:
    """A stricter rule with an exception, a condition or a narrower pattern leaves it something to do."""
    read(HEAD + "commands:\n  rules:\n    - allow: [git]\n    - deny: [git push]\n")
    read(HEAD + "commands:\n  rules:\n    - ask: [git push]\n    - deny: [git]\n      except: [git push]\n")
    read(HEAD + "aws:\n  rules:\n    - allow: ['ec2:*']\n    - deny: ['ec2:*']\n      where: {tag: {env: prod}}\n")


def test_yaml_of_any_depth_or_size_is_refused_and_not_fatal() -> None:
    """Nested brackets, dashes and question marks, and a file that is too large, end as errors."""
    for bomb in (
        "[" * 50_000,
        "- " * 50_000,
        "? " * 50_000,
        "{a: " * 50_000,
        "a: b\n" * 100_000,
        "a: |\n " + "x" * 999_999,
    ):
        assert "fix: " in wrong(HEAD + "task: " + bomb)


# ── parameters ───────────────────────────────────────────────────────────────────────────────────

PARAMETERS = """\
scope: site
task: Deploy to ${bucket}
parameters:
  bucket: {ask: The bucket, pattern: "[a-z]+"}
  host: {default: example.com}
network:
  rules:
    - allow: ["${host}:443"]
      because: ${bucket} is there
"""


def test_parameters_are_filled_in_everywhere() -> None:
    """Task, patterns and reasons; a default stands in for what was not given."""
    made = load_with(PARAMETERS, {"bucket": "abc"})
    assert made.task == "Deploy to abc" and made.network.rules[0].patterns == ("example.com:443",)
    assert made.network.rules[0].because == "abc is there"
    assert made.values == (("bucket", "abc"), ("host", "example.com"))


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({}, "`bucket` is missing"),
        ({"bucket": "ABC"}, "must match [a-z]+"),
        ({"bucket": "abc\n"}, "must match"),
        ({"bucket": "abc", "host": "*"}, "wildcard"),
        ({"bucket": "abc", "host": "a b"}, "a space"),
        ({"bucket": "abc", "hots": "x"}, "did you mean `host`"),
        ({"bucket": ""}, "empty"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(values: dict[str, str], what: str) -> None:
    """A parameter is named with what is wrong, and a value cannot widen the rule around it."""
    with pytest.raises(ScopeError, match=what.replace("[", r"\[").replace("+", r"\+")):
        load_with(PARAMETERS, values)


def test_an_undeclared_parameter_is_an_error() -> None:
    """A place for a value that nobody can give is a slip."""
    assert "`${bukket}` is no parameter" in wrong(HEAD + "commands:\n  rules:\n    - ask: ['aws s3 ls ${bukket}']\n")


def test_unfilled_for_the_picker() -> None:
    """The picker's form comes before the values: their places stay in the texts."""
    made = load("site", {"site": ("site.yaml", PARAMETERS)}.get, {}, unfilled=True)
    assert made.task == "Deploy to ${bucket}"


def test_the_digest_is_over_files_and_values() -> None:
    """Other values, another text or another parent are another scope."""
    base = load_with(PARAMETERS, {"bucket": "abc"}).digest
    assert base.startswith("sha256:") and base == load_with(PARAMETERS, {"bucket": "abc"}).digest
    assert load_with(PARAMETERS, {"bucket": "abd"}).digest != base
    assert load_with(PARAMETERS + "# more\n", {"bucket": "abc"}).digest != base


def test_registries_stand_for_what_the_machine_is_configured_for() -> None:
    """The word becomes hosts; without any it allows nothing."""
    text = HEAD + "network:\n  rules:\n    - allow: [registries, 'a.example.com']\n"
    made = load_with(text, {}, registries=("pypi.example:443",))
    assert judge(made, connect("pypi.example")).effect is ALLOW
    assert judge(made, connect("a.example.com")).effect is ALLOW
    assert judge(load_with(text, {}), connect("pypi.example")).effect is ASK


# ── extends ──────────────────────────────────────────────────────────────────────────────────────


def test_extending_adds_rules_and_keeps_the_stricter() -> None:
    """Rules add up; of `otherwise`, times and limits the stricter counts; rules name their own file."""
    parent = "scope: base\ntask: Base\nexpires: 1h\ncommands:\n  rules: [{ask: [git push]}]\n  otherwise: allow\n"
    child = HEAD + "extends: [base]\nexpires: 3h\ncommands:\n  rules: [{deny: [make]}]\n  otherwise: ask\n"
    made = read(child, base=parent)
    assert made.expires == timedelta(hours=1) and made.extends == ("base",)
    assert judge(made, start("git push")).rules[0].file == "base.yaml"
    assert judge(made, start("make")).effect is DENY and judge(made, start("ls")).effect is ASK
    assert [file for file, _ in made.texts] == ["site.yaml", "base.yaml"]


def test_a_section_that_nobody_states_is_not_taken_as_stricter() -> None:
    """A parent without an aws section leaves it to the child; a scope without one is not for AWS at all."""
    parent = "scope: base\ntask: Base\ncommands: {otherwise: allow}\n"
    assert read(HEAD + "extends: [base]\naws: {otherwise: ask}\n", base=parent).aws.otherwise is ASK
    assert read(HEAD + "extends: [base]\n", base=parent).aws.otherwise is DENY
    assert read(HEAD + "extends: [base]\n", base=parent).commands.otherwise is ALLOW


def test_a_circle_of_scopes_is_an_error() -> None:
    """The circle is written out."""
    said = wrong(HEAD + "extends: [base]\n", base="scope: base\ntask: B\nextends: [site]\n")
    assert "site → base → site" in said


def test_a_parents_examples_are_tried_on_the_parent() -> None:
    """A parent that fails its own examples is refused, with its own file and line."""
    parent = "scope: base\ntask: B\ncommands: {otherwise: ask}\nexamples: [{run: ls, expect: allow}]\n"
    assert wrong(HEAD + "extends: [base]\n", base=parent).startswith("base.yaml:4:12")


def test_two_accounts_cannot_be_extended_at_once() -> None:
    """There is one account in force, or none."""
    one = "scope: one\ntask: O\naws: {account: '111111111111', otherwise: ask}\n"
    assert "two AWS accounts" in wrong(HEAD + "extends: [one]\naws: {account: '222222222222'}\n", one=one)


def test_nothing_is_written_when_the_list_is_empty() -> None:
    """`write: []` is the one list that may be empty."""
    assert read(HEAD + "files: {write: []}\n").files.write == ()
    assert read(HEAD).files.write == (".",)
