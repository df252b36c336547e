"""What doctor says of the configured issuer, without anybody logging in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from supervisor.cell.doctor import Check
from supervisor.identity.oidc.configured import FILE
from supervisor.identity.oidc.doctor import issuer_checks
from supervisor.identity.oidc.settings import SECRET_VARIABLE
from tests.identity.oidc.crooked import Crooked, crooked


@pytest.fixture
def server() -> Iterator[Crooked]:
    """An issuer that may be bent."""
    with crooked() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The user's configuration folder."""
    made = tmp_path / "agent-supervise"
    made.mkdir(mode=0o700)
    return made


def checks(folder: Path, text: str, **variables: str) -> dict[str, Check]:
    """What is said about a configuration, by name."""
    (folder / FILE).write_text(text)
    (folder / FILE).chmod(0o600)
    environment = {"XDG_CONFIG_HOME": str(folder.parent), SECRET_VARIABLE: "s3cret"} | variables
    found = issuer_checks(environment)
    assert "s3cret" not in repr(found)
    return {check.name: check for check in found}


def test_without_a_configuration_the_session_vouches(tmp_path: Path) -> None:
    """The local issuer holds, and what it and a second pair of eyes are worth is said."""
    check, eyes = issuer_checks({"XDG_CONFIG_HOME": str(tmp_path)})
    assert check.holds and "operating system's user" in check.detail
    assert eyes.name == "four eyes" and "another user of this machine" in eyes.detail


def test_an_issuer_that_answers_holds(folder: Path, server: Crooked) -> None:
    """Issuer, exchange and secret hold; AWS is reached with the developer's profile."""
    found = checks(folder, f"provider: keycloak\nissuer: {server.issuer}\n")
    assert {name for name, check in found.items() if check.holds} == {
        "identity", "client secret", "token exchange", "aws by token", "four eyes"
    }  # fmt: skip
    assert "own profile" in found["aws by token"].detail
    assert not server.paths("/token")


def test_what_is_missing_is_told_with_a_fix(folder: Path, server: Crooked) -> None:
    """No exchange, no device grant, no secret, and an issuer that AWS cannot reach: each says what to do."""
    server.exchange = False
    text = (
        f"provider: keycloak\nissuer: {server.issuer}\nlogin: device\n"
        'aws: {role: "arn:aws:iam::123456789012:role/agent"}\n'
    )
    found = checks(folder, text, **{SECRET_VARIABLE: ""})
    for name in ("token exchange", "device login", "client secret", "aws by token"):
        assert not found[name].holds and found[name].fix, found[name]
    assert found["identity"].holds


def test_an_issuer_that_is_away_is_told(folder: Path, server: Crooked) -> None:
    """One check says that it cannot be reached, and nothing else of it is claimed."""
    server.status.update({"-configuration": 503})
    found = checks(folder, f"provider: keycloak\nissuer: {server.issuer}\n")
    assert not found["identity"].holds and found["identity"].fix and "token exchange" not in found


def test_an_issuer_without_a_key_that_can_be_used_is_told(folder: Path, server: Crooked) -> None:
    """Keys that are for something else are none."""

    def bend(path: str, body: dict[str, Any]) -> None:
        for key in body.get("keys", ()):
            key["use"] = "enc"

    server.bend = bend
    assert "no key" in checks(folder, f"provider: keycloak\nissuer: {server.issuer}\n")["identity"].detail


def test_a_configuration_that_cannot_be_used_is_told(folder: Path) -> None:
    """Its error is the check."""
    found = checks(folder, "provider: keyclock\n")
    assert (
        not found["identity"].holds and FILE in found["identity"].detail and "local, keycloak" in found["identity"].fix
    )
