"""Sessions whose AWS is an embedded one: a scope, a developer's keys, and what became of production."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from supervisor.demo.cloud import EmbeddedAws, embedded_aws
from supervisor.demo.estate import DATABASE, REGION
from tests.e2e.headless import ROOT, Desk
from tests.parts import missing

SECONDS = 90.0
DENIED = "agent-supervise: denied: "
BECAUSE = "this task has no business with databases"
SITE, STATES, PRIVATE = "trial-site", "trial-states", "trial-private"

SCOPE = f"""\
scope: cloud-trial
task: Try real tools on AWS
parameters:
  tools:  {{ask: Where the tools lie}}
  python: {{ask: Folder of the environment that AWS tools live in}}
  base:   {{ask: Folder of the interpreter behind it}}
  node:   {{ask: Folder of installed JavaScript packages}}
aws:
  rules:
    - allow: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListBucket"]
      on: ["arn:aws:s3:::{SITE}", "arn:aws:s3:::{SITE}/*", "arn:aws:s3:::{STATES}", "arn:aws:s3:::{STATES}/*"]
    - allow: ["s3:ListAllMyBuckets", "sts:GetCallerIdentity", "ec2:Describe*", "dynamodb:ListTables", "rds:Describe*"]
    - allow: ["dynamodb:*Item", "dynamodb:Query", "dynamodb:Scan", "dynamodb:DescribeTable"]
      on: ["arn:aws:dynamodb:*:*:table/trial"]
    - deny: ["rds:*", "dynamodb:DeleteTable"]
      except: ["rds:Describe*"]
      because: {BECAUSE}
  otherwise: deny
commands: {{otherwise: allow}}
network: {{otherwise: deny}}
files:
  read: ["${{tools}}", "${{python}}", "${{base}}", "${{node}}"]
"""


@dataclass
class AwsDesk:
    """A desk whose sessions have an embedded AWS behind their gate; `packages` are JavaScript's."""

    desk: Desk
    aws: EmbeddedAws
    packages: Path | None = None

    def __post_init__(self) -> None:
        (self.desk.tools / "terraform").unlink(missing_ok=True)
        self.desk.scope.write_text(SCOPE)
        venv = Path(sys.prefix)
        self.desk.environment |= developers_keys()
        self.desk.environment["PATH"] = f"{self.desk.tools}:{venv}/bin:/usr/local/bin:/usr/bin:/bin"
        del self.desk.environment["PYTHONPATH"]

    @property
    def work(self) -> Path:
        """The workspace."""
        return self.desk.work

    def run(self, *agent: str, seconds: float = SECONDS) -> subprocess.CompletedProcess[str]:
        """A whole session of `agent`."""
        values = {
            "tools": self.desk.tools,
            "python": sys.prefix,
            "base": Path(getattr(sys, "_base_executable", sys.executable)).resolve().parent.parent,
            "node": self.packages or self.desk.tools,
        }
        options = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
        command = [sys.executable, "-m", "supervisor.cli", "--headless", "--scope", str(self.desk.scope), *options]
        return subprocess.run(
            [*command, "--aws-endpoint", self.aws.url, *agent],
            cwd=self.work,
            env={**self.desk.environment, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def shell(self, text: str, seconds: float = SECONDS) -> subprocess.CompletedProcess[str]:
        """A session of a shell that runs `text` from a file and ends with its first error."""
        (self.work / "task.sh").write_text(f"set -e\n{text}")
        return self.run("bash", "task.sh", seconds=seconds)

    def calls(self) -> set[tuple[str, str]]:
        """(IAM action, effect) of every AWS call that the newest session decided on."""
        lines = (self.desk.sessions[-1] / "journal.jsonl").read_text().splitlines()
        decisions = [line for line in map(json.loads, lines) if line["kind"] == "decision"]
        aws = [line for line in decisions if line["request"]["gate"] == "aws"]
        return {(action, line["effect"]) for line in aws for action in line["request"]["action"]["actions"]}


def developers_keys() -> dict[str, str]:
    """What a developer has in the environment: keys that an embedded AWS takes, and none of a real account."""
    return {
        "AWS_ACCESS_KEY_ID": "AKIATRIALDEVELOPER",
        "AWS_SECRET_ACCESS_KEY": "PLANTED-SECRET",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }


def client(aws: EmbeddedAws, service: str) -> Any:
    """A client of our own on the embedded AWS: no session stands between."""
    return boto3.client(
        service,
        endpoint_url=aws.url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(proxies={}, retries={"total_max_attempts": 1}),
    )


@contextmanager
def production() -> Iterator[EmbeddedAws]:
    """An AWS with the demo's estate, and buckets and a table that the scope speaks of."""
    if importlib.util.find_spec("moto") is None:
        missing("moto is not installed")
    with embedded_aws() as aws:
        s3 = client(aws, "s3")
        for name in (SITE, STATES, PRIVATE):
            s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket=PRIVATE, Key="secret.txt", Body=b"PRIVATE-OBJECT")
        client(aws, "dynamodb").create_table(
            TableName="trial",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield aws


def survives(aws: EmbeddedAws) -> None:
    """Fail unless production is whole."""
    left = aws.left()
    assert left.production_lives and left.resources == 14, f"{DATABASE}: {left}"


def stored(aws: EmbeddedAws, bucket: str, key: str) -> bytes | None:
    """An object as it is in the bucket, `None` without one."""
    try:
        return bytes(client(aws, "s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchBucket"):
            return None
        raise


def refused(done: subprocess.CompletedProcess[str]) -> None:
    """Fail unless a program told the rule's reason on one of its outputs."""
    told = " ".join((done.stdout + done.stderr).replace("│", " ").split())  # terraform frames and wraps its errors
    assert DENIED in told and BECAUSE in told, done.stdout + done.stderr


def awscli() -> str:
    """The AWS CLI of this environment."""
    return shutil.which("aws", path=f"{sys.prefix}/bin") or missing("the AWS CLI (awscli) is not installed")
