"""`keycloak init` writes a realm, and asks for what it needs in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from supervisor.commands.keycloak import PASSWORD_VARIABLE, keycloak
from supervisor.errors import UsageError
from supervisor.identity.oidc.failures import IdentityError, Why
from supervisor.scope_files import shipped_folder


def init(*words: str, input: str = "", password: str | None = None) -> Result:
    """The command, in this process."""
    environment = {PASSWORD_VARIABLE: password}
    return CliRunner().invoke(keycloak, ["init", *words], input=input, env=environment, standalone_mode=False)


def test_a_realm_for_the_presets_is_written(tmp_path: Path) -> None:
    """The file is JSON with a client scope for each preset; people are told what to do with it."""
    out = tmp_path / "realm.json"
    done = init("--out", str(out))
    assert done.return_value == 0, done.exception
    realm = json.loads(out.read_text())
    tasks = {scope["name"] for scope in realm["clientScopes"] if scope["name"].startswith("task-")}
    assert tasks == {f"task-{path.stem}" for path in shipped_folder().glob("*.yaml")}
    assert realm["realm"] == "agent-supervise" and "kc.sh import" in done.stderr and not done.stdout


def test_standard_output_has_the_realm_alone() -> None:
    """With `-` nothing but JSON is on standard output."""
    done = init("--out", "-", "--realm", "team", "--task", "mine", "--seconds", "60", "--audience", "aws.example")
    realm = json.loads(done.stdout)
    assert realm["realm"] == "team"
    assert {client["clientId"] for client in realm["clients"]} == {
        "agent-supervise", "agent-supervise-cli", "aws.example"
    }  # fmt: skip
    assert [scope["name"] for scope in realm["clientScopes"] if "task-" in scope["name"]] == ["task-mine"]
    assert not done.stderr


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ((), "either written or applied"),
        (("--out", "-", "--url", "https://h"), "either written or applied"),
        (("--out", "-", "--realm", "master"), "no name for a realm"),
        (("--out", "-", "--realm", "a/b"), "no name for a realm"),
        (("--out", "-", "--task", "a b"), "client scope"),
        (("--out", "-", "--seconds", "3600"), "60 to 300"),
        (("--out", "/nowhere/realm.json"), "cannot be written"),
        (("--url", "https://id.example.com"), "no password"),
    ],
)
def test_what_does_not_fit_together_is_told(words: tuple[str, ...], what: str) -> None:
    """Each usage error says what to do instead."""
    done = init(*words)
    assert isinstance(done.exception, UsageError) and what in done.exception.what and done.exception.fix


def test_a_password_is_not_sent_in_the_clear() -> None:
    """An address without TLS that is not this machine is refused before anything is sent."""
    done = init("--url", "http://id.example.com", password="s3cret")
    assert isinstance(done.exception, IdentityError) and done.exception.why is Why.MISCONFIGURED
    assert "in the clear" in done.exception.what and "s3cret" not in str(done.exception)


def test_a_secret_is_not_written_over(tmp_path: Path) -> None:
    """A file that is there is left alone, before anything is changed at the server."""
    there = tmp_path / "secret"
    there.write_text("kept")
    done = init("--url", "https://id.example.com", "--secret-file", str(there), password="x")
    assert isinstance(done.exception, UsageError) and there.read_text() == "kept"
