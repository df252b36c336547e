"""The user's identity configuration is read strictly, and never says a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.identity.oidc.acting import acting
from supervisor.identity.oidc.choose import login_terms, provider_of, task_terms
from supervisor.identity.oidc.configured import FILE, configuration_folder
from supervisor.identity.oidc.local import LocalIssuer
from supervisor.identity.oidc.server import OidcServer
from supervisor.identity.oidc.settings import (
    SECRET_VARIABLE,
    Settings,
    SettingsError,
    client_secret,
    load_settings,
    parse_settings,
)

WHOLE = """
provider: keycloak
issuer: https://id.example.com/realms/agent-supervise
secret_file: broker-secret
login: device
seconds: 120
aws: {role: "arn:aws:iam::123456789012:role/agent", audience: sts.amazonaws.com}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The user's configuration folder."""
    folder = tmp_path / "agent-supervise"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Where the folder is."""
    return {"XDG_CONFIG_HOME": str(tmp_path), "HOME": "/nowhere"}


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    """A file with a mode."""
    path.write_text(text)
    path.chmod(mode)
    return path


def test_without_a_file_the_issuer_is_local(environment: dict[str, str]) -> None:
    """A lone developer configures nothing."""
    settings = load_settings(environment)
    assert settings == Settings()
    made = provider_of(settings, environment, session="s1", user="ann", uid=1000, deadline=None)
    assert isinstance(made, LocalIssuer)


def test_a_whole_file_is_read(home: Path, environment: dict[str, str]) -> None:
    """Every key has its place, what is left out its default."""
    path = written(home / FILE, WHOLE)
    written(home / "broker-secret", "s3cret\n")
    settings = load_settings(environment)
    assert settings == Settings(
        "keycloak", "https://id.example.com/realms/agent-supervise", secret_file="broker-secret", login="device",
        seconds=120, aws_role="arn:aws:iam::123456789012:role/agent", source=str(path),
    )  # fmt: skip
    assert client_secret(settings, environment).text == "s3cret"
    made = provider_of(settings, environment, session="s1", user="ann", uid=1000, deadline=None)
    assert isinstance(made, OidcServer) and made.issuer == settings.issuer


def test_the_terms_of_a_task_are_those_of_its_realm() -> None:
    """Client scope and tags are named as `keycloak init` names them."""
    terms = task_terms(Settings(), scope="s3-static-site", digest="d", session="s1")
    assert terms.scopes == {"task-s3-static-site"} == login_terms(Settings(), "s3-static-site").scopes
    assert terms.tags == (("agent-supervise:scope", "s3-static-site"), ("agent-supervise:session", "s1"))


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("provider: keyclock", "keyclock", "local, keycloak"),
        ("provder: local", "provder", "`provider`"),
        ("provider: keycloak", "no issuer", "https://"),
        ("provider: keycloak\nissuer: http://id.example.com/realms/r", "in the clear", "https"),
        ("provider: keycloak\nissuer: 7", "issuer", "quotes"),
        ("provider: keycloak\nissuer: ''", "issuer", "quotes"),
        ("issuer: https://id.example.com/realms/r", "local", "provider: keycloak"),
        (WHOLE.replace("120", "3600"), "60 to 300", "within"),
        (WHOLE.replace("120", "true"), "60 to 300", "within"),
        (WHOLE.replace("arn:aws:iam::123456789012:role/agent", "agent"), "no ARN", "arn:aws:iam"),
        (WHOLE.replace("device", "fax"), "fax", "browser, device"),
        ("- provider", "no mapping", "provider"),
        ("aws: 7", "no mapping", "provider"),
        ("aws: {rol: x}", "rol", "`role`"),
        ("a: b: c", "no YAML", "mend"),
        ("!!python/object/apply:os.system [true]", "no YAML", "mend"),
        ("7: x", "no mapping", "provider"),
    ],
)
def test_what_cannot_be_used_is_told(text: str, what: str, fix: str) -> None:
    """What is wrong, where, and what to write instead."""
    with pytest.raises(SettingsError) as refused:
        parse_settings(text, where="identity.yaml")
    error = refused.value
    assert what in error.what and "identity.yaml" in error.where and fix in error.fix, error


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_not_used(home: Path, environment: dict[str, str], mode: int) -> None:
    """Whoever may name the issuer says who everybody is."""
    written(home / FILE, WHOLE, mode)
    with pytest.raises(SettingsError) as refused:
        load_settings(environment)
    assert "chmod 600" in refused.value.fix


def test_a_link_is_not_used(home: Path, environment: dict[str, str], tmp_path: Path) -> None:
    """A configuration that lies elsewhere is none."""
    (home / FILE).symlink_to(written(tmp_path / "elsewhere", WHOLE))
    with pytest.raises(SettingsError):
        load_settings(environment)


@pytest.mark.parametrize(
    ("text", "mode", "what"),
    [("s3cret", 0o644, "others may read"), ("", 0o600, "empty"), (None, 0o600, "cannot be read")],
)
def test_a_secret_that_cannot_be_used_is_told(
    home: Path, environment: dict[str, str], text: str | None, mode: int, what: str
) -> None:
    """A secret that others read, an empty one and none are told apart, and it is in no words."""
    if text is not None:
        written(home / "broker-secret", text, mode)
    with pytest.raises(SettingsError) as refused:
        client_secret(parse_settings(WHOLE, where="x"), environment)
    assert what in refused.value.what and refused.value.fix and "s3cret" not in str(refused.value)


def test_a_secret_may_be_in_the_environment(environment: dict[str, str]) -> None:
    """The variable goes before the file, and where neither is the way to one is told."""
    settings = parse_settings(WHOLE.replace("secret_file: broker-secret\n", ""), where="x")
    assert client_secret(settings, environment | {SECRET_VARIABLE: "from-there"}).text == "from-there"
    with pytest.raises(SettingsError) as refused:
        client_secret(settings, environment)
    assert SECRET_VARIABLE in refused.value.fix


def test_the_folder_is_the_user_s() -> None:
    """A relative variable is passed over, as the XDG Base Directory Specification wants."""
    assert configuration_folder({"XDG_CONFIG_HOME": "x", "HOME": "/h"}) == Path("/h/.config/agent-supervise")
    assert configuration_folder({"XDG_CONFIG_HOME": "/x", "HOME": "/h"}) == Path("/x/agent-supervise")


def test_a_session_may_be_local_whatever_is_configured(home: Path) -> None:
    """The demo asks nobody to log in, and does not even read the configuration."""
    environment = {"XDG_CONFIG_HOME": str(home.parent), "HOME": "/h"}
    written(home / FILE, WHOLE)
    assert acting(environment, "dev").asks and not acting(environment, "dev", local=True).asks
    written(home / FILE, "provider: [")
    assert not acting(environment, "dev", local=True).asks
