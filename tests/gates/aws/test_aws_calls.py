"""Calls of real SDK clients through the gate to an embedded AWS."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from supervisor.errors import HostError
from supervisor.gates.protocol import HELD
from supervisor.model.decision import By, Verdict
from supervisor.model.effect import Effect
from tests.gates.aws.conftest import Made
from tests.gates.aws.gate_stage import REGION, Stage
from tests.gates.network.stage import ALLOW, wait_for

BUCKET = "trial"
NO = Verdict(Effect.DENY, By.POLICY, "agent-supervise: denied: site.yaml:12 keeps databases out (ask for rds:Delete*)")
KEYS = ("plain.txt", "a b/ü+%2F&=#.txt", "~'()!$,:@;.bin", "folder//twice/", "日本語/🎈")


@pytest.fixture
def bucket(gate: Made) -> Stage:
    """A gate that allows everything, and a bucket behind it."""
    stage = gate()
    s3 = stage.direct("s3")
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return stage


@pytest.fixture
def by_tunnel(bucket: Stage, tmp_path: Path) -> object:
    """An S3 client that goes to AWS's own host by the proxy, over TLS with the session's certificate."""
    pem = tmp_path / "authority.pem"
    pem.write_text(bucket.authority.pem)
    proxies = {"https": f"http://127.0.0.1:{bucket.port}"}
    return bucket.client("s3", endpoint_url=None, verify=str(pem), config=Config(proxies=proxies))


@pytest.mark.parametrize("key", KEYS)
def test_objects_go_up_and_down_unchanged(bucket: Stage, key: str) -> None:
    """Whatever an object is called, what was put is what is got, and both calls name it."""
    s3, body = bucket.client("s3"), bytes(range(256)) * 300
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == body
    assert bucket.direct("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read() == body
    put, got = bucket.calls()
    assert (put.operation, got.operation) == ("PutObject", "GetObject")
    assert put.resources == got.resources == (f"arn:aws:s3:::{BUCKET}/{key}",)


def test_a_tunnel_to_an_aws_host_ends_at_the_gate(bucket: Stage, by_tunnel: object) -> None:
    """By the proxy way the client speaks TLS to AWS's name, with virtual-host buckets and chunks with a trailer."""
    s3, body = by_tunnel, b"x" * 300_000
    s3.put_object(Bucket=BUCKET, Key="tunnel", Body=io.BytesIO(body), ChecksumAlgorithm="CRC32")  # type: ignore[attr-defined]
    assert bucket.direct("s3").get_object(Bucket=BUCKET, Key="tunnel")["Body"].read() == body
    assert [call.resources for call in bucket.calls()] == [(f"arn:aws:s3:::{BUCKET}/tunnel",)]


@pytest.mark.parametrize("way", ["endpoint", "tunnel"])
def test_multipart_both_ways(bucket: Stage, by_tunnel: object, way: str, tmp_path: Path) -> None:
    """A large file goes up in parts and comes down in ranges, several at once, and is the same file."""
    s3 = by_tunnel if way == "tunnel" else bucket.client("s3")
    source, target = tmp_path / "up", tmp_path / "down"
    source.write_bytes(hashlib.sha256(b"seed").digest() * (13 * 1024 * 32))
    config = TransferConfig(multipart_threshold=1, multipart_chunksize=5 * 1024 * 1024, max_concurrency=4)
    s3.upload_file(str(source), BUCKET, f"large-{way}", Config=config)  # type: ignore[attr-defined]
    s3.download_file(BUCKET, f"large-{way}", str(target), Config=config)  # type: ignore[attr-defined]
    assert target.read_bytes() == source.read_bytes()
    assert {"CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "GetObject"} <= {
        call.operation for call in bucket.calls()
    }


def test_a_presigned_url_is_good_for_what_it_was_made_for(bucket: Stage) -> None:
    """A URL that the agent signs leads through the gate, is checked and decided like any call, and works."""
    bucket.direct("s3").put_object(Bucket=BUCKET, Key="signed", Body=b"hello")
    url = bucket.client("s3").generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "signed"})
    status, _, body = _request(bucket, "GET", url.partition(f":{bucket.port}")[2])
    assert (status, body) == (200, b"hello")
    status, _, body = _request(bucket, "GET", url.partition(f":{bucket.port}")[2].replace("signed?", "other?"))
    assert status == 403 and b"SignatureDoesNotMatch" in body
    assert [call.operation for call in bucket.calls()] == ["GetObject"]


class _Watched(io.BytesIO):
    """A body that keeps whether it was read from a network's point of view."""

    sent = 0

    def read(self, count: int | None = -1) -> bytes:
        data = super().read(count)
        self.sent += len(data)
        return data


def test_the_body_of_a_refused_upload_is_never_sent(gate: Made) -> None:
    """A client that waits with its body (Expect: 100-continue) hears the denial instead of the go-ahead."""
    stage = gate(NO)
    body = _Watched(b"x" * 5_000_000)
    s3 = stage.client(
        "s3", config=Config(s3={"payload_signing_enabled": False}, request_checksum_calculation="when_required")
    )
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket=BUCKET, Key="big", Body=body, ContentMD5="aaaaaaaaaaaaaaaaaaaaaa==")
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    hashed_once = 5_000_000
    assert body.sent <= hashed_once
    assert stage.broker.asked == []


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code"),
    [
        (
            "rds",
            "delete_db_instance",
            {"DBInstanceIdentifier": "shop-production", "SkipFinalSnapshot": True},
            "AccessDenied",
        ),
        ("ec2", "describe_vpcs", {}, "UnauthorizedOperation"),
        ("dynamodb", "list_tables", {}, "AccessDeniedException"),
        ("s3", "list_buckets", {}, "AccessDenied"),
        ("lambda", "list_functions", {}, "AccessDeniedException"),
        ("cloudfront", "list_distributions", {}, "AccessDenied"),
        ("cloudwatch", "list_dashboards", {}, "AccessDeniedException"),
    ],
)
def test_a_denied_call_tells_the_rule_in_the_service_s_own_form(
    gate: Made, service: str, operation: str, parameters: dict[str, object], code: str
) -> None:
    """Every protocol's client parses the error and shows the message; nothing is signed, production is there."""
    stage = gate(NO)
    with pytest.raises(ClientError) as caught:
        getattr(stage.client(service), operation)(**parameters)
    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == (code, NO.message)
    assert stage.broker.asked == []
    assert stage.direct("rds").describe_db_instances(DBInstanceIdentifier="shop-production")["DBInstances"]


def test_a_head_request_is_denied_without_a_body(gate: Made) -> None:
    """HEAD has no body to say why in: the status is 403 all the same."""
    stage = gate(NO)
    with pytest.raises(ClientError) as caught:
        stage.client("s3").head_object(Bucket=BUCKET, Key="k")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.mark.parametrize("operation", ["assume_role", "get_session_token", "get_federation_token"])
def test_credentials_are_never_handed_out(gate: Made, operation: str) -> None:
    """A call whose answer holds credentials is refused even where the scope allows it, and is on record."""
    stage = gate()
    needs = {
        "assume_role": {"RoleArn": "arn:aws:iam::123456789012:role/admin", "RoleSessionName": "me"},
        "get_federation_token": {"Name": "me"},
    }
    with pytest.raises(ClientError, match="hands out credentials"):
        getattr(stage.client("sts"), operation)(**needs.get(operation, {}))
    assert len(stage.calls()) == 1 and stage.broker.asked == []


def test_s3_express_is_refused_in_words(gate: Made) -> None:
    """A directory bucket's calls want credentials of their own, which nobody in the cell gets."""
    stage = gate()
    s3 = stage.client("s3", config=Config(s3={"disable_s3_express_session_auth": True}))
    with pytest.raises(ClientError, match="S3 Express"):
        s3.get_object(Bucket="trial--euc1-az1--x-s3", Key="k")
    assert stage.desk.requests == []


# ── who may call ─────────────────────────────────────────────────────────────────────────────────


def _other(stage: Stage, **keys: str) -> object:
    own = stage.placeholder
    return boto3.client(
        "dynamodb",
        endpoint_url=f"http://127.0.0.1:{stage.port}",
        region_name=REGION,
        aws_access_key_id=keys.get("key", own.access_key),
        aws_secret_access_key=keys.get("secret", own.secret_key),
        aws_session_token=keys.get("token", own.token),
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"secret": "x" * 40}, "InvalidSignatureException"),
        ({"key": "AKIAIOSFODNN7EXAMPLE"}, "UnrecognizedClientException"),
        ({"token": "another"}, "UnrecognizedClientException"),
    ],
)
def test_only_this_session_s_placeholders_are_served(gate: Made, keys: dict[str, str], code: str) -> None:
    """A call that is signed with anything else is refused unasked, and that is on record."""
    stage = gate()
    with pytest.raises(ClientError) as caught:
        _other(stage, **keys).list_tables()  # type: ignore[attr-defined]
    assert caught.value.response["Error"]["Code"] == code
    assert stage.desk.requests == []
    assert any("dynamodb:ListTables was refused unasked" in fault for fault in stage.desk.faults)


def test_a_clock_that_is_wrong_is_named(gate: Made) -> None:
    """A signature from another time is refused with AWS's word for it."""
    stage = gate()
    stage.moved[0] = timedelta(minutes=20)
    with pytest.raises(ClientError) as caught:
        stage.client("s3").list_buckets()
    assert caught.value.response["Error"]["Code"] == "RequestTimeTooSkewed"
    assert stage.desk.requests == []


def test_an_unsigned_request_is_refused(gate: Made) -> None:
    """Who signs nothing gets nothing."""
    stage = gate()
    status, _, _ = _request(stage, "GET", f"/{BUCKET}/k")
    assert status in (400, 403)
    assert stage.desk.requests == [] and stage.desk.faults


def test_a_host_that_differs_from_the_tunnel_is_refused(bucket: Stage) -> None:
    """In a tunnel to one AWS host no request for another is served."""
    context = ssl.create_default_context(cadata=bucket.authority.pem)
    with bucket.connect() as raw:
        raw.sendall(
            b"CONNECT sqs.eu-central-1.amazonaws.com:443 HTTP/1.1\r\nHost: sqs.eu-central-1.amazonaws.com:443\r\n\r\n"
        )
        assert raw.recv(1000).startswith(b"HTTP/1.1 200")
        with context.wrap_socket(raw, server_hostname="sqs.eu-central-1.amazonaws.com") as tls:
            tls.sendall(b"GET / HTTP/1.1\r\nHost: iam.amazonaws.com\r\n\r\n")
            answer = tls.recv(2000)
    assert answer.startswith(b"HTTP/1.1 400") and b"in a tunnel to" in answer


# ── asking ───────────────────────────────────────────────────────────────────────────────────────


def test_a_held_call_goes_on_when_it_is_allowed(gate: Made) -> None:
    """The client waits, a human allows, the call is sent with credentials for a human's answer."""
    stage = gate(HELD)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(stage.client("dynamodb").list_tables)
        wait_for(lambda: stage.desk.requests, "it was asked")
        stage.gate.deliver("r1", Verdict(Effect.ALLOW, By.HUMAN))
        assert answer.result(timeout=20)["TableNames"] is not None
    assert [by for _, by in stage.broker.asked] == [By.HUMAN]


def test_a_denied_question_reaches_the_client_in_words(gate: Made) -> None:
    """What the human wrote is the error's message."""
    stage = gate(HELD)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(stage.client("dynamodb").list_tables)
        wait_for(lambda: stage.desk.requests, "it was asked")
        stage.gate.deliver("r1", Verdict(Effect.DENY, By.HUMAN, "agent-supervise: denied: use the replica"))
        with pytest.raises(ClientError, match="use the replica"):
            answer.result(timeout=20)


@pytest.mark.parametrize("mode", ["legacy", "standard"])
def test_a_retry_finds_the_question_that_was_asked_before(gate: Made, mode: str) -> None:
    """After its time the client is told to come again; its retry waits for the same question and gets its answer."""
    stage = gate(HELD, hold_seconds=0.2)
    config = Config(retries={"mode": mode, "total_max_attempts": 8})
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(stage.client("dynamodb", config=config).list_tables)
        wait_for(lambda: stage.desk.requests, "it was asked")
        threading.Timer(1.0, stage.gate.deliver, ("r1", Verdict(Effect.ALLOW, By.HUMAN))).start()
        made = answer.result(timeout=30)
    assert made["ResponseMetadata"]["RetryAttempts"] >= 1
    assert len(stage.desk.requests) == 1, "one question, however often the client came"
    assert stage.desk.withdrawn == []
    assert len(stage.broker.asked) == 1


def test_an_answer_is_used_once(gate: Made) -> None:
    """What one retry was allowed does not let the next equal call through."""
    stage = gate(HELD, hold_seconds=0.1)
    one = stage.client("dynamodb", config=Config(retries={"total_max_attempts": 1}))
    with pytest.raises(ClientError, match="ThrottlingException"):
        one.list_tables()
    stage.gate.deliver("r1", ALLOW)
    assert one.list_tables()["TableNames"] is not None
    with pytest.raises(ClientError, match="ThrottlingException"):
        one.list_tables()
    assert [request.id for request in stage.desk.requests] == ["r1", "r2"]


def test_a_client_that_never_comes_back_is_withdrawn(gate: Made) -> None:
    """A question whose client stays away is taken back, so that nobody answers into the void."""
    stage = gate(HELD, hold_seconds=0.1, return_seconds=0.1)
    with pytest.raises(ClientError, match="ThrottlingException"):
        stage.client("dynamodb").list_tables()
    wait_for(lambda: stage.desk.withdrawn, "it was withdrawn")
    assert stage.desk.withdrawn[0][0] == "r1"


def test_a_client_that_hangs_up_is_withdrawn(gate: Made) -> None:
    """Ctrl-C in the agent's tool takes the question back."""
    stage = gate(HELD)
    impatient = stage.client("dynamodb", config=Config(read_timeout=0.3))
    with pytest.raises((ReadTimeoutError, ConnectionClosedError)):
        impatient.list_tables()
    wait_for(lambda: stage.desk.withdrawn, "it was withdrawn")


def test_a_question_shows_what_was_looked_up(gate: Made) -> None:
    """Tags and consequences stand in the call that is asked about; a tagging call makes them forgotten."""
    stage = gate()
    stage.lookups.known = ((("env", "dev"),), (("owner", "x"),))
    stage.lookups.facts, stage.effect[0] = (("items", "1,943,200"),), Effect.ASK
    stage.client("dynamodb").list_tables()
    call = stage.calls()[-1]
    assert (call.tags, call.some_tags, call.facts) == ((("env", "dev"),), (("owner", "x"),), (("items", "1,943,200"),))
    arn = f"arn:aws:rds:{REGION}:123456789012:db:shop-production"
    stage.client("rds").add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "env", "Value": "dev"}])
    assert arn in stage.lookups.forgotten


# ── what breaks ──────────────────────────────────────────────────────────────────────────────────


def test_credentials_that_cannot_be_had_are_said(gate: Made) -> None:
    """An allowed call without credentials is not sent; the client and the record hear why and what to do."""
    stage = gate()
    stage.broker.error = HostError("your SSO login has expired", fix="run aws sso login")
    with pytest.raises(ClientError, match="your SSO login has expired; to go on: run aws sso login"):
        stage.client("dynamodb").list_tables()
    assert stage.answers() == [("r1", 0, "", "your SSO login has expired")]


@contextmanager
def _upstream(answer: bytes) -> Iterator[str]:
    """A server that reads a little, says `answer` and closes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "hung up without an answer"),
        (b"garbage\r\n\r\n", "answers with something that is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "hung up without an answer"),
    ],
)
def test_an_upstream_that_answers_garbage_is_named(gate: Made, answer: bytes, said: str) -> None:
    """A reset, garbage or half a head upstream is an error that clients may retry, and is on record."""
    with _upstream(answer) as url:
        stage = gate(upstream=url)
        with pytest.raises(ClientError, match=said):
            stage.client("dynamodb").list_tables()
        assert stage.answers()[0][1] == 0


def test_an_upstream_that_is_down_is_named(gate: Made) -> None:
    """Where nothing listens the client hears that, in its protocol."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    stage = gate(upstream=f"http://127.0.0.1:{port}")
    with pytest.raises(ClientError, match="cannot be reached"):
        stage.client("s3").list_buckets()
    assert stage.answers()[0][1] == 0


def test_an_answer_that_breaks_off_breaks_off_for_the_client(gate: Made) -> None:
    """A body that is cut short upstream is cut short for the client too: never a whole-looking half."""
    with _upstream(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}") as url:
        stage = gate(upstream=url)
        signed = stage.client("s3").generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "k"})
        with pytest.raises(http.client.IncompleteRead):
            _request(stage, "GET", signed.partition(f":{stage.port}")[2])
        assert "broke off its answer" in stage.answers()[0][3]


def test_a_body_that_is_cut_short_is_never_decided_on(gate: Made) -> None:
    """Half a body is no request."""
    stage = gate()
    with stage.connect() as raw:
        raw.sendall(
            b"POST / HTTP/1.1\r\nHost: dynamodb.eu-central-1.amazonaws.com\r\n"
            b"X-Amz-Target: DynamoDB_20120810.ListTables\r\n"
            b"Content-Type: application/x-amz-json-1.0\r\nContent-Length: 100\r\n\r\n{"
        )
        raw.shutdown(socket.SHUT_WR)
        raw.settimeout(10)
        raw.recv(1000)
    assert stage.desk.requests == []


def test_a_body_too_long_to_read_is_refused_before_it_is_sent(gate: Made) -> None:
    """A call that has to be read to be decided has a limit, told from its announced length."""
    stage = gate()
    head = (
        b"POST / HTTP/1.1\r\nHost: dynamodb.eu-central-1.amazonaws.com\r\nX-Amz-Target: DynamoDB_20120810.PutItem\r\n"
        b"Content-Type: application/x-amz-json-1.0\r\nContent-Length: 200000000\r\nExpect: 100-continue\r\n\r\n"
    )
    with stage.connect() as raw:
        raw.sendall(head)
        assert raw.recv(1000).startswith(b"HTTP/1.1 413")


def test_sixteen_clients_at_once(bucket: Stage) -> None:
    """Many calls at once each get their own answer."""

    def one(number: int) -> bool:
        s3 = bucket.client("s3")
        for turn in range(4):
            body = json.dumps([number, turn]).encode() * 1000
            s3.put_object(Bucket=BUCKET, Key=f"many/{number}", Body=body)
            if s3.get_object(Bucket=BUCKET, Key=f"many/{number}")["Body"].read() != body:
                return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(one, range(16)))
    assert len(bucket.calls()) == 16 * 8


def _request(stage: Stage, method: str, target: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    link = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=20)
    try:
        link.request(method, target, body or None)
        answer = link.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        link.close()
