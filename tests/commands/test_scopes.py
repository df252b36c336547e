"""`agent-supervise scopes` as people and editors meet it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from supervisor.policy.schema import schema

FOLDER = Path(__file__).parents[2] / "scopes"


def run(*words: str, cwd: Path = FOLDER) -> subprocess.CompletedProcess[str]:
    """The real command line."""
    command = (sys.executable, "-m", "supervisor.cli", "scopes", *words)
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60)


def test_list_names_every_preset(tmp_path: Path) -> None:
    """With origin and task; as JSON for programs; without a subcommand too."""
    for words in ((), ("list",)):
        done = run(*words, cwd=tmp_path)
        assert done.returncode == 0 and "incident-debug" in done.stdout and "shipped" in done.stdout
    found = json.loads(run("list", "--json", cwd=tmp_path).stdout)
    assert {"name", "task", "file", "origin", "problem"} == set(found[0]) and len(found) == 6


def test_show_says_may_asks_and_never(tmp_path: Path) -> None:
    """A scope on one page, with its parameters named while they have no value."""
    done = run("show", "s3-static-site", cwd=tmp_path)
    assert done.returncode == 0
    for part in ("may:", "asks first:", "never does:", "parameters:", "examples:", "s3://${bucket}", "ends after: 2h"):
        assert part in done.stdout
    assert "s3://mine" in run("show", "s3-static-site", "--set", "bucket=mine", cwd=tmp_path).stdout


def test_check_is_exit_2_for_a_bad_file(tmp_path: Path) -> None:
    """Each file is said to hold or not, all of them are looked at."""
    (tmp_path / "good.yaml").write_text("scope: good\ntask: T\n")
    (tmp_path / "bad.yaml").write_text("scope: bad\n")
    done = run("check", "bad.yaml", "good.yaml", cwd=tmp_path)
    assert done.returncode == 2 and "✗ bad.yaml:1:1" in done.stderr and "✓ good.yaml" in done.stderr
    assert run("check", "good.yaml", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    "words",
    [
        ("session-policy", "s3-static-site"),
        ("session-policy", "terraform-plan", "--service", "s33"),
        ("session-policy", "terraform-plan", "--service", "braket-nothing"),
        ("session-policy", "s3-static-site", "--set", "bucket=b", "--service", "rds"),
        ("learn", "abc"),
        ("show", "nothing"),
        ("frobnicate",),
    ],
)
def test_what_is_not_there_is_a_usage_error(words: tuple[str, ...], tmp_path: Path) -> None:
    """Exit code 2 and a way out, never a silent success."""
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr and "Traceback" not in done.stderr


def test_session_policy_prints_what_aws_is_told(tmp_path: Path) -> None:
    """One policy for each service that is named, sizes for people; of one service exactly the text that is sent."""
    words = ("session-policy", "s3-static-site", "--set", "bucket=site")
    done = run(*words, cwd=tmp_path)
    made = json.loads(done.stdout)
    assert done.returncode == 0 and set(made) == {"s3", "sts"}
    assert "✓ s3: " in done.stderr and "of 2,048 characters" in done.stderr and "- cloudfront: " in done.stderr
    sent = run(*words, "--service", "s3", cwd=tmp_path).stdout.rstrip("\n")
    assert json.loads(sent) == made["s3"] and sent == json.dumps(made["s3"], sort_keys=True, separators=(",", ":"))
    assert run("session-policy", "developer", cwd=tmp_path).stdout == "{}\n"


def test_session_policy_counts_what_wildcards_reach(tmp_path: Path) -> None:
    """Services that no rule names are compiled too, and told in one line."""
    (tmp_path / "wide.yaml").write_text("scope: wide\ntask: T\naws: {rules: [{allow: ['*:Describe*', 's3:Get*']}]}\n")
    done = run("session-policy", "wide.yaml", cwd=tmp_path)
    assert done.returncode == 0 and set(json.loads(done.stdout)) == {"s3"}
    assert "more services by wildcards, the longest" in done.stderr


def test_session_policy_is_exit_2_where_aws_would_not_take_it(tmp_path: Path) -> None:
    """The others are printed all the same; the error names the rule's file and line and what to do."""
    arns = ", ".join(f"'arn:aws:s3:::bucket-of-the-team-{number}/*'" for number in range(90))
    rules = f"    - allow: ['rds:Describe*']\n    - allow: ['s3:GetObject']\n      on: [{arns}]\n"
    (tmp_path / "long.yaml").write_text(f"scope: long\ntask: T\naws:\n  rules:\n{rules}")
    done = run("session-policy", "long.yaml", cwd=tmp_path)
    assert done.returncode == 2 and set(json.loads(done.stdout)) == {"rds"}
    assert "long.yaml:6" in done.stderr and "90 ARNs under fewer patterns" in done.stderr


def test_the_schema_is_one_and_the_presets_follow_it(tmp_path: Path) -> None:
    """A valid schema of draft 2020-12, the one that is printed, and every preset is valid under it."""
    made = schema()
    assert json.loads(run("schema", cwd=tmp_path).stdout) == made
    jsonschema.Draft202012Validator.check_schema(made)
    for path in FOLDER.glob("*.yaml"):
        # A loader that takes every scalar as text, as ours does.
        jsonschema.validate(yaml.load(path.read_text(), Loader=yaml.BaseLoader), _as_text(made))


@pytest.mark.parametrize(
    "text", ["scope: a", "{scope: a, task: b, comands: {}}", "{scope: a, task: b, aws: {otherwise: allow}}"]
)
def test_the_schema_refuses_what_the_loader_refuses(text: str) -> None:
    """Unknown keys, missing keys and a wrong `otherwise` are marked in the editor already."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.load(text, Loader=yaml.BaseLoader), _as_text(schema()))


def _as_text(part: object) -> object:
    if isinstance(part, dict):
        if part.get("type") == "integer":
            return {"type": "string", "pattern": "^[0-9]+$"}
        return {key: _as_text(value) for key, value in part.items()}
    return [_as_text(item) for item in part] if isinstance(part, list) else part
