"""The developer's AWS credentials are out of the reach of an agent in its cell, wherever AWS's tools keep them."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cell.cell_stage import Stage
from tests.cell.conftest import real_cells, stage

__all__ = ["real_cells", "stage"]

ROOT = Path(__file__).parents[2]
SECRET = "PLANTED-SECRET"
FILES = {
    "config": f"[default]\nregion = eu-central-1\n[profile p]\ncredential_process = /bin/echo {SECRET}\n",
    "credentials": f"[default]\naws_access_key_id = AKIA{SECRET}\naws_secret_access_key = {SECRET}\n",
    "sso/cache/token.json": SECRET,
    "cli/cache/role.json": SECRET,
    "login/cache/login.json": SECRET,
    "boto/cache/role.json": SECRET,
}
VARIABLES = dict.fromkeys(
    """
    AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_PROFILE AWS_DEFAULT_PROFILE
    AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_AUTHORIZATION_TOKEN
    AWS_ROLE_ARN AWS_ROLE_SESSION_NAME AWS_CREDENTIAL_FILE AWS_BEARER_TOKEN_BEDROCK BOTO_CONFIG
    AGENT_SUPERVISE_AWS_ROLE AGENT_SUPERVISE_AWS_SOURCE
    """.split(),
    SECRET,
)
ELSEWHERE = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE")


@pytest.fixture
def planted(stage: Stage) -> Stage:
    """A home with everything that AWS's tools keep, and the variables that lead to more."""
    for name, text in FILES.items():
        path = stage.home / ".aws" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    environment = stage.environment | VARIABLES
    for number, variable in enumerate(ELSEWHERE):
        # In the workspace: shown to the agent, but for its being named by such a variable.
        path = stage.workspace / f"keys-{number}"
        path.write_text(FILES["credentials"])
        environment[variable] = str(path)
    return replace(stage, environment=environment)


def test_no_file_of_awss_tools_is_there(planted: Stage) -> None:
    """Keys, caches of SSO, roles and logins, and files that a variable names, in the workspace too."""
    (planted.workspace / "plain").write_text("VISIBLE")
    done = planted.sh('cat plain "$HOME"/.aws/* "$HOME"/.aws/*/*/* keys-*; grep -rs PLANTED "$HOME" .')
    assert "VISIBLE" in done.out and SECRET not in done.out


def test_no_variable_comes_through(planted: Stage) -> None:
    """Neither in the agent's environment nor in that of any process that it sees."""
    done = planted.sh("env; cat /proc/*/environ | tr '\\0' '\\n'")
    assert "HOME=" in done.out and SECRET not in done.out
    names = {line.partition("=")[0] for line in done.out.splitlines()}
    assert not names & {*VARIABLES, *ELSEWHERE}


def test_the_sdk_finds_no_credentials(planted: Stage) -> None:
    """botocore's own chain, with profiles, processes, containers and the instance's metadata, comes back empty."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "import botocore.session\n"
        "session = botocore.session.Session()\n"
        "print('profiles', session.available_profiles)\n"
        "print('found', session.get_credentials())\n"
    )
    read = (ROOT, Path(sys.prefix), Path(sys.base_prefix))
    done = planted.run(sys.executable, "-c", code, read=read)
    assert done.out == "profiles []\nfound None\n", done.err
