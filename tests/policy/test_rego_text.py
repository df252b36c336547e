"""What is refused in a file of conditions by its text alone, and what is not."""

from __future__ import annotations

import pytest

from supervisor.policy.document import Problems
from supervisor.policy.rego_text import cases_alone, read_rego
from supervisor.policy.rego_tokens import tokens
from supervisor.scope_files import rego_folder

HEAD = "package agent_supervise.trial\n\n"
GOOD = HEAD + "decision := true\n"


def said(text: str) -> list[str]:
    """Everything that is wrong with a file."""
    problems = Problems()
    read_rego("trial.rego", text, problems)
    return [str(problem) for problem in problems.found]


@pytest.mark.parametrize(
    ("body", "where", "what"),
    [
        ('x := http.send({"url": "http://a"})\ndecision := x', "3:11", "conditions reach no network"),
        ("decision := http[`send`]", "3:13", "`http` stands nowhere else"),
        ('opa := 1\ndecision := opa["runtime"]().env', "4:27", "by something else than its name"),
        ("decision := opa . runtime().env", "3:19", "it reads the environment"),
        ("decision := opa.runtime().env", "3:17", "it reads the environment"),
        ("decision := time.now_ns() > 1", "3:18", "use `input.time.ns`"),
        ('decision := rand.intn("x", 3) == 1', "3:18", "a matter of chance"),
        ('decision if print("x")', "3:13", "it prints"),
        ("decision { input.x }", "3:10", "the old syntax of Rego, without `if`"),
        ("decision = true { input.x }", "3:17", "the old syntax of Rego, without `if`"),
        ("decision := true\ndeny[m] { m := 1 }", "4:9", "the old syntax of Rego, without `if`"),
        ("decision := true\ndeny[1]", "4:1", "a rule without a value"),
        ("decision := true if {\n\tx > 1\n}", "4:2", "`x` stands nowhere else in this file"),
        ("decision := reigons if { regions := 1\n regions }", "3:13", "did you mean `regions`?"),
        ("decision := data.secrets.x", "3:13", "it reads `data`, and there is none"),
        ("decision := data", "3:13", "it reads `data`, and there is none"),
        ("import data.other\ndecision := other.x", "3:1", "it imports `data.other`"),
        ('decision := time.parse_rfc3339_ns("2026-01-01T00:00:00Z") > 1', "3:18", "no Z"),
        ("decision if f with input as 1\nf := 1", "3:15", "`with` cannot be worked out in process"),
        ("decision if regex.match(input.settings.x, `a`)", "3:19", "its regular expression is not written here"),
        ("decision if regex.match(`(?i)a`, `a`)", "3:25", "(?, which the engine does not have"),
        ("decision := `\ue00a` == input.x", "3:13", "a private character of Unicode"),
        ("other := true", "1:1", "no rule `decision`"),
    ],
)
def test_what_is_refused_names_its_place_and_a_way_out(body: str, where: str, what: str) -> None:
    """Line, column, what is wrong there, and a fix."""
    found = "\n".join(said(HEAD + body + "\n"))
    assert f"trial.rego:{where}: " in found, found
    assert what in found and "\n  fix: " in found


@pytest.mark.parametrize(
    "text", ["", "decision := true\n", "package other\ndecision := true\n", "package agent_supervise\n"]
)
def test_a_file_declares_its_package_below_ours(text: str) -> None:
    """Without one it is refused."""
    assert "fix: write `package agent_supervise.NAME`" in said(text)[0]


@pytest.mark.parametrize(
    "body",
    [
        "decision := true if every x in input.xs { x > 1 }",
        'decision := {"effect": "deny"} if input.a in {"b"}\nelse := {"effect": "allow"}',
        "decision if { some i; input.xs[i] == 1 }",
        "default decision := false\ndecision if input.x",
        "names contains name if some name in input.xs\ndecision if count(names) > 1",
        "f(x) := x + 1\ndecision if f(1) == 2",
        '# http.send, opa.runtime() { }\ndecision := "time.now_ns(" == input.x',
        "decision := `{ } with opa.runtime` == input.x",
        "decision := input.http.send == 1",
        'decision := time.parse_rfc3339_ns("2026-01-01T00:00:00+01:00") < input.time.ns',
        "import rego.v1\ndecision := true",
        "import data.agent_supervise.lib.days\ndecision := days.free",
        "decision := {x | some x in input.xs; x > 1} == set()",
    ],
)
def test_what_is_usual_passes(body: str) -> None:
    """Comments, texts, fields and every form of a rule are read for what they are."""
    assert said(HEAD + body + "\n") == []


def test_shipped_conditions_pass() -> None:
    """Whatever lies in their folder."""
    files = sorted(rego_folder().glob("*.rego"))
    assert len(files) == 10
    for file in files:
        problems = Problems()
        rego = read_rego(file.name, file.read_text(), problems, is_test=file.stem.endswith("_test"))
        assert problems.found == []
        assert rego.package == "agent_supervise." + file.stem.replace("-", "_")


def test_a_library_has_no_decision() -> None:
    """A package below `lib` holds rules for other files."""
    assert said("package agent_supervise.lib.days\n\nfree := true\n") == []


def test_every_piece_of_text_has_its_place() -> None:
    """Line and column lead back to it, also behind texts of several lines."""
    text = 'a := `x\ny` # "b\nc := "q\\"r" {[\u00e9]}\n'
    lines = text.split("\n")
    found = list(tokens(text))
    assert [token.text for token in found][:4] == ["a", ":=", "`x\ny`", '# "b']
    for token in found:
        first = token.text.split("\n")[0]
        assert lines[token.line - 1][token.column - 1 :].startswith(first)


def test_cases_alone_keep_what_they_need() -> None:
    """Rules for `opa test` are left out, and whatever goes by them; lines keep their numbers."""
    text = "package agent_supervise.t\n\nf(x) := x\n\ncases := {f(1)}\n\n"
    text += "bad if {\n\tx with input as 1\n}\n\ntest_all if not bad\n"
    alone = cases_alone(text)
    assert "f(x) := x" in alone and "cases := {f(1)}" in alone
    assert "with" not in alone and "test_all" not in alone
    assert alone.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "text", ["{" * 5000, "package a.b.c" * 5000, '"' * 999, "package agent_supervise.x\n" + "a[" * 9999]
)
def test_any_text_is_read_to_its_end(text: str) -> None:
    """Nothing is raised for what is no Rego."""
    assert said(text)


@pytest.mark.parametrize(
    ("body", "read"),
    [
        ("decision := input.a.b.c", {("a", "b")}),
        ("decision if input.a", {("a", "")}),
        ('decision if input.a["b"]', {("a", "")}),
        ("decision if input.a.b[0].c; x.input.z", {("a", "b")}),
        ("decision := input", None),
        ('decision := input["a"]', None),
        ("decision if walk(input, [p, v]); p; v", None),
        ("import input.a\ndecision := a", None),
        ("decision if input[i]; i", None),
    ],
)
def test_what_is_read_of_the_input_is_known(body: str, read: set[tuple[str, str]] | None) -> None:
    """Its first two keys; anything where that cannot be told."""
    assert read_rego("x.rego", HEAD + body, Problems()).inputs == read
