"""AWS from inside of a session when something is wrong: the client, the panel and the record all hear what it is."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator

import pytest

from supervisor.demo.cloud import EmbeddedAws
from tests.aws_stage import BECAUSE, SCOPE, SITE, AwsDesk, production, stored
from tests.e2e.aws_session import DESCRIBE, SECONDS, AwsSession, Told, holds
from tests.e2e.crooked_aws import Crooked, crooked, error, hangs_up, resets, says
from tests.e2e.headless import Desk

pytestmark = pytest.mark.long

LISTS = f's3 list_objects_v2 {{"Bucket": "{SITE}"}}'


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedAws]:
    """Production, and buckets to work in."""
    with production() as aws:
        yield aws


@pytest.fixture
def aws(cloud: EmbeddedAws) -> Iterator[Crooked]:
    """The same, where it can be broken."""
    with crooked(cloud.url) as before:
        yield before


@pytest.fixture
def session(desk: Desk, cloud: EmbeddedAws, aws: Crooked) -> AwsSession:
    """Sessions in front of it."""
    return AwsSession(AwsDesk(desk, cloud), aws.url)


# ── the cloud ────────────────────────────────────────────────────────────────────────────────────


def test_a_cloud_that_breaks_is_told_in_words(session: AwsSession, aws: Crooked) -> None:
    """Each way of breaking has its own words, for the client and for the panel, and the next call goes on."""
    ways = {
        "describe_db_instances": (resets, "broke off: Connection reset by peer"),
        "describe_db_clusters": (hangs_up, "hung up without an answer"),
        "describe_db_snapshots": (says(b"mumble\r\n\r\n"), "something that is not HTTP"),
        "describe_db_subnet_groups": (
            says(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
            "answers with a redirect",
        ),
    }
    for name, (broken, _) in ways.items():
        action = "".join(part.capitalize() for part in name.split("_")).replace("Db", "DB")
        aws.broken[f"Action={action}&".encode()] = broken
    told = session.calls(*(f"rds {name} {{}}" for name in ways), LISTS)
    for name, (_, words) in ways.items():
        (line,) = [line for line in told.out.splitlines() if line.startswith(name)]
        assert "ServiceUnavailable" in line and "agent-supervise: 127.0.0.1:" in line and words in line, line
        assert any(words in fault for fault in told.faults), told.faults
    assert "list_objects_v2 went well" in told.out
    assert [status for status, _ in told.answers] == [0, 0, 0, 302, 200]
    assert holds(session, told)


def test_a_cloud_that_is_down_is_told(session: AwsSession) -> None:
    """Nothing listens there: every call hears it, the panel once, and nothing is lost."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        session.endpoint = f"http://127.0.0.1:{gone.getsockname()[1]}"
    told = session.calls(DESCRIBE, LISTS)
    assert told.out.count("Could not connect to the endpoint URL") == 2 and told.out.count("--aws-endpoint") == 2
    assert len(told.faults) == 1 and told.faults[0].startswith("calls fail: AWS could not be asked for")
    assert holds(session, told)


# ── the developer's credentials ──────────────────────────────────────────────────────────────────


def test_a_developer_without_credentials_is_told(session: AwsSession) -> None:
    """Nothing is configured: no call is signed, and both sides hear all ways to get some."""
    session.without_keys()
    session.endpoint = ""
    told = session.calls(LISTS, DESCRIBE)
    assert told.out.count("agent-supervise: no AWS credentials are configured; to go on: aws configure") == 2
    assert len(told.faults) == 1 and "no AWS credentials are configured" in told.faults[0]
    assert told.answers == [(0, "no AWS credentials are configured")] * 2
    assert not told.of("credential.minted") and holds(session, told)


def test_without_credentials_a_stand_in_serves_all_the_same(session: AwsSession) -> None:
    """Whoever tries things out on a stand-in for AWS needs no account."""
    session.without_keys()
    session.environment["AWS_REGION"] = "eu-central-1"
    told = session.calls(DESCRIBE, LISTS)
    assert told.out == "describe_db_instances went well\nlist_objects_v2 went well\n", told.out + told.err


@pytest.mark.parametrize(
    ("config", "fix"), [("", "aws configure --profile nope"), ("[profile work]\nregion = eu-west-1\n", "these: work")]
)
def test_a_profile_that_does_not_exist_starts_nothing(session: AwsSession, config: str, fix: str) -> None:
    """It is said before the agent runs, with those that there are."""
    session.without_keys()
    session.profile(config)
    session.options = ("--profile", "nope")
    told = session.calls(LISTS)
    assert (told.code, told.folder) == (2, None)
    assert "there is no AWS profile `nope`" in told.err and fix in told.err


def test_a_profile_of_another_account_signs_nothing(session: AwsSession, aws: Crooked) -> None:
    """The scope is for one account: whatever the credentials of another could do is denied, with both by name."""
    session.desk.desk.scope.write_text(SCOPE.replace("aws:\n", 'aws:\n  account: "999999999999"\n', 1))
    told = session.calls(LISTS)
    assert "it is in account 123456789012, and the scope is for account 999999999999" in told.out, told.out
    assert [line["effect"] for line in told.of("decision")] == ["deny"]
    assert not told.of("credential.minted") and not aws.count(b"GET /trial-site") and holds(session, told)


WAITING = """\
import time, boto3
from botocore.config import Config
client = boto3.client("rds", config=Config(retries={"total_max_attempts": 1}))
for _ in range(200):
    try:
        client.describe_db_instances()
        print("back", flush=True)
        break
    except Exception as error:
        print(error, flush=True)
        time.sleep(0.3)
"""


def test_credentials_that_come_back_are_found(session: AwsSession, aws: Crooked) -> None:
    """Keys that AWS does not know any more are told with a way out; new ones in the same profile are taken at once."""
    session.without_keys()
    text = "[work]\naws_access_key_id = {}\naws_secret_access_key = PLANTED-SECRET\nregion = eu-central-1\n"
    session.profile(text.format("AKIAOLD"), "credentials")
    session.options = ("--profile", "work")
    aws.broken[b"Credential=AKIAOLD/"] = error(403, "ExpiredToken", "The security token included is expired")
    (session.desk.work / "waiting.py").write_text(WAITING)
    process = session.start(sys.executable, "waiting.py")
    assert process.stdout is not None
    first = process.stdout.readline()
    assert "ExpiredToken" in first and "sign in again" in first, first
    session.profile(text.format("AKIANEW"), "credentials")
    out, err = process.communicate(timeout=SECONDS)
    assert out.endswith("back\n"), out + err
    told = Told(process.returncode, out, err, session.newest())
    assert len(told.faults) == 1 and "ExpiredToken" in told.faults[0]
    assert aws.count(b"Credential=AKIANEW/") and holds(session, told)
    assert "PLANTED-SECRET" not in out + json.dumps(told.journal())


# ── the scope ────────────────────────────────────────────────────────────────────────────────────


def test_a_policy_that_is_too_long_is_told_before_anything_starts(session: AwsSession) -> None:
    """The rule to tighten is named by its line, by `scopes check` and at the start; unnarrowed it does not matter."""
    arns = ", ".join(f'"arn:aws:s3:::some-bucket-with-a-name-{number:04}/folder/*"' for number in range(60))
    rule = f'    - allow: ["s3:GetObjectTagging"]\n      on: [{arns}]\n    - deny: ["rds:*"'
    scope = session.desk.desk.scope
    scope.write_text(SCOPE.replace('    - deny: ["rds:*"', rule))
    line = 1 + scope.read_text().splitlines().index('    - allow: ["s3:GetObjectTagging"]')
    told = session.calls(LISTS)
    assert (told.code, told.folder) == (2, None)
    checked = session.desk.desk.command("scopes", "check", str(scope))
    assert checked.returncode == 2
    for said in (told.err, checked.stderr):
        assert "the session policy for s3 is 3," in said and "AWS takes 2,048" in said, said
        assert f"{scope}:{line} costs" in said and "put its 60 ARNs under fewer patterns" in said
        assert said.count(" costs ") == 1
    session.options = ("--weaken", "credentials")
    assert "list_objects_v2 went well" in session.calls(LISTS).out


# ── the client ───────────────────────────────────────────────────────────────────────────────────

NEWER = '''\
"""A botocore of next year, a clock of this afternoon, and a signer of its own."""
import copy, datetime, os, urllib.request
import botocore.auth, botocore.session
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

session = botocore.session.get_session()
loader = session.get_component("data_loader")
known = loader.load_service_model


def load(service, kind, api_version=None):
    model = known(service, kind, api_version)
    if kind == "service-2":
        model = copy.deepcopy(model)
        operation, shapes = model["operations"], model["shapes"]
        if service == "dynamodb":
            operation["TeleportTable"] = {**operation["DeleteTable"], "name": "TeleportTable"}
            shapes["DescribeTableInput"]["members"]["Newest"] = {"shape": "String"}
        if service == "rds":
            operation["TeleportDBInstance"] = {**operation["DeleteDBInstance"], "name": "TeleportDBInstance"}
            shapes["DescribeDBInstancesMessage"]["members"]["Newest"] = {"shape": "String"}
        if service == "s3":
            operation["TeleportObject"] = {
                **operation["DeleteObject"],
                "name": "TeleportObject",
                "http": {"method": "DELETE", "requestUri": "/{Bucket}/{Key+}?teleport"},
            }
            newest = {"shape": "Delimiter", "location": "querystring", "locationName": "newest"}
            shapes["GetObjectRequest"]["members"]["Newest"] = newest
        if service == "lambda":
            http = {"method": "POST", "requestUri": "/2031-01-01/functions/{FunctionName}/teleport"}
            operation["TeleportFunction"] = {**operation["DeleteFunction"], "name": "TeleportFunction", "http": http}
    return model


loader.load_service_model = load


def tell(name, call):
    try:
        print(name, "PASSED", call())
    except Exception as error:
        print(name, "refused", error)


def client(service):
    return session.create_client(service, config=Config(retries={"total_max_attempts": 1}))


dynamodb, rds, s3, function = (client(name) for name in ("dynamodb", "rds", "s3", "lambda"))
tell("json-operation", lambda: dynamodb.teleport_table(TableName="trial"))
tell("json-parameter", lambda: dynamodb.describe_table(TableName="trial", Newest="x"))
tell("query-operation", lambda: rds.teleport_db_instance(DBInstanceIdentifier="shop-production"))
tell("query-parameter", lambda: rds.describe_db_instances(Newest="x"))
tell("s3-operation", lambda: s3.teleport_object(Bucket="trial-site", Key="a"))
tell("s3-parameter", lambda: s3.get_object(Bucket="trial-site", Key="a", Newest="x"))
tell("rest-operation", lambda: function.teleport_function(FunctionName="a"))
keys = Credentials(*(os.environ[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")))


def unknown():
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    url = os.environ["AWS_ENDPOINT_URL"]
    request = AWSRequest("POST", url, data=b"Action=Go&Version=2031-01-01", headers=form)
    botocore.auth.SigV4Auth(keys, "teleporter", "eu-central-1").add_auth(request)
    sent = request.prepare()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        return opener.open(urllib.request.Request(sent.url, sent.body, dict(sent.headers), method="POST"))
    except urllib.error.HTTPError as error:
        raise RuntimeError(error.read().decode()) from None


tell("unknown-service", unknown)
now = botocore.auth.get_current_datetime
botocore.auth.get_current_datetime = lambda *words, **more: now(*words, **more) + datetime.timedelta(minutes=16)
tell("clock-s3", lambda: s3.list_objects_v2(Bucket="trial-site"))
tell("clock-query", lambda: rds.describe_db_instances())
tell("clock-json", lambda: dynamodb.list_tables())
'''


def test_what_a_client_gets_wrong_is_refused_in_words(session: AwsSession, aws: Crooked) -> None:
    """A newer SDK, an unknown service and a clock that is off: nothing is decided, nothing signed, each is named."""
    (session.desk.work / "newer.py").write_text(NEWER)
    told = session.run(sys.executable, "newer.py")
    lines = dict(line.partition(" ")[::2] for line in told.out.splitlines() if line[:1].isalpha() and " " in line)
    assert len(lines) >= 11 and "PASSED" not in told.out, told.out + told.err
    for name, words in (
        ("json-operation", "POST / DynamoDB_20120810.TeleportTable"),
        ("json-parameter", "Newest"),
        ("query-operation", "Action=TeleportDBInstance"),
        ("query-parameter", "Newest"),
        ("s3-operation", "DELETE /trial-site/a"),
        ("s3-parameter", "GET /trial-site/a"),
        ("rest-operation", "/2031-01-01/functions/a/teleport"),
        ("clock-s3", "(RequestTimeTooSkewed)"),
        ("clock-query", "(SignatureDoesNotMatch)"),
        ("clock-json", "(InvalidSignatureException)"),
    ):
        assert "agent-supervise: refused: " in lines[name] and words in lines[name], lines[name]
        assert "our clock" in lines[name] or not name.startswith("clock")
    assert "agent-supervise: refused: POST / Action=Go: " in told.out
    assert len(told.faults) == 11 and all("refused unasked" in fault for fault in told.faults)
    assert told.of("decision") == [] and told.of("credential.minted") == []
    assert aws.seen == [] and holds(session, told)


def test_another_region_is_another_place(session: AwsSession, aws: Crooked) -> None:
    """A call in a region that the scope does not name is denied with both by name, whatever the client was set to."""
    session.desk.desk.scope.write_text(SCOPE.replace("aws:\n", "aws:\n  regions: [eu-central-1]\n", 1))
    session.environment["AWS_REGION"] = session.environment["AWS_DEFAULT_REGION"] = "us-west-2"
    (session.desk.work / "task.sh").write_text(
        'echo "region $AWS_REGION"; python calls.py "$1"; AWS_DEFAULT_REGION=us-west-2 python calls.py "$1"\n'
    )
    told = session.run("bash", "task.sh", DESCRIBE)
    assert told.out.startswith("region eu-central-1\ndescribe_db_instances went well\n"), told.out + told.err
    assert "it is in region us-west-2, and the scope is for eu-central-1" in told.out
    assert [line["effect"] for line in told.of("decision")] == ["allow", "deny"]
    assert not aws.count(b"us-west-2/rds/") and holds(session, told)


# ── two at once ──────────────────────────────────────────────────────────────────────────────────

BOTH = """\
import os, sys, boto3
s3, name = boto3.client("s3"), sys.argv[1]
for number in range(20):
    s3.put_object(Bucket="trial-site", Key=f"{name}/{number}", Body=name.encode())
print(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SESSION_TOKEN"], flush=True)
try:
    boto3.client("rds").delete_db_instance(DBInstanceIdentifier="shop-production")
except Exception as error:
    print(error)
"""


def test_two_sessions_at_once_share_nothing(session: AwsSession, cloud: EmbeddedAws) -> None:
    """Same developer, same workspace: keys, records and the names that CloudTrail sees are each one's own."""
    (session.desk.work / "both.py").write_text(BOTH)
    processes = [session.start(sys.executable, "both.py", name) for name in ("one", "two")]
    outputs = [process.communicate(timeout=SECONDS) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert all(BECAUSE in out for out, _ in outputs)
    assert len({word for out, _ in outputs for word in out.split("\n")[0].split()}) == 4
    folders = session.desk.desk.sessions
    tolds = [Told(0, "", "", folder) for folder in folders]
    assert len(tolds) == 2 and all(holds(session, told) for told in tolds)
    for told in tolds:
        allowed = [
            line["request"]["action"]["resources"][0] for line in told.of("decision") if line["effect"] == "allow"
        ]
        assert len(allowed) == 20 and len({arn.split("/")[1] for arn in allowed}) == 1
        assert [line["effect"] for line in told.of("decision")].count("deny") == 1
    names = [{line["acts_as"] for line in told.of("credential.minted")} for told in tolds]
    assert all(names) and not names[0] & names[1]
    assert stored(cloud, SITE, "one/19") == b"one" and stored(cloud, SITE, "two/19") == b"two"
