"""Where scopes lie, and what a user has accepted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from supervisor.errors import ScopeError
from supervisor.scope_files import accept, accept_as_shown, choices, difference, find_scope, list_scopes, load_scope

SCOPE = "scope: site\ntask: Deploy it\ncommands: {otherwise: ask}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project without scopes."""
    folder = tmp_path / "project"
    (folder / ".agent-supervise" / "scopes").mkdir(parents=True)
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A user with an empty home."""
    return {"HOME": str(tmp_path / "home")}


def put(project: Path, text: str = SCOPE, name: str = "site") -> Path:
    """A scope of the project."""
    path = project / ".agent-supervise" / "scopes" / f"{name}.yaml"
    path.write_text(text)
    return path


def test_a_nearer_scope_comes_first(project: Path, environment: dict[str, str]) -> None:
    """The project's, then the user's, then the shipped one; a path is taken as it is."""
    user = Path(environment["HOME"]) / ".config" / "agent-supervise" / "scopes"
    assert find_scope("developer", project, environment).origin == "shipped"
    user.mkdir(parents=True)
    (user / "developer.yaml").write_text(SCOPE)
    assert find_scope("developer", project, environment).origin == "user"
    mine = put(project, name="developer")
    assert find_scope("developer", project, environment).path == mine
    assert find_scope(str(user / "developer.yaml"), project, environment).origin == "user"
    assert [one.name for one in list_scopes(project, environment)].count("developer") == 1


def test_a_missing_scope_is_named_with_what_there_is(project: Path, environment: dict[str, str]) -> None:
    """A name gets a did-you-mean and the list; a path says that it is no file."""
    with pytest.raises(ScopeError, match="did you mean `developer`"):
        find_scope("develper", project, environment)
    with pytest.raises(ScopeError, match="no such scope file"):
        find_scope("./nothing.yaml", project, environment)


def test_what_is_no_text_is_refused(project: Path, environment: dict[str, str]) -> None:
    """Bytes that are not UTF-8 and pipes are errors, with the line."""
    path = put(project)
    path.write_bytes(b"scope: a\ntask: \xff\n")
    with pytest.raises(ScopeError, match="not UTF-8"):
        load_scope("site", cwd=project, environment=environment, values={})
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ScopeError):
        load_scope("site", cwd=project, environment=environment, values={})


def test_a_shipped_scope_needs_no_acceptance(project: Path, environment: dict[str, str]) -> None:
    """Nor does the user's own."""
    made = load_scope("developer", cwd=project, environment=environment, values={})
    assert difference(made, cwd=project, environment=environment) is None


def test_a_projects_scope_is_shown_until_it_is_accepted_as_it_is(project: Path, environment: dict[str, str]) -> None:
    """First all of it, after that nothing, and after a change exactly the change."""
    put(project)
    made = load_scope("site", cwd=project, environment=environment, values={})
    shown = difference(made, cwd=project, environment=environment)
    assert shown is not None and "+commands: {otherwise: ask}" in shown
    accept(made, cwd=project, environment=environment)
    assert difference(made, cwd=project, environment=environment) is None
    put(project, SCOPE.replace("otherwise: ask", "otherwise: allow"))
    changed = load_scope("site", cwd=project, environment=environment, values={})
    shown = difference(changed, cwd=project, environment=environment)
    assert shown is not None and "-commands: {otherwise: ask}" in shown and "+commands: {otherwise: allow}" in shown


def test_what_was_read_is_accepted_and_not_what_lies_there_by_then(project: Path, environment: dict[str, str]) -> None:
    """An agent that changes the file between the reading and the yes gains nothing."""
    put(project)
    made = load_scope("site", cwd=project, environment=environment, values={})
    put(project, SCOPE.replace("otherwise: ask", "otherwise: allow"))
    accept(made, cwd=project, environment=environment)
    swapped = load_scope("site", cwd=project, environment=environment, values={})
    assert difference(swapped, cwd=project, environment=environment) is not None


def test_line_ends_are_a_difference(project: Path, environment: dict[str, str]) -> None:
    """A text that differs in anything is not the accepted one."""
    put(project)
    made = load_scope("site", cwd=project, environment=environment, values={})
    accept(made, cwd=project, environment=environment)
    put(project).write_bytes(SCOPE.replace("\n", "\r\n").encode())
    changed = load_scope("site", cwd=project, environment=environment, values={})
    assert difference(changed, cwd=project, environment=environment)


def test_a_link_out_of_the_project_is_still_the_projects(
    project: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    """Who can place the link chooses what it leads to."""
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text(SCOPE)
    (project / ".agent-supervise" / "scopes" / "site.yaml").symlink_to(elsewhere)
    made = load_scope("site", cwd=project, environment=environment, values={})
    assert difference(made, cwd=project, environment=environment) is not None


def test_what_a_scope_extends_in_the_project_is_shown_too(project: Path, environment: dict[str, str]) -> None:
    """A preset's name that the project takes over does not pass unseen."""
    put(project, "scope: site\ntask: T\nextends: [developer]\n")
    put(project, "scope: developer\ntask: Mine\ncommands: {otherwise: allow}\n", "developer")
    made = load_scope("site", cwd=project, environment=environment, values={})
    shown = difference(made, cwd=project, environment=environment)
    assert shown is not None and "task: Mine" in shown


def test_a_changed_copy_of_a_preset_is_not_the_preset(project: Path, environment: dict[str, str]) -> None:
    """The shipped text is trusted, not the shipped name."""
    copy = project / "scopes" / "developer.yaml"
    copy.parent.mkdir()
    copy.write_text("scope: developer\ntask: Mine\ncommands: {otherwise: allow}\n")
    made = load_scope("scopes/developer.yaml", cwd=project, environment=environment, values={})
    assert difference(made, cwd=project, environment=environment) is not None


def test_choices_for_the_picker(project: Path, environment: dict[str, str]) -> None:
    """Every scope in plain words; one that cannot be used says why, one that changed shows the difference."""
    put(project)
    put(project, "scope: bad\ntask: T\ncomands: {}\n", "bad")
    found = {choice.name: choice for choice in choices(project, environment)}
    assert {"read-only", "developer", "s3-static-site", "site", "bad"} <= set(found)
    assert found["site"].difference and found["site"].origin == "project"
    assert "did you mean `commands`" in found["bad"].problem
    site = found["s3-static-site"]
    assert "${bucket}" in site.task and site.parameters[0].name == "bucket" and not site.problem
    assert any("${bucket}" in line for line in site.may) and site.examples and site.never
    assert found["developer"].difference == ""


def test_only_what_was_shown_is_accepted(project: Path, environment: dict[str, str]) -> None:
    """A scope that is rewritten between the list and the choice does not start, whether or not it had a difference."""
    put(project)
    (offered,) = [choice for choice in choices(project, environment) if choice.name == "site"]
    put(project, SCOPE + "\n# other\n")
    swapped = load_scope("site", cwd=project, environment=environment, values={})
    for shown in (offered.difference, ""):
        with pytest.raises(ScopeError, match="changed while you were choosing"):
            accept_as_shown(swapped, shown, cwd=project, environment=environment)
    (offered,) = [choice for choice in choices(project, environment) if choice.name == "site"]
    accept_as_shown(swapped, offered.difference, cwd=project, environment=environment)
    assert difference(swapped, cwd=project, environment=environment) is None
    accept_as_shown(swapped, offered.difference, cwd=project, environment=environment)
