"""Where the developer's credentials are found, and which way leads from them to narrower ones."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from pathlib import Path

import pytest

from supervisor.identity.failures import BrokerError
from supervisor.identity.source import Way, find_source
from supervisor.identity.sts import AwsSts
from tests.identity.fake_sts import ACCOUNT, FakeSts

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAVARIABLE", "AWS_SECRET_ACCESS_KEY": "secret"}
ROLE = f"arn:aws:iam::{ACCOUNT}:role/agents"


class Home:
    """A home folder with the files of AWS's tools."""

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self.aws = folder / ".aws"
        self.aws.mkdir()

    def write(self, *, config: str = "", credentials: str = "") -> None:
        """The shared files."""
        (self.aws / "config").write_text(config)
        (self.aws / "credentials").write_text(credentials)

    def env(self, **more: str) -> Mapping[str, str]:
        """An environment with this home."""
        return {"HOME": str(self.path), "PATH": "/usr/bin:/bin", **more}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home, and variables of this process that nothing may look at."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value + "-of-the-process")
    monkeypatch.setenv("AWS_PROFILE", "of-the-process")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere/config")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/")
    return Home(tmp_path)


def test_variables_come_first(home: Home) -> None:
    """Those of the environment that is passed in, with a session token as a session."""
    home.write(credentials="[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = s\n")
    source = find_source(home.env(**KEYS, AWS_REGION="eu-central-1"))
    assert source.own().access_key == "AKIAVARIABLE" and source.way is Way.FEDERATION
    assert source.region == "eu-central-1"
    session = find_source(home.env(**KEYS, AWS_SESSION_TOKEN="t"))
    assert session.way is Way.OWN_ROLE and session.own().token == "t"


def test_a_profile_that_is_asked_for_outranks_variables(home: Home) -> None:
    """`--profile` means that profile, with its region."""
    home.write(
        config="[profile dev]\nregion = eu-west-1\n",
        credentials="[dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = s\n",
    )
    source = find_source(home.env(**KEYS), profile="dev")
    assert source.own().access_key == "AKIADEV" and source.region == "eu-west-1" and "dev" in source.told
    by_variable = find_source(home.env(AWS_PROFILE="dev"))
    assert by_variable.own().access_key == "AKIADEV"


def test_files_lie_where_the_environment_says(home: Home) -> None:
    """`AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE`, also with `~`."""
    (home.path / "mine").write_text("[default]\naws_access_key_id = AKIAMINE\naws_secret_access_key = s\n")
    for name in (str(home.path / "mine"), "~/mine"):
        found = find_source(home.env(AWS_SHARED_CREDENTIALS_FILE=name, AWS_CONFIG_FILE="/nowhere"))
        assert found.own().access_key == "AKIAMINE"


def test_a_profiles_role_is_the_one_that_is_assumed(home: Home) -> None:
    """With its source's keys and its external id, so that nothing is chained."""
    home.write(
        config=f"[profile work]\nrole_arn = {ROLE}\nsource_profile = base\nexternal_id = x1\n[profile base]\n",
        credentials="[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n",
    )
    source = find_source(home.env(), profile="work")
    assert source.way is Way.ROLE and source.role is not None
    assert (source.role.arn, source.role.external_id) == (ROLE, "x1") and source.own().access_key == "AKIABASE"


def test_the_role_of_the_variable_outranks_the_profiles(home: Home) -> None:
    """`AGENT_SUPERVISE_AWS_ROLE` is meant for exactly this; what is no role is said to be none."""
    home.write(credentials="[default]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n")
    source = find_source(home.env(AGENT_SUPERVISE_AWS_ROLE=ROLE))
    assert source.way is Way.ROLE and source.role is not None and source.role.arn == ROLE
    with pytest.raises(BrokerError, match="is no role"):
        find_source(home.env(AGENT_SUPERVISE_AWS_ROLE="agents"))


def test_a_chain_of_roles_is_walked(home: Home, sts: FakeSts) -> None:
    """The source's own role is assumed at the same endpoint, and its session assumes the profile's role."""
    base = f"arn:aws:iam::{ACCOUNT}:role/base"
    home.write(
        config=f"[profile work]\nrole_arn = {ROLE}\nsource_profile = mid\n"
        f"[profile mid]\nrole_arn = {base}\nsource_profile = keys\n[profile keys]\n",
        credentials="[keys]\naws_access_key_id = AKIAKEYS\naws_secret_access_key = s\n",
    )
    source = find_source(home.env(), profile="work", endpoint=sts.url)
    assert source.own().access_key.startswith("ASIAMINTED")
    assert [call["RoleArn"] for call in sts.of("AssumeRole")] == [base] and sts.keys == ["AKIAKEYS"]


def test_nobody_is_asked_for_an_mfa_code(home: Home) -> None:
    """The terminal is the agent's; the error says how to sign in outside."""
    home.write(
        config=f"[profile work]\nrole_arn = {ROLE}\nsource_profile = base\nmfa_serial = arn:aws:iam::1:mfa/me\n"
        f"[profile outer]\nrole_arn = {ROLE}2\nsource_profile = work\n[profile base]\n",
        credentials="[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n",
    )
    for profile in ("work", "outer"):
        with pytest.raises(BrokerError, match="MFA"):
            find_source(home.env(), profile=profile)


def test_credential_process_runs_in_the_given_environment(home: Home) -> None:
    """It sees the variables that were passed in, and nothing of this process."""
    script = home.path / "keys.py"
    script.write_text(
        "import json, os\n"
        "assert 'AWS_ENDPOINT_URL' not in os.environ\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': 'ASIA' + os.environ['WHO'], 'SecretAccessKey': 's',"
        " 'SessionToken': 't', 'Expiration': '2099-01-01T00:00:00Z'}))\n"
    )
    home.write(config=f"[profile p]\ncredential_process = {shlex.join([sys.executable, str(script)])}\n")
    source = find_source(home.env(WHO="PROCESS"), profile="p")
    assert source.own().access_key == "ASIAPROCESS" and source.way is Way.OWN_ROLE
    with pytest.raises(BrokerError, match="profile p cannot be used"):
        find_source(home.env(), profile="p")


def test_an_sso_login_that_is_over_says_so(home: Home) -> None:
    """The cache of this home is read; without a token in it, or with an old one, the way out is to sign in."""
    config = (
        "[profile s]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Dev\nregion = eu-central-1\n"
        "[sso-session corp]\nsso_region = eu-central-1\nsso_start_url = https://corp.example/start\n"
    )
    home.write(config=config)
    with pytest.raises(BrokerError) as caught:
        find_source(home.env(), profile="s").own()
    assert "aws sso login" in caught.value.fix
    cache = home.aws / "sso" / "cache"
    cache.mkdir(parents=True)
    past = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    token = {"accessToken": "the-sso-token", "expiresAt": past, "startUrl": "https://corp.example/start"}
    (cache / f"{sha1(b'corp').hexdigest()}.json").write_text(json.dumps(token))
    with pytest.raises(BrokerError) as caught:
        find_source(home.env(), profile="s").own()
    assert "aws sso login" in caught.value.fix and "the-sso-token" not in str(caught.value)


def test_a_profile_that_is_missing_names_those_there_are(home: Home) -> None:
    """Whether it was asked for or stands in a variable."""
    home.write(credentials="[dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = s\n")
    for arguments in ({"profile": "prod"}, {}):
        with pytest.raises(BrokerError, match="no AWS profile `prod`") as caught:
            find_source(home.env(AWS_PROFILE="prod"), **arguments)
        assert "dev" in caught.value.fix


@pytest.mark.parametrize(
    ("config", "what"),
    [
        (f"[profile p]\nrole_arn = {ROLE}\n", "neither source_profile nor credential_source"),
        (f"[profile p]\nrole_arn = {ROLE}\nsource_profile = gone\n", "`gone` of profile p does not exist"),
        (f"[profile p]\nrole_arn = {ROLE}\nsource_profile = q\n[profile q]\nregion = x\n", "`q` of profile p has no"),
        (f"[profile p]\nrole_arn = {ROLE}\ncredential_source = Moon\n", "no such credential_source"),
        (f"[profile p]\nrole_arn = {ROLE}\ncredential_source = Environment\n", "has no AWS credentials"),
        ("[profile p\n", "cannot be read"),
        ("[profile p]\nregion = eu-central-1\n", "no AWS credentials are configured"),
    ],
)
def test_a_broken_configuration_is_told(home: Home, config: str, what: str) -> None:
    """What is wrong, and a way out."""
    home.write(config=config)
    with pytest.raises(BrokerError, match=what) as caught:
        find_source(home.env(), profile="p")
    assert caught.value.fix


def test_nothing_configured_is_told_with_all_ways(home: Home) -> None:
    """Role, user keys, or knowingly without a fence; variables and the machine of this process do not count."""
    with pytest.raises(BrokerError, match="no AWS credentials") as caught:
        find_source(home.env())
    for way in ("AGENT_SUPERVISE_AWS_ROLE", "role_arn", "GetFederationToken", "--weaken credentials"):
        assert way in caught.value.fix


def test_what_stands_for_aws_wants_no_credentials(home: Home, sts: FakeSts) -> None:
    """With an endpoint `test` will do, also where only a region is configured."""
    source = find_source(home.env(), endpoint=sts.url)
    assert AwsSts(source).caller()[0] == ACCOUNT and sts.keys == ["test"]
    home.write(config="[default]\nregion = eu-central-1\n")
    assert find_source(home.env(), endpoint=sts.url).own().access_key == "test"
    assert "nobody" in source.told
    named = find_source(home.env(AGENT_SUPERVISE_AWS_ROLE=ROLE), endpoint=sts.url)
    assert named.way is Way.ROLE and named.role is not None and named.role.arn == ROLE


def test_the_machine_is_asked_only_when_told(home: Home) -> None:
    """Container and instance credentials are a choice; a wrong word is one that does not exist."""
    with pytest.raises(BrokerError, match="container or instance"):
        find_source(home.env(AGENT_SUPERVISE_AWS_SOURCE="cloud"))
    with pytest.raises(BrokerError, match="this container has no AWS credentials"):
        find_source(home.env(AGENT_SUPERVISE_AWS_SOURCE="container"))
    with pytest.raises(BrokerError, match="this instance has no AWS credentials"):
        find_source(home.env(AGENT_SUPERVISE_AWS_SOURCE="instance", AWS_EC2_METADATA_DISABLED="true"))


def test_a_token_file_is_a_source(home: Home, sts: FakeSts) -> None:
    """The web identity of a pod is exchanged at the same endpoint; the role for the task is another."""
    token = home.path / "token"
    token.write_text("a.b.c")
    environment = home.env(AWS_WEB_IDENTITY_TOKEN_FILE=str(token), AWS_ROLE_ARN=ROLE, AGENT_SUPERVISE_AWS_ROLE=ROLE)
    source = find_source(environment, endpoint=sts.url)
    assert source.way is Way.ROLE
    # This STS knows no web identities and wants signatures: what matters is that it was the one asked.
    with pytest.raises(BrokerError, match="MissingAuthenticationToken"):
        source.own()


def test_credentials_that_renew_are_read_anew(home: Home) -> None:
    """Every look at the developer's credentials is a fresh one."""
    counter = home.path / "count"
    script = home.path / "keys.py"
    script.write_text(
        "import json, pathlib\n"
        f"file = pathlib.Path({str(counter)!r})\n"
        "number = int(file.read_text()) + 1 if file.exists() else 1\n"
        "file.write_text(str(number))\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': f'ASIA{number}', 'SecretAccessKey': 's',"
        " 'SessionToken': 't', 'Expiration': '2020-01-01T00:00:00Z' if number < 2 else '2099-01-01T00:00:00Z'}))\n"
    )
    home.write(config=f"[profile p]\ncredential_process = {shlex.join([sys.executable, str(script)])}\n")
    assert find_source(home.env(), profile="p").own().access_key == "ASIA2"


def test_botocore_is_loaded_late(home: Home) -> None:
    """Importing the broker, or a doctor that finds nothing, costs no SDK."""
    code = (
        "import sys; import supervisor.identity.broker, supervisor.identity.doctor as doctor\n"
        f"found = doctor.identity_checks({{'HOME': {str(home.path)!r}}})\n"
        "assert not any(name.partition('.')[0] in ('botocore', 'boto3', 'textual') for name in sys.modules)\n"
        "print(found[0].detail)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "none are configured" in done.stdout, done.stderr
