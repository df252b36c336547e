"""Scopes with conditions from their files: found, frozen, checked, refused in words, and held in a session."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from supervisor.errors import ScopeError
from supervisor.model.effect import Effect
from supervisor.policy.schema import schema
from supervisor.policy.scope import OpaServer, Scope
from supervisor.scope_files import accept, difference, load_scope
from tests.e2e.headless import COMMAND, ROOT, Desk

pytestmark = pytest.mark.long

SCOPE = """\
scope: trial
task: Try conditions
commands: {otherwise: allow}
policy:
"""
NEVER = """\
package agent_supervise.never

decision := {"effect": "deny", "because": sprintf("no %s in %s", [input.action.argv[0], input.settings.zone])} if {
	endswith(input.action.program, "/uname")
}

else := {"effect": "ask", "because": "so", "minutes": 5} if endswith(input.action.program, "/id")

else := true
"""
SETTINGS = "  settings: {zone: Europe/Zurich, never: {on: [no, 09]}}\n"


def written(folder: Path, policy: str, **files: str) -> Scope:
    """A scope with this policy, loaded; files of conditions lie beside it."""
    (folder / "trial.yaml").write_text(SCOPE + policy)
    for name, text in files.items():
        (folder / f"{name}.rego").write_text(text)
    home = folder.parent / "home"
    return load_scope(str(folder / "trial.yaml"), cwd=folder, environment={"HOME": str(home)}, values={})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of scopes."""
    made = tmp_path / "project"
    made.mkdir()
    return made


def test_conditions_are_part_of_the_scope(folder: Path) -> None:
    """Their text stands in it, and another text is another digest; settings stay text."""
    one = written(folder, f"  rego: [never.rego]\n{SETTINGS}", never=NEVER)
    assert [file.package for file in one.rego] == ["agent_supervise.never"]
    assert one.rego[0].text == NEVER and (one.rego[0].file, NEVER) in one.texts
    assert json.loads(one.settings) == {"zone": "Europe/Zurich", "never": {"on": ["no", "09"]}}
    other = written(folder, f"  rego: [never.rego]\n{SETTINGS}", never=NEVER + "# more\n")
    assert other.digest != one.digest


def test_a_projects_conditions_are_shown_before_they_count(folder: Path) -> None:
    """A changed file is a difference to be accepted, like a changed scope."""
    state = {"HOME": str(folder.parent / "home")}
    one = written(folder, f"  rego: [never.rego]\n{SETTINGS}", never=NEVER)
    accept(one, cwd=folder, environment=state)
    assert difference(one, cwd=folder, environment=state) is None
    other = written(folder, f"  rego: [never.rego]\n{SETTINGS}", never=NEVER.replace('"deny"', '"allow"'))
    changed = difference(other, cwd=folder, environment=state)
    assert changed is not None and '+decision := {"effect": "allow"' in changed


def test_shipped_conditions_are_found_by_their_name(folder: Path) -> None:
    """One beside the scope comes first; shipped ones are nobody's to accept."""
    shipped = written(folder, "  rego: change-window.rego\n")
    assert shipped.rego[0].file == "scopes/rego/change-window.rego"
    state = {"HOME": str(folder.parent / "home")}
    shown = difference(shipped, cwd=folder, environment=state)
    assert shown is not None and "trial.yaml" in shown and "agent_supervise.change_window" not in shown
    own = written(folder, "  rego: never.rego\n" + SETTINGS, never=NEVER)
    assert own.rego[0].file.endswith("never.rego") and not own.rego[0].file.startswith("scopes/")


def test_what_is_extended_adds_its_conditions(folder: Path) -> None:
    """Files and servers add up; of settings the nearer file's count."""
    (folder / "base.yaml").write_text(
        SCOPE.replace("trial", "base")
        + "  rego: [never.rego]\n  opa: {url: http://127.0.0.1:1/v1/data/a}\n  settings: {a: x, zone: y}\n"
    )
    body = "extends: [base]\n" + SCOPE + "  rego: [two-regions.rego]\n  settings: {zone: z}\n"
    (folder / "never.rego").write_text(NEVER)
    (folder / "trial.yaml").write_text(body)
    made = load_scope(str(folder / "trial.yaml"), cwd=folder, environment={"HOME": "/nonexistent"}, values={})
    assert [Path(file.file).name for file in made.rego] == ["never.rego", "two-regions.rego"]
    assert len(made.opa) == 1 and json.loads(made.settings) == {"a": "x", "zone": "z"}


@pytest.mark.parametrize(
    ("policy", "what"),
    [
        ("  rego: [nothing.rego]\n", "there is no file `nothing.rego`"),
        ("  rego: [../never.rego]\n", "is no file of conditions"),
        ("  rego: [/etc/passwd]\n", "is no file of conditions"),
        ("  rego: [never_test.rego]\n", "is no file of conditions"),
        ("  rego: [never.rego, copy.rego]\n", "are one package"),
        ("  rego: [broken.rego]\n", "broken.rego:3:"),
        ("  regos: [never.rego]\n", "did you mean `rego`?"),
        ("  settings: [a]\n", "`settings` is a mapping"),
        ("  opa: {url: http://opa.example/v1/data/a}\n", "without https anybody on the way could answer"),
        ("  opa: {url: https://opa.example/v1/query}\n", "its path begins with /v1/data/"),
        ("  opa: {url: https://u:p@opa.example/v1/data/a}\n", "holds what such a URL does not"),
        ("  opa: {url: 'https://opa.example/v1/data/a?x=1'}\n", "ends with its path"),
        ("  opa: {timeout: 1s}\n", "is no document of an OPA server"),
        ("  opa: {url: https://a/v1/data/a, unreachable: allow}\n", "what is not checked is never allowed"),
        ("  opa: {url: https://a/v1/data/a, timeout: 1h}\n", "a time such as 500ms or 2s"),
        ("  opa: {url: https://a/v1/data/a, token_file: t}\n", "could be anywhere"),
        ("  opa: {url: https://a/v1/data/a, token_file: ~/t, token_env: T}\n", "keep one of them"),
        ("  opa: {url: https://a/v1/data/a, ca: x.pem}\n", "could be anywhere"),
    ],
)
def test_what_is_wrong_is_said(folder: Path, policy: str, what: str) -> None:
    """With its place and a way out, before anything starts."""
    with pytest.raises(ScopeError) as caught:
        written(folder, policy, never=NEVER, copy=NEVER, broken="package agent_supervise.b\n\ndecision { 1 }\n")
    assert what in str(caught.value) and "fix: " in str(caught.value)


def test_a_server_is_read_with_its_defaults(folder: Path) -> None:
    """A second's time, and a deny where nobody answers."""
    made = written(
        folder,
        "  opa: [{url: https://a/v1/data/x/decision}, {url: https://b/v1/data/x, timeout: 300ms, unreachable: ask}]\n",
    )
    assert [(one.timeout, one.unreachable) for one in made.opa] == [(1000, Effect.DENY), (300, Effect.ASK)]
    assert isinstance(made.opa[0], OpaServer)


def test_the_schema_has_the_whole_section() -> None:
    """Editors know every key."""
    policy = schema()["properties"]["policy"]["properties"]
    assert set(policy) == {"rego", "opa", "settings"}
    assert set(policy["opa"]["anyOf"][0]["properties"]) == {
        *("url", "timeout", "token_file", "token_env", "ca", "unreachable")
    }


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of the product in this folder."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder.parent / "home"), "PYTHONPATH": str(ROOT)}
    return subprocess.run([*COMMAND, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


def test_check_asks_conditions(folder: Path) -> None:
    """Allow, ask and deny with their exit codes, for a command and for shell text."""
    written(folder, f"  rego: [never.rego]\n{SETTINGS}", never=NEVER)
    for words, code, said in (
        (["--", "ls"], 0, "allow"),
        (["--", "id"], 3, "never.rego: so"),
        (["--", "uname", "-a"], 4, "never.rego: no uname in Europe/Zurich"),
        (["--shell", "ls && uname"], 4, "never.rego: no uname"),
    ):
        done = command(folder, "check", "--scope", "trial.yaml", "--json", *words)
        assert done.returncode == code, done.stderr
        assert said in done.stderr and json.loads(done.stdout)["effect"] in done.stderr


def test_check_sends_nothing_for_a_scope_that_was_not_accepted(folder: Path) -> None:
    """An agent that writes a scope into the project gets no token sent anywhere."""
    written(folder, "  opa: {url: http://127.0.0.1:1/v1/data/a, token_file: ~/secret, unreachable: ask}\n")
    done = command(folder, "check", "--scope", "trial.yaml", "--", "ls")
    assert done.returncode == 3 and "before you have accepted this scope" in done.stderr


def test_scopes_check_runs_their_cases(folder: Path) -> None:
    """It counts what holds, and names file, line and case of what does not; exit code 2."""
    tests = (
        "package agent_supervise.never_test\n\n"
        'said(program) := {"action": {"program": program, "argv": ["x"]}, "settings": {"zone": "z"}}\n\n'
        'cases := {\n\t"uname": {"input": said("/bin/uname"), "expect": {"effect": "deny", "because": "no x in z"}},\n'
        '\t"id": {"input": said("/bin/id"), "expect": {"effect": "EFFECT"}},\n}\n'
    )
    written(folder, f"  rego: [never.rego]\n{SETTINGS}", never=NEVER, never_test=tests.replace("EFFECT", "ask"))
    for file in ("trial.yaml", "never.rego"):
        done = command(folder, "scopes", "check", file)
        assert done.returncode == 0 and "2 cases" in done.stderr, done.stderr
    (folder / "never_test.rego").write_text(tests.replace("EFFECT", "allow"))
    for file in ("trial.yaml", "never.rego", "never_test.rego"):
        done = command(folder, "scopes", "check", file)
        assert done.returncode == 2
        assert 'never_test.rego:7:2: the case \'id\' wants `effect` "allow", but `effect` is "ask"' in done.stderr


def test_scopes_show_names_them(folder: Path) -> None:
    """Files, servers, and what counts where a server is not reached."""
    written(folder, "  rego: [change-window.rego]\n  opa: {url: https://a/v1/data/x, unreachable: ask}\n")
    told = command(folder, "scopes", "show", "trial.yaml").stdout
    assert "  scopes/rego/change-window.rego\n" in told and "  https://a/v1/data/x  (not reached: ask)\n" in told


def test_scopes_schema_prints_the_contract(folder: Path) -> None:
    """Input and decision, with their version."""
    done = command(folder, "scopes", "schema", "--rego")
    assert set(json.loads(done.stdout)) == {"version", "input", "decision"}


def test_no_engine_is_loaded_without_conditions(folder: Path) -> None:
    """A scope that has none starts nothing and imports nothing of it."""
    code = (
        "import sys, runpy\nsys.argv = ['x', 'check', '--scope', 'developer', '--', 'ls']\n"
        "try:\n    runpy.run_module('supervisor.cli', run_name='__main__')\nexcept SystemExit:\n    pass\n"
        "print([name for name in sys.modules if name == 'regopy' or name.startswith('supervisor.rego')])\n"
    )
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder.parent), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr


def test_a_session_holds_to_them(desk: Desk) -> None:
    """A program that a condition denies does not start, its words reach the agent, and the journal replays."""
    (desk.base / "never.rego").write_text(NEVER)
    with desk.scope.open("a") as scope:
        scope.write(f"policy:\n  rego: [never.rego]\n{SETTINGS}")
    done = desk.shell("uname -a; echo code $?; /bin/echo fine\n")
    assert "code 126" in done.stdout and "fine" in done.stdout, done.stdout + done.stderr
    assert "no uname in Europe/Zurich" in done.stderr
    session = desk.sessions[-1]
    assert (session / "policy-1.rego").read_text().endswith(NEVER)
    assert desk.command("verify", session.name).returncode == 0


def test_a_session_goes_on_under_a_condition_that_never_ends(desk: Desk) -> None:
    """What it is about is denied in words; what it is not about runs."""
    body = (
        "package agent_supervise.slow\n\ndecision := true if {\n\tendswith(input.action.program, `/uname`)\n"
        "\tcount([x | some x in numbers.range(1, 99999); some y in numbers.range(1, 99999); x == y]) > 0\n}\n\n"
        "decision := true if not endswith(input.action.program, `/uname`)\n"
    )
    (desk.base / "slow.rego").write_text(body)
    with desk.scope.open("a") as scope:
        scope.write("policy: {rego: [slow.rego]}\n")
    done = desk.shell("uname; echo code $?; /bin/echo fine\n")
    assert "code 126" in done.stdout and "fine" in done.stdout, done.stdout + done.stderr
    assert "slow.rego: no answer within 2 s" in done.stderr
