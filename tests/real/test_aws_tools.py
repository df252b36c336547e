"""Real AWS tools, supervised: what the scope allows works as ever, what it denies is told readably and is not done."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.demo.cloud import EmbeddedAws
from supervisor.demo.estate import ACCOUNT, DATABASE, REGION
from tests.aws_stage import (
    DENIED,
    PRIVATE,
    SCOPE,
    SITE,
    STATES,
    AwsDesk,
    awscli,
    production,
    refused,
    stored,
    survives,
)
from tests.e2e.headless import Desk
from tests.parts import missing, need

pytestmark = pytest.mark.real

HERE = Path(__file__).parent
MIB = 1 << 20
LONG = 240.0
"""Seconds; terraform starts a provider of many megabytes for each of its steps."""


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    """Production, and buckets to work in."""
    with production() as cloud:
        yield cloud


@pytest.fixture
def at(desk: Desk, aws: EmbeddedAws) -> Iterator[AwsDesk]:
    """A desk; production is whole after whatever was tried at it."""
    yield AwsDesk(desk, aws)
    survives(aws)


# ── the AWS CLI ──────────────────────────────────────────────────────────────────────────────────


def test_the_cli_copies_large_files_both_ways(at: AwsDesk) -> None:
    """20 MB go up and come down in parts and are the same; sync and rm work on the same bucket."""
    awscli()
    data = bytes(range(256)) * (20 * MIB // 256)
    (at.work / "large.bin").write_bytes(data)
    (at.work / "site/about").mkdir(parents=True)
    (at.work / "site/index.html").write_text("<h1>hello</h1>")
    (at.work / "site/about/a b&ü.html").write_text("about")
    done = at.shell(
        f"aws s3 cp --no-progress large.bin s3://{SITE}/cli/large.bin\n"
        f"aws s3 cp --no-progress s3://{SITE}/cli/large.bin back.bin\n"
        "cmp large.bin back.bin && echo the same\n"
        f"aws s3 sync --no-progress site s3://{SITE}/cli/site\n"
        f"aws s3 ls --recursive s3://{SITE}/cli/site/\n"
        f"aws s3 sync --no-progress s3://{SITE}/cli/site down && diff -r site down && echo no difference\n"
        f"aws s3 rm s3://{SITE}/cli/large.bin\n"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the same" in done.stdout and "no difference" in done.stdout
    assert stored(at.aws, SITE, "cli/site/about/a b&ü.html") == b"about"
    assert stored(at.aws, SITE, "cli/large.bin") is None
    assert {("s3:PutObject", "allow"), ("s3:GetObject", "allow"), ("s3:DeleteObject", "allow")} <= at.calls()


def test_the_cli_reads_what_it_may(at: AwsDesk) -> None:
    """The query, EC2 and JSON protocols of the CLI pass, and the caller is the session's own identity."""
    awscli()
    done = at.shell(
        "aws ec2 describe-vpcs --query 'length(Vpcs)'\n"
        "aws dynamodb list-tables --output text\n"
        'aws dynamodb put-item --table-name trial --item \'{"id": {"S": "cli"}}\'\n'
        "aws sts get-caller-identity --query Account --output text\n"
        "aws rds describe-db-instances --query 'DBInstances[].DBInstanceIdentifier' --output text\n"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for expected in ("trial", ACCOUNT, DATABASE):
        assert expected in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    "line",
    [
        f"aws rds delete-db-instance --db-instance-identifier {DATABASE} --skip-final-snapshot",
        f"aws rds delete-db-snapshot --db-snapshot-identifier rds:{DATABASE}-2026-02-15-03-10",
        "aws dynamodb delete-table --table-name trial",
        f"AWS_ACCESS_KEY_ID=AKIAMADEUP AWS_SECRET_ACCESS_KEY=made-up AWS_SESSION_TOKEN= "
        f"aws rds describe-db-instances || aws rds delete-db-instance --db-instance-identifier {DATABASE}",
    ],
)
def test_the_cli_tells_why_it_was_refused(at: AwsDesk, line: str) -> None:
    """The rule's reason stands in the CLI's own error, in the query and the JSON protocol."""
    awscli()
    done = at.shell(line)
    assert done.returncode != 0
    refused(done)


def test_the_cli_is_kept_to_its_bucket(at: AwsDesk) -> None:
    """Another bucket can be neither read nor written, and what the developer's keys could do is out of reach."""
    awscli()
    done = at.shell(f"aws s3 cp s3://{PRIVATE}/secret.txt - || echo x | aws s3 cp - s3://{PRIVATE}/new.txt || env")
    assert DENIED in done.stderr, done.stderr
    assert "PRIVATE-OBJECT" not in done.stdout and "PLANTED-SECRET" not in done.stdout
    assert stored(at.aws, PRIVATE, "new.txt") is None


def test_a_presigned_url_works_in_the_session(at: AwsDesk) -> None:
    """A URL that the CLI signs with what it has is decided on like any other call."""
    awscli()
    need("curl")
    done = at.shell(
        f"printf signed | aws s3 cp - s3://{SITE}/presigned.txt\n"
        "export AWS_CONFIG_FILE=$PWD/config; printf '[default]\\ns3 =\\n  signature_version = s3v4\\n' > config\n"
        f"curl -sS --noproxy '*' \"$(aws s3 presign s3://{SITE}/presigned.txt)\"\n"
        f"curl -sS --noproxy '*' \"$(aws s3 presign s3://{PRIVATE}/secret.txt)\"\n"
    )
    assert done.stdout.startswith("signed"), done.stdout + done.stderr
    assert "PRIVATE-OBJECT" not in done.stdout and DENIED in done.stdout


def test_the_developers_keys_are_out_of_reach(at: AwsDesk) -> None:
    """Files, variables, processes, metadata and the CLI's own sources of credentials give nothing but placeholders."""
    awscli()
    need("curl")
    (at.desk.home / ".aws/sso/cache").mkdir(parents=True)
    (at.desk.home / ".aws/credentials").write_text("[default]\naws_secret_access_key = PLANTED-SECRET\n")
    (at.desk.home / ".aws/config").write_text("[profile work]\ncredential_process = echo PLANTED-SECRET\n")
    (at.desk.home / ".aws/sso/cache/token.json").write_text('{"accessToken": "PLANTED-SECRET"}')
    done = at.shell(
        "set +e\n"
        "cat ~/.aws/credentials ~/.aws/config ~/.aws/sso/cache/*; env; cat /proc/*/environ | tr '\\0' '\\n'\n"
        "AWS_CONFIG_FILE=~/.aws/config aws --profile work sts get-caller-identity\n"
        "env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_SESSION_TOKEN AWS_EC2_METADATA_DISABLED=false "
        "aws sts get-caller-identity\n"
        "curl -sS -m 5 http://169.254.169.254/latest/meta-data/iam/security-credentials/\n"
        "aws configure export-credentials --format env; echo end\n"
    )
    assert done.stdout.rstrip().endswith("end"), done.stdout + done.stderr
    assert "PLANTED-SECRET" not in done.stdout + done.stderr
    assert "AKIATRIALDEVELOPER" not in done.stdout + done.stderr


def test_the_cloud_is_reached_through_the_gate_only(at: AwsDesk) -> None:
    """Not even a scope that lets the endpoint's own port be reached opens a way around the gate."""
    need("curl")
    opened = f'network: {{rules: [{{allow: ["127.0.0.1:{at.aws.port}"]}}], otherwise: deny}}'
    at.desk.scope.write_text(SCOPE.replace("network: {otherwise: deny}", opened))
    form = f"Action=DeleteDBInstance&Version=2014-10-31&DBInstanceIdentifier={DATABASE}&SkipFinalSnapshot=true"
    signed = "Authorization: AWS4-HMAC-SHA256 Credential=a/20260226/eu-central-1/rds/aws4_request, Signature=0"
    for way in ('--noproxy "*"', "--noproxy ''", "--noproxy '' --proxytunnel"):
        done = at.shell(f"curl -sS -m 10 {way} -H '{signed}' --data '{form}' {at.aws.url}/ || true")
        assert "DeleteDBInstanceResult" not in done.stdout, done.stdout


# ── SDKs ─────────────────────────────────────────────────────────────────────────────────────────

STEPS = ("etag 4", "same ", "odd ", "item 7", "database available", "refused ")


def test_boto3_works_and_is_told(at: AwsDesk) -> None:
    """Parts, odd keys, DynamoDB's JSON and RDS's query protocol pass; the deletion is a ClientError that says why."""
    shutil.copy(HERE / "aws_boto.py", at.work)
    done = at.run(sys.executable, "aws_boto.py", SITE, "trial", DATABASE)
    assert done.returncode == 0, done.stdout + done.stderr
    for step in STEPS:
        assert step in done.stdout, done.stdout + done.stderr
    assert "same True" in done.stdout and "a b/ü+&.txt" in done.stdout and f"account {ACCOUNT}" in done.stdout
    assert "AccessDenied" in done.stdout
    refused(done)
    assert ("rds:DeleteDBInstance", "deny") in at.calls()


def test_the_javascript_sdk_works_and_is_told(at: AwsDesk, clis: Path) -> None:
    """The SDK v3 streams parts and odd keys through the gate, and its exception carries the rule's reason."""
    need("node")
    at.packages = clis.parent
    shutil.copy(HERE / "aws_sdk.mjs", at.work)
    (at.work / "node_modules").symlink_to(clis.parent)
    done = at.run("node", "aws_sdk.mjs", SITE, "trial", DATABASE)
    assert done.returncode == 0, done.stdout + done.stderr
    for step in STEPS:
        assert step in done.stdout, done.stdout + done.stderr
    assert "same true" in done.stdout and "a b/ü+&.txt" in done.stdout
    refused(done)


def test_curl_with_a_signer_of_its_own_is_told(at: AwsDesk) -> None:
    """curl signs by itself: what counts is the call, whoever makes it."""
    need("curl")
    signer = (
        'curl -sS --noproxy "*" --aws-sigv4 "aws:amz:$AWS_REGION:rds" '
        '--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" '
        '-H "X-Amz-Security-Token: $AWS_SESSION_TOKEN" "$AWS_ENDPOINT_URL/" '
    )
    form = "Version=2014-10-31&DBInstanceIdentifier=" + DATABASE
    done = at.shell(
        f'{signer} --data "Action=DescribeDBInstances&{form}"\n'
        f'{signer} --data "Action=DeleteDBInstance&{form}&SkipFinalSnapshot=true"\n'
    )
    assert "<DBInstanceStatus>available" in done.stdout, done.stdout + done.stderr
    refused(done)


# ── terraform ────────────────────────────────────────────────────────────────────────────────────

BACKEND = f"""\
terraform {{
  backend "s3" {{
    bucket       = "{STATES}"
    key          = "shop/terraform.tfstate"
    region       = "{REGION}"
    use_lockfile = true
  }}
}}
"""
REMEMBERED = 'resource "terraform_data" "site" {\n  input = "hello"\n}\n'
INFRA = f"""\
terraform {{
  required_providers {{
    aws = {{ source = "hashicorp/aws" }}
  }}
}}
resource "aws_s3_object" "page" {{
  bucket  = "{SITE}"
  key     = "terraform/page.html"
  content = "by terraform"
}}
resource "aws_db_instance" "production" {{
  identifier          = "{DATABASE}"
  instance_class      = "db.m6g.large"
  skip_final_snapshot = true
}}
"""


def test_terraforms_s3_backend_keeps_its_state(at: AwsDesk) -> None:
    """The Go SDK of terraform's core writes its state and its lock through the gate, and another bucket is refused."""
    need("terraform")
    (at.work / "main.tf").write_text(BACKEND + REMEMBERED)
    steps = (
        "terraform init -input=false -no-color\nterraform apply -auto-approve -no-color\nterraform output -no-color\n"
    )
    done = at.shell(steps, LONG)
    assert done.returncode == 0, done.stdout + done.stderr
    assert b"terraform_data" in (stored(at.aws, STATES, "shop/terraform.tfstate") or b"")
    assert stored(at.aws, STATES, "shop/terraform.tfstate.tflock") is None
    (at.work / "main.tf").write_text(BACKEND.replace(STATES, PRIVATE) + REMEMBERED)
    done = at.shell("terraform init -input=false -no-color -reconfigure", LONG)
    # It asks with HEAD, whose answer has no body: the status and the request's id are all that it can tell.
    assert done.returncode != 0 and "StatusCode: 403, RequestID: agent-supervise-" in done.stderr, done.stderr
    assert stored(at.aws, PRIVATE, "shop/terraform.tfstate") is None


def test_a_provider_creates_what_it_may_and_destroys_nothing_else(at: AwsDesk) -> None:
    """A plugin that terraform starts is one more client: its upload passes, its DeleteDBInstance does not."""
    need("terraform")
    if not (Path(sys.prefix) / "lib").joinpath(f"python3.{sys.version_info.minor}/site-packages/tf").is_dir():
        missing("the package tf (terraform's plugin protocol) is not installed")
    provider = at.desk.tools / "terraform-provider-aws"
    provider.write_text(f"#!{sys.executable}\n{(HERE / 'aws_provider.py').read_text()}")
    provider.chmod(0o755)
    (at.work / "main.tf").write_text(INFRA)
    (at.work / "terraform.rc").write_text(
        f'provider_installation {{\n  dev_overrides {{ "hashicorp/aws" = "{at.desk.tools}" }}\n  direct {{}}\n}}\n'
    )
    done = at.shell(
        "export TF_CLI_CONFIG_FILE=$PWD/terraform.rc\n"
        f"terraform import -no-color aws_db_instance.production {DATABASE}\n"
        "terraform apply -auto-approve -no-color\n"
        "terraform destroy -auto-approve -no-color\n",
        LONG,
    )
    assert done.returncode != 0, done.stdout
    assert "1 added" in done.stdout, done.stdout + done.stderr
    refused(done)
    assert {
        ("rds:DeleteDBInstance", "deny"),
        ("s3:PutObject", "allow"),
        ("rds:DescribeDBInstances", "allow"),
    } <= at.calls()
