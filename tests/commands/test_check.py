"""`agent-supervise check` as people and programs meet it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CLI = (sys.executable, "-m", "supervisor.cli")
SCOPE = """\
scope: task
task: Do it
parameters: {host: {default: api.example.com}}
commands:
  rules:
    - ask: [git push]
      because: it is shared
    - deny: [terraform destroy]
  otherwise: allow
network: {rules: [{allow: ["${host}:443"]}], otherwise: ask}
aws: {rules: [{allow: ["s3:GetObject"], on: ["arn:aws:s3:::a/*"]}], otherwise: deny}
terraform: {destroy: 1, protect: [aws_db_instance]}
"""


@pytest.fixture
def run(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Run the real command line in a folder with one scope file."""
    (tmp_path / "task.yaml").write_text(SCOPE)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TF_")}

    def checked(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (*CLI, "check", *words), cwd=tmp_path, env=environment | more, capture_output=True, text=True, timeout=60
        )

    return checked


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--", "ls", "-la"], 0),
        (["--", "git", "push", "--force"], 3),
        (["--", "terraform", "-chdir=x", "destroy"], 4),
        (["--shell", "cd x && git push; ls"], 3),
        (["--shell", "cd x"], 0),
        (["--aws", "s3:GetObject", "--on", "arn:aws:s3:::a/x"], 0),
        (["--aws", "s3:GetObject"], 4),
        (["--connect", "api.example.com:443"], 0),
        (["--set", "host=b.example", "--connect", "api.example.com"], 3),
        (["--connect", "169.254.169.254:80"], 4),
        ([], 2),
        (["--shell", "ls", "--", "ls"], 2),
        (["--on", "arn:aws:s3:::a", "--", "ls"], 2),
        (["--", "git push"], 2),
        (["--set", "nothing", "--", "ls"], 2),
        (["--set", "port=1", "--", "ls"], 2),
        (["--aws", "nonsense"], 2),
        (["--plan", "missing.json"], 2),
    ],
)
def test_exit_codes(run, words: list[str], code: int) -> None:  # type: ignore[no-untyped-def]
    """0 allow, 3 ask, 4 deny, 2 a call or a scope that is wrong; people's text is on stderr alone."""
    done = run("--scope", "task.yaml", *words)
    assert done.returncode == code, done.stderr
    assert not done.stdout and done.stderr and "Traceback" not in done.stderr


def test_json_is_one_object_with_the_promised_keys(run) -> None:  # type: ignore[no-untyped-def]
    """effect, request, rules, explain and needs; each rule with effect, file, line and because."""
    done = run("--scope", "task.yaml", "--json", "--cwd", "/", "--", "git", "push", "\x1b[2J")
    found = json.loads(done.stdout)
    assert list(found) == ["effect", "request", "rules", "explain", "needs"]
    assert found["effect"] == "ask" and found["request"]["action"]["cwd"] == "/"
    assert found["rules"] == [{"effect": "ask", "file": "task.yaml", "line": 6, "because": "it is shared"}]
    assert "\x1b" not in done.stderr


def test_a_scope_that_cannot_be_used_is_exit_2(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """With file, line and column."""
    (tmp_path / "task.yaml").write_text(SCOPE + "comands: {}\n")
    done = run("--scope", "task.yaml", "--", "ls")
    assert done.returncode == 2 and "task.yaml:13:1" in done.stderr


def test_words_from_the_environment_count(run) -> None:  # type: ignore[no-untyped-def]
    """TF_CLI_ARGS of the caller is what terraform would see."""
    assert run("--scope", "task.yaml", "--", "terraform", "apply").returncode == 0
    assert run("--scope", "task.yaml", "--", "terraform", "apply", TF_CLI_ARGS_apply="-destroy").returncode == 4


def _plan(*changes: tuple[str, str, list[str]]) -> str:
    made = [{"address": f"{kind}.{name}", "type": kind, "change": {"actions": do}} for kind, name, do in changes]
    return json.dumps({"format_version": "1.2", "planned_values": {}, "resource_changes": made})


@pytest.mark.parametrize(
    ("plan", "code", "said"),
    [
        (_plan(("aws_instance", "a", ["create"])), 0, "creates 1"),
        (_plan(("aws_instance", "a", ["delete"])), 0, "destroys 1"),
        (_plan(("aws_instance", "a", ["delete"]), ("aws_instance", "b", ["delete", "create"])), 3, "aws_instance.b"),
        (_plan(("aws_db_instance", "prod", ["delete"])), 4, "aws_db_instance.prod"),
        (_plan(("aws_db_instance", "prod", ["create", "delete"])), 4, "protects"),
        ("{}", 3, "not understood"),
        ("hello", 3, "not understood"),
    ],
)
def test_a_plan_is_judged_by_what_it_destroys(run, tmp_path: Path, plan: str, code: int, said: str) -> None:  # type: ignore[no-untyped-def]
    """More than `destroy` asks, a protected type denies, and what is no plan asks."""
    (tmp_path / "plan.json").write_text(plan)
    done = run("--scope", "task.yaml", "--plan", "plan.json")
    assert done.returncode == code and said in done.stderr, done.stderr


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    """`check` starts without textual, boto3, pydantic, asyncio and cryptography."""
    (tmp_path / "task.yaml").write_text(SCOPE)
    code = (
        "import sys\nfrom supervisor.commands.check import check\n"
        "check.main(['--scope', 'task.yaml', '--', 'git', 'push'], standalone_mode=False)\n"
        "heavy = {'textual', 'boto3', 'botocore', 'pydantic', 'asyncio', 'cryptography', 'tree_sitter'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run((sys.executable, "-c", code), cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
