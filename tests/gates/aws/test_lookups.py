"""Reads about resources, against an embedded AWS on loopback."""

from __future__ import annotations

import io
import json
import socket
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from supervisor.gates.aws.lookups import KEPT_SECONDS, MOST_TAGGED, MOST_TOLD, Lookups
from supervisor.gates.aws.lookups_facts import bytes_in_words
from supervisor.gates.aws.lookups_tags import tags_in
from supervisor.model.request import AccessLevel, AwsCall
from supervisor.policy.irreversible import VERSIONED

pytestmark = pytest.mark.long

REGION, ACCOUNT = "eu-central-1", "123456789012"
DEV = {"env": "dev", "team": "web"}


@dataclass
class Keys:
    """What a broker hands out; `asked` counts how often."""

    access_key: str = "testing"
    secret_key: str = "testing"
    token: str = "session"
    asked: int = 0

    def __call__(self) -> Keys:
        self.asked += 1
        return self


@dataclass
class Clock:
    """Seconds that a test moves."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def cloud() -> Iterator[str]:
    """The URL of an embedded AWS."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def lookups(cloud: str, clock: Clock) -> Iterator[Lookups]:
    """Look-ups in the embedded AWS, which has all the time that a loaded machine needs."""
    made = Lookups(Keys(), cloud, clock, longest_seconds=60)
    yield made
    made.close()


@pytest.fixture(scope="module")
def make(cloud: str) -> Iterator[Any]:
    """Makes a client that sets things up."""
    made: list[Any] = []
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": REGION}

    def client(service: str) -> Any:
        made.append(boto3.client(service, endpoint_url=cloud, **keys))
        return made[-1]

    yield client
    for one in made:
        one.close()


def call(action: str, *arns: str, level: AccessLevel = "write") -> AwsCall:
    """A call that changes these things."""
    service, _, operation = action.partition(":")
    return AwsCall((action,), arns, service, operation, REGION, ACCOUNT, level=level)


def listed(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as most services want them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def instances(make: Any, *tags: dict[str, str]) -> tuple[str, ...]:
    """One machine for each set of tags; their ARNs."""
    ec2 = make("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    arns = []
    for one in tags:
        made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        if one:
            ec2.create_tags(Resources=[made], Tags=listed(one))
        arns.append(f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{made}")
    return tuple(arns)


def test_tags_that_all_have_and_tags_that_some_have(lookups: Lookups, make: Any) -> None:
    """A tag counts as the resources' own where every one of them has it."""
    arns = instances(make, {**DEV, "name": "a"}, {**DEV, "name": "b"}, {"env": "dev"})
    shared, some = lookups.tags(call("ec2:StopInstances", *arns)) or ((), ())
    assert shared == (("env", "dev"),)
    assert some == (("name", "a"), ("name", "b"), ("team", "web"))


def test_no_tags_are_an_answer(lookups: Lookups, make: Any) -> None:
    """What was looked up and has no tags is known to have none."""
    assert lookups.tags(call("ec2:StopInstances", *instances(make, {}))) == ((), ())


def _role(make: Any) -> str:
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = make("iam").create_role(RoleName="deploy", AssumeRolePolicyDocument=policy, Path="/ci/", Tags=listed(DEV))
    return str(role["Role"]["Arn"])


def _function(make: Any) -> str:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as packed:
        packed.writestr("main.py", "def run(event, context): pass\n")
    role = make("iam").create_role(RoleName="runs", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    made = make("lambda").create_function(
        FunctionName="resize",
        Runtime="python3.12",
        Role=role,
        Handler="main.run",
        Code={"ZipFile": code.getvalue()},
        Tags=DEV,
    )
    return str(made["FunctionArn"])


def _bucket(make: Any, name: str, tags: dict[str, str] | None = None, **more: Any) -> str:
    where = {"LocationConstraint": REGION}
    make("s3").create_bucket(Bucket=name, CreateBucketConfiguration=where, **more)
    if tags:
        make("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": listed(tags)})
    return f"arn:aws:s3:::{name}"


def _table(make: Any) -> str:
    made = make("dynamodb").create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=listed(DEV),
    )
    make("dynamodb").put_item(TableName="orders", Item={"id": {"S": "1"}})
    return str(made["TableDescription"]["TableArn"])


def _database(make: Any, name: str, **more: Any) -> str:
    made = make("rds").create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=120,
        MasterUsername="dev",
        MasterUserPassword="a-long-password",
        Tags=listed(DEV),
        **more,
    )
    return str(made["DBInstance"]["DBInstanceArn"])


def _queue(make: Any) -> str:
    url = make("sqs").create_queue(QueueName="jobs", tags=DEV)["QueueUrl"]
    make("sqs").send_message(QueueUrl=url, MessageBody="x")
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs"


def _log_group(make: Any) -> str:
    make("logs").create_log_group(logGroupName="/aws/app", tags=DEV)
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/app:*"


def _key(make: Any) -> str:
    tags = [{"TagKey": key, "TagValue": value} for key, value in DEV.items()]
    return str(make("kms").create_key(Description="orders", Tags=tags)["KeyMetadata"]["Arn"])


MAKERS = {
    "role": _role,
    "function": _function,
    "bucket": lambda make: _bucket(make, "tagged", DEV),
    "table": _table,
    "database": lambda make: _database(make, "tagged"),
    "queue": _queue,
    "topic": lambda make: make("sns").create_topic(Name="news", Tags=listed(DEV))["TopicArn"],
    "key": _key,
    "secret": lambda make: make("secretsmanager").create_secret(Name="pw", SecretString="x", Tags=listed(DEV))["ARN"],
    "log group": _log_group,
    "stack": lambda make: make("cloudformation").create_stack(
        StackName="shop",
        TemplateBody=json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}),
        Tags=listed(DEV),
    )["StackId"],
}
TOLD = {
    "role": {},
    "function": {"runtime": "python3.12"},
    "bucket": {"objects": "0", "size": "0 bytes", "versioning": "off", "object lock": "off"},
    "table": {"items": "1", "deletion protection": "off", "point-in-time recovery": "off"},
    "database": {"size": "120 GB", "deletion protection": "off"},
    "queue": {"messages": "about 1"},
    "topic": {"subscriptions": "0"},
    "key": {"state": "Enabled", "for": "orders"},
    "secret": {},
    "log group": {"size": "0 bytes", "kept for": "ever"},
    "stack": {"resources": "1", "termination protection": "off"},
}


@pytest.fixture(scope="module")
def things(make: Any) -> dict[str, str]:
    """One tagged thing of each kind, by its ARN."""
    return {name: maker(make) for name, maker in MAKERS.items()}


@pytest.mark.parametrize("kind", MAKERS)
def test_every_service_tells_its_tags(lookups: Lookups, things: dict[str, str], kind: str) -> None:
    """The tagging API or the service itself says which tags a thing has."""
    found = lookups.tags(call("x:Delete", things[kind]))
    assert found == (tuple(sorted(DEV.items())), ())


@pytest.mark.parametrize("kind", MAKERS)
def test_every_kind_of_thing_is_told_about(lookups: Lookups, things: dict[str, str], kind: str) -> None:
    """The human reads what would be lost: how much, how well protected."""
    assert TOLD[kind].items() <= dict(lookups.consequences(call("x:Delete", things[kind]))).items()


@pytest.mark.parametrize(
    "arns",
    [
        (),
        ("*",),
        (f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/*",),
        ("arn:aws:s3:::tagged/index.html",),
        ("arn:aws:s3:::nowhere",),
        (f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/nowhere",),
        (f"arn:aws:ec2:{REGION}:{ACCOUNT}:key-pair/prod",),
        (f"arn:aws:unheard:{REGION}:{ACCOUNT}:thing/of",),
        ("not an arn",),
        ("arn:aws:s3:::tagged", "arn:aws:s3:::nowhere"),
        tuple(f"arn:aws:sqs:{REGION}:{ACCOUNT}:q{number}" for number in range(MOST_TAGGED + 1)),
    ],
)
def test_tags_are_told_whole_or_not_at_all(lookups: Lookups, things: dict[str, str], arns: tuple[str, ...]) -> None:
    """One thing that cannot be looked up leaves the tags of the call unknown."""
    assert lookups.tags(call("x:Delete", *arns)) is None


def test_tags_are_kept_for_a_while_and_forgotten_when_they_change(lookups: Lookups, make: Any, clock: Clock) -> None:
    """A change that passed us is seen at once, one that did not when what was kept is old."""
    (arn,) = instances(make, {"env": "dev"})
    ec2, name = make("ec2"), arn.rpartition("/")[2]
    stop = call("ec2:StopInstances", arn)

    def env() -> str:
        found = lookups.tags(stop)
        assert found is not None
        return dict(found[0])["env"]

    assert env() == "dev"
    ec2.create_tags(Resources=[name], Tags=listed({"env": "prod"}))
    assert env() == "dev"
    clock.now += KEPT_SECONDS
    assert env() == "prod"
    ec2.create_tags(Resources=[name], Tags=listed({"env": "test"}))
    lookups.forget((arn,))
    assert env() == "test"
    ec2.create_tags(Resources=[name], Tags=listed({"env": "live"}))
    lookups.forget(())
    assert env() == "live"


def test_credentials_are_asked_for_at_every_read(cloud: str, make: Any, clock: Clock) -> None:
    """Look-ups outlive the keys that they began with."""
    keys = Keys()
    made = Lookups(keys, cloud, clock, longest_seconds=60)
    bucket = _bucket(make, "rotated", DEV)
    assert made.tags(call("s3:DeleteBucket", bucket)) is not None
    before = keys.asked
    clock.now += KEPT_SECONDS
    assert made.tags(call("s3:DeleteBucket", bucket)) is not None
    assert keys.asked > before
    made.close()


def test_the_hosts_aws_settings_do_not_matter(cloud: str, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that does not exist and an endpoint of somebody's change nothing."""
    bucket = _bucket(make, "settings", DEV)
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "nowhere-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    made = Lookups(Keys(), cloud, longest_seconds=60)
    assert made.tags(call("s3:DeleteBucket", bucket)) is not None
    made.close()


def test_without_credentials_nothing_is_known(cloud: str) -> None:
    """A broker that has none leaves tags unknown and the question without facts."""

    def none() -> Keys:
        raise RuntimeError("no credentials")

    made = Lookups(none, cloud, longest_seconds=60)
    assert made.tags(call("s3:DeleteBucket", "arn:aws:s3:::tagged")) is None
    assert made.consequences(call("s3:DeleteBucket", "arn:aws:s3:::tagged")) == ()
    made.close()
    assert made.tags(call("s3:DeleteBucket", "arn:aws:s3:::tagged")) is None, "and none when it is closed"


@dataclass
class Silent:
    """A server that takes connections and says nothing until it is let go."""

    server: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    taken: list[socket.socket] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)

    def serve(self) -> None:
        """Take connections until the end."""
        try:
            while True:
                self.taken.append(self.server.accept()[0])
                self.came.set()
        except OSError:
            return


def test_an_aws_that_says_nothing_is_not_waited_for(clock: Clock) -> None:
    """When the time is over the tags are unknown, though the read has not ended."""
    silent = Silent()
    thread = threading.Thread(target=silent.serve)
    thread.start()
    made = Lookups(Keys(), f"http://127.0.0.1:{silent.server.getsockname()[1]}", clock, longest_seconds=0.05)
    # Each wait is cut off by the time that is left, so that a read that never ends cannot hold it.
    assert made.tags(call("s3:DeleteBucket", "arn:aws:s3:::tagged")) is None
    assert made.consequences(call("s3:DeleteBucket", "arn:aws:s3:::tagged")) == ()
    silent.server.shutdown(socket.SHUT_RDWR)
    silent.server.close()
    thread.join(10)
    for connection in silent.taken:
        connection.close()
    made.close()


def test_a_database_with_snapshots(lookups: Lookups, make: Any) -> None:
    """How many there are, and when the last one was made."""
    arn = _database(make, "orders-prod", DeletionProtection=True)
    for name in ("one", "two"):
        make("rds").create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier="orders-prod")
    found = dict(lookups.consequences(call("rds:DeleteDBInstance", arn)))
    assert found["deletion protection"] == "on" and found["last snapshot"].endswith(" UTC")
    assert int(found["snapshots"]) >= 2 and found["engine"].startswith("postgres")


def test_machines_and_disks(lookups: Lookups, make: Any) -> None:
    """A machine's name, state and protection; a disk's size and snapshots; of several each by its name."""
    one, two = instances(make, {"Name": "web-1"}, {"Name": "web-2"})
    found = dict(lookups.consequences(call("ec2:TerminateInstances", one)))
    assert found["name"] == "web-1" and found["state"] == "running" and found["termination protection"] == "off"
    both = dict(lookups.consequences(call("ec2:TerminateInstances", one, two)))
    assert both[two.rpartition(":")[2]].startswith("name web-2, ")
    volume = make("ec2").create_volume(Size=80, AvailabilityZone=f"{REGION}a")["VolumeId"]
    make("ec2").create_snapshot(VolumeId=volume)
    disk = dict(lookups.consequences(call("ec2:DeleteVolume", f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/{volume}")))
    assert disk["size"] == "80 GB" and disk["snapshots"] == "1"


def test_objects_of_a_bucket(lookups: Lookups, make: Any) -> None:
    """Of one object its size, of many what their bucket keeps of them; of a bucket how much is in it at least."""
    bucket = _bucket(make, "logs", ObjectLockEnabledForBucket=True)
    for number in range(3):
        make("s3").put_object(Bucket="logs", Key=f"2025/{number}", Body=b"x" * 2000)
    one = dict(lookups.consequences(call("s3:DeleteObject", f"{bucket}/2025/1")))
    assert one["there now"].startswith("2.0 KB, written 20") and one["object lock"] == "on"
    many = lookups.consequences(call("s3:DeleteObject", *(f"{bucket}/2025/{number}" for number in range(1000))))
    assert VERSIONED in many and not any(label == "there now" for label, _ in many)
    whole = dict(lookups.consequences(call("s3:DeleteBucket", bucket)))
    assert whole["objects"] == "3" and whole["size"] == "6.0 KB"
    assert ("there now", "nothing") in lookups.consequences(call("s3:PutObject", f"{bucket}/new"))


def test_objects_of_two_buckets_are_not_said_to_come_back(lookups: Lookups, make: Any) -> None:
    """What one bucket keeps says nothing of the other one."""
    kept = _bucket(make, "kept", ObjectLockEnabledForBucket=True)
    lost = _bucket(make, "lost")
    found = lookups.consequences(call("s3:DeleteObject", f"{kept}/1", f"{lost}/1"))
    assert VERSIONED not in found and dict(found)["lost"] == "versioning off, object lock off"


def test_of_many_things_the_first_are_told(lookups: Lookups, make: Any) -> None:
    """The rest is counted."""
    arns = instances(make, *({"Name": f"m{number}"} for number in range(MOST_TOLD + 2)))
    found = lookups.consequences(call("ec2:TerminateInstances", *arns))
    assert len(found) == MOST_TOLD + 1 and found[-1] == ("looked up", "5 of 7")


def test_reads_are_not_looked_up(lookups: Lookups) -> None:
    """What only reads destroys nothing, and what is unknown has no facts."""
    assert lookups.consequences(call("s3:GetObject", "arn:aws:s3:::logs/1", level="read")) == ()
    assert lookups.consequences(call("x:Delete", "*")) == ()
    assert lookups.consequences(call("x:Delete", f"arn:aws:unheard:{REGION}:{ACCOUNT}:thing/of")) == ()


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (3100, "3.1 KB"), (1_200_000_000_000, "1.2 TB"), (10**16, "10,000.0 TB")],
)
def test_sizes_in_words(count: int, words: str) -> None:
    """Sizes are told in units of 1,000."""
    assert bytes_in_words(count) == words


@pytest.mark.parametrize("listed", ["x", 7, [1], [{"Key": 1, "Value": "x"}], [{"Value": "x"}], {"a": 1}])
def test_tags_of_an_unknown_shape_are_none(listed: object) -> None:
    """What is not understood is never taken for no tags."""
    with pytest.raises(Exception, match="unknown shape"):
        tags_in(listed)
