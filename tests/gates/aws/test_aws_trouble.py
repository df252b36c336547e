"""What goes wrong beyond the gate: who is told what, how often, and what is done about it."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from supervisor.errors import HostError, ScopeError, UsageError
from supervisor.gates.aws.holding import Holding
from supervisor.gates.aws.outgoing import sign
from supervisor.gates.aws.rejections import rejection
from tests.e2e.crooked_aws import Crooked, crooked, error, hangs_up, keeps_silent, resets, says
from tests.gates.aws.conftest import Made
from tests.gates.aws.gate_stage import Stage
from tests.gates.network.stage import wait_for

pytestmark = pytest.mark.long

LIST = b"DynamoDB_20120810.ListTables"


@pytest.fixture
def aws(cloud: str) -> Iterator[Crooked]:
    """An AWS that can be broken."""
    with crooked(cloud) as before:
        yield before


def _list(stage: Stage) -> str:
    """What the client is told of a call."""
    try:
        stage.client("dynamodb").list_tables()
    except ClientError as refused:
        return str(refused)
    return "fine"


# ── what the session is told ─────────────────────────────────────────────────────────────────────


def test_one_trouble_is_told_once(gate: Made, aws: Crooked) -> None:
    """Equal failures are one line of the record until a call gets through; then they are news again."""
    stage = gate(upstream=aws.url)
    aws.broken[LIST] = hangs_up
    for _ in range(3):
        assert "hung up without an answer" in _list(stage)
    assert len(stage.desk.faults) == 1 and "calls fail: 127.0.0.1:" in stage.desk.faults[0]
    aws.broken.clear()
    assert _list(stage) == "fine"
    aws.broken[LIST] = hangs_up
    _list(stage)
    assert len(stage.desk.faults) == 2
    assert [status for _, status, _, _ in stage.answers(5)] == [0, 0, 0, 200, 0]


def test_another_trouble_is_told_too(gate: Made, aws: Crooked) -> None:
    """What changes is told, whatever was told before."""
    stage = gate(upstream=aws.url)
    for broken, said in ((hangs_up, "hung up"), (says(b"nonsense\r\n\r\n"), "not HTTP")):
        aws.broken[LIST] = broken
        assert said in _list(stage)
        assert said in stage.desk.faults[-1]
    assert len(stage.desk.faults) == 2


def test_a_fault_that_is_everybodys_is_told_once(gate: Made) -> None:
    """Credentials that cannot be had are the matter with every service, and one line."""
    stage = gate()
    stage.broker.error = HostError("the sign-in is over", fix="aws sso login")
    for service, call in (("dynamodb", "list_tables"), ("s3", "list_buckets"), ("rds", "describe_db_instances")):
        with pytest.raises(ClientError, match="the sign-in is over; to go on: aws sso login"):
            getattr(stage.client(service), call)()
    assert stage.desk.faults == ["calls fail: the sign-in is over; to go on: aws sso login"]


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (HostError("not now"), "ServiceUnavailableException"),
        (ScopeError("too long a policy"), "AccessDeniedException"),
        (UsageError("no such profile"), "AccessDeniedException"),
    ],
)
def test_only_what_may_pass_is_tried_again(gate: Made, raised: Exception, code: str) -> None:
    """An SDK repeats a call whose credentials may be back in a moment, and no other."""
    stage = gate()
    stage.broker.error = raised
    retrying = Config(retries={"total_max_attempts": 2, "mode": "standard"})
    with pytest.raises(ClientError, match=str(raised)) as caught:
        stage.client("dynamodb", config=retrying).list_tables()
    assert caught.value.response["Error"]["Code"] == code
    assert len(stage.broker.asked) == (2 if code.startswith("Service") else 1)


# ── what the cloud does ──────────────────────────────────────────────────────────────────────────


def test_an_sdk_gets_over_a_cloud_that_stumbles(gate: Made, aws: Crooked) -> None:
    """A reset is told as an error that SDKs repeat by themselves, and the next try arrives."""
    stage = gate(upstream=aws.url)

    def once(client: object) -> None:
        del aws.broken[LIST]
        resets(client)  # type: ignore[arg-type]

    aws.broken[LIST] = once
    retrying = Config(retries={"total_max_attempts": 3, "mode": "standard"})
    assert "TableNames" in stage.client("dynamodb", config=retrying).list_tables()
    assert [status for _, status, _, _ in stage.answers(2)] == [0, 200]


def test_half_an_answer_is_told_in_the_panel(gate: Made, aws: Crooked) -> None:
    """Some clients take half a body for a whole one (botocore does for JSON): the session hears which host did that."""
    stage = gate(upstream=aws.url)
    aws.broken[LIST] = says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{")
    _list(stage)
    wait_for(lambda: stage.desk.faults, "the fault is told")
    assert "broke off its answer" in stage.desk.faults[0]
    assert stage.answers()[0][1] == 200


def test_a_redirect_is_no_answer(gate: Made, aws: Crooked) -> None:
    """Nothing is followed to where a redirect leads; a client hears of it in words."""
    stage = gate(upstream=aws.url)
    aws.broken[LIST] = says(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    assert "answers with a redirect" in _list(stage)
    assert aws.count(b"HTTP/1.1") == 1


def test_s3_may_name_another_region(gate: Made, aws: Crooked) -> None:
    """S3's own redirect reaches the client, which asks in the bucket's region: that is a call of its own."""
    stage = gate(upstream=aws.url)
    stage.direct("s3").create_bucket(
        Bucket="moved-away", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    body = b"<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message><Bucket>moved-away</Bucket></Error>"
    aws.broken[b"/us-east-1/s3/"] = says(
        b"HTTP/1.1 301 Moved Permanently\r\nx-amz-bucket-region: eu-central-1\r\nContent-Type: application/xml\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    s3 = stage.client("s3", region_name="us-east-1", config=Config(retries={"total_max_attempts": 3}))
    assert s3.list_objects_v2(Bucket="moved-away")["KeyCount"] == 0
    regions = [call.region for call in stage.calls()]
    assert regions[0] == "us-east-1" and regions[-1] == "eu-central-1"


# ── our credentials are refused ──────────────────────────────────────────────────────────────────


def test_an_upload_goes_on_when_its_credentials_end_between_parts(gate: Made, aws: Crooked, tmp_path: Path) -> None:
    """Each part is signed for itself; one whose session has ended is sent again with a new one, and nothing is lost."""
    stage = gate(upstream=aws.url)
    stage.direct("s3").create_bucket(Bucket="parts", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    retrying = Config(retries={"total_max_attempts": 4, "mode": "standard"})
    s3 = stage.client("s3", config=retrying)
    upload = s3.create_multipart_upload(Bucket="parts", Key="k")["UploadId"]
    parts = []
    for number in (1, 2, 3):
        if number == 2:
            aws.broken[b"partNumber=2"] = error(400, "ExpiredToken", "The provided token has expired.")

            def renewed(access_key: str, code: str) -> str:
                assert code == "ExpiredToken"
                aws.broken.clear()
                return "the next try has new ones"

            stage.broker.rejected = renewed  # type: ignore[method-assign]
        body = bytes([number]) * (5 << 20)
        told = s3.upload_part(Bucket="parts", Key="k", UploadId=upload, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": told["ETag"]})
    s3.complete_multipart_upload(Bucket="parts", Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
    stored = stage.direct("s3").get_object(Bucket="parts", Key="k")["Body"].read()
    assert stored == b"".join(bytes([number]) * (5 << 20) for number in (1, 2, 3))
    assert any("AWS does not take the credentials that this session signs with" in one for one in stage.desk.faults)


def test_our_credentials_are_no_matter_of_the_clients(gate: Made, aws: Crooked) -> None:
    """A client never hears that a token of its own has expired; it hears what to do, and the broker hears of it."""
    stage = gate(upstream=aws.url)
    stage.broker.follows = "they are those of profile work; to go on: sign in again"
    body = b'{"__type":"com.amazon.coral.service#ExpiredTokenException","message":"The security token is expired"}'
    aws.broken[LIST] = says(
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.0\r\nx-amzn-RequestId: from-aws\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    told = _list(stage)
    assert "ServiceUnavailable" in told and "(ExpiredTokenException): they are those of profile work" in told
    assert "The security token is expired" not in told
    assert stage.broker.rejections == [("testing", "ExpiredTokenException")]
    assert stage.answers()[0][:3] == ("r1", 400, "from-aws")


def test_other_errors_of_the_cloud_pass_as_they_are(gate: Made, aws: Crooked) -> None:
    """Also long ones: what the cloud says is what the client hears."""
    stage = gate(upstream=aws.url)
    body = b'{"__type":"AccessDeniedException","message":"' + b"no " * 20_000 + b'"}'
    aws.broken[LIST] = says(b"HTTP/1.1 400 Bad\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    with pytest.raises(ClientError) as caught:
        stage.client("dynamodb").list_tables()
    assert caught.value.response["Error"] == {"Message": "no " * 20_000, "Code": "AccessDeniedException"}
    assert not stage.broker.rejections and not stage.desk.faults


@pytest.mark.parametrize(
    ("status", "headers", "start", "code"),
    [
        (400, {}, b"<Error><Code>ExpiredToken</Code><Message>x</Message></Error>", "ExpiredToken"),
        (400, {}, b"<Error><Code>InvalidToken</Code></Error>", "InvalidToken"),
        (403, {}, b"<ErrorResponse><Error><Code> InvalidClientTokenId </Code>", "InvalidClientTokenId"),
        (400, {}, b"<Response><Errors><Error><Code>RequestExpired</Code>", "RequestExpired"),
        (400, {"x-amzn-errortype": "UnrecognizedClientException:http://x/"}, b"", "UnrecognizedClientException"),
        (400, {"x-amzn-errortype": "a.b#ExpiredTokenException"}, b"{}", "ExpiredTokenException"),
        (400, {}, b'{"__type" : "ExpiredTokenException"}', "ExpiredTokenException"),
        (200, {}, b"<Code>ExpiredToken</Code>", ""),
        (503, {}, b"<Code>ExpiredToken</Code>", ""),
        (400, {}, b'{"__type":"InvalidToken"}', ""),
        (400, {"x-amzn-errortype": "ValidationException"}, b'{"message":"<Code>ExpiredToken</Code>"}', ""),
        (400, {}, b"<Error><Code>NoSuchKey</Code><Message>Code ExpiredToken</Message></Error>", ""),
        (403, {}, b"", ""),
        (400, {}, b"\xff\x00<Code>", ""),
    ],
)
def test_a_rejection_is_told_from_other_errors(status: int, headers: dict[str, str], start: bytes, code: str) -> None:
    """Each protocol has its own place for the code, and what a message quotes is none."""
    assert rejection(status, headers, start) == code


# ── what is not understood ───────────────────────────────────────────────────────────────────────


def test_a_refusal_says_whose_it_is_and_which_request_it_was(gate: Made) -> None:
    """An operation that the index does not know is named to the client and in the record, and nothing is sent."""
    stage = gate()
    dynamodb = stage.client("dynamodb")
    dynamodb.meta.events.register(
        "before-sign.dynamodb.ListTables",
        lambda request, **_: request.headers.replace_header("X-Amz-Target", "DynamoDB_20120810.TeleportTable"),
    )
    with pytest.raises(ClientError, match=r"agent-supervise: refused: POST / DynamoDB_20120810\.TeleportTable: "):
        dynamodb.list_tables()
    assert "POST / DynamoDB_20120810.TeleportTable" in stage.desk.faults[0]
    assert not stage.desk.requests and not stage.broker.asked


def test_a_clock_that_is_off_is_told_as_ours(gate: Made) -> None:
    """The error says that it is not AWS's clock that the client's differs from."""
    stage = gate()
    stage.moved[0] += timedelta(minutes=10)
    with pytest.raises(ClientError, match=r"agent-supervise: refused: Signature expired: .* our clock"):
        stage.client("dynamodb").list_tables()
    assert "dynamodb:ListTables was refused unasked: Signature expired" in stage.desk.faults[0]


def test_a_slow_cloud_is_waited_for_by_whoever_asks(gate: Made, aws: Crooked) -> None:
    """Other calls go on meanwhile, and a client that gives up is on record as such."""
    stage = gate(upstream=aws.url)
    aws.broken[LIST] = keeps_silent
    impatient = Config(read_timeout=1)
    with pytest.raises(Exception, match=r"(?i)read timeout"):
        stage.client("dynamodb", config=impatient).list_tables()
    stage.client("s3").list_buckets()
    details = [detail for _, status, _, detail in stage.answers(2) if not status]
    assert details == ["the client hung up"]


# ── bodies that are not what was signed ──────────────────────────────────────────────────────────

PIECE = 65_536
SENTINEL = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"


def _put(
    stage: Stage,
    key: str,
    data: bytes,
    *,
    spoil: int = -1,
    sent: float = 1.0,
    started: Callable[[], object] = lambda: True,
) -> bytes:
    """Upload in signed chunks; `spoil` is the chunk whose signature is wrong, `sent` how much of the body arrives.

    A client that sends less hangs up once `started` is true.
    """
    chunks = [data[start : start + PIECE] for start in range(0, len(data), PIECE)] + [b""]
    url = f"http://127.0.0.1:{stage.port}/chunked/{key}"
    headers = [("x-amz-decoded-content-length", str(len(data))), ("content-encoding", "aws-chunked")]
    signed = sign("PUT", url, headers, SENTINEL, stage.placeholder, "s3", "eu-central-1", datetime.now(UTC))
    signer, body = signed.chunks(), b""
    for number, chunk in enumerate(chunks):
        signature = signer.chunk(hashlib.sha256(chunk).hexdigest())
        told = "0" * 64 if number == spoil else signature
        body += b"%x;chunk-signature=%s\r\n%s\r\n" % (len(chunk), told.encode(), chunk)
    lines = "".join(f"{name}: {value}\r\n" for name, value in signed.headers)
    head = f"PUT /chunked/{key} HTTP/1.1\r\n{lines}content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    with stage.connect() as raw, suppress(OSError):
        raw.sendall(head.encode() + body[: int(len(body) * sent)])
        if sent < 1:
            wait_for(started, "the upload is on its way")
            raw.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: raw.recv(65536), b""))
    return b""


def _holds(stage: Stage, key: str) -> bool:
    """Whether the cloud has the object."""
    found = stage.direct("s3").list_objects_v2(Bucket="chunked", Prefix=key)
    return bool(found["KeyCount"])


@pytest.fixture
def chunked(gate: Made, aws: Crooked) -> Stage:
    """A gate, and a bucket behind it."""
    stage = gate(upstream=aws.url)
    with suppress(ClientError):
        where = {"LocationConstraint": "eu-central-1"}
        stage.direct("s3").create_bucket(Bucket="chunked", CreateBucketConfiguration=where)
    return stage


def test_chunks_that_are_right_arrive(chunked: Stage) -> None:
    """What the other tests spoil is whole without that."""
    assert _put(chunked, "right", b"a" * 200_000).startswith(b"HTTP/1.1 200")
    assert chunked.direct("s3").get_object(Bucket="chunked", Key="right")["Body"].read() == b"a" * 200_000


@pytest.mark.parametrize("spoil", [0, 1, 3, 4])
def test_a_chunk_that_is_not_the_signed_one_ends_the_upload(chunked: Stage, spoil: int) -> None:
    """The first, one in between, the last with data, the empty one: nothing is stored, client and record hear why."""
    answer = _put(chunked, f"spoiled-{spoil}", b"a" * 200_000, spoil=spoil)
    assert answer.startswith(b"HTTP/1.1 403") and b"<Code>SignatureDoesNotMatch</Code>" in answer
    assert b"chunk signature" in answer and not _holds(chunked, f"spoiled-{spoil}")
    assert any("s3:PutObject was cut off: The chunk signature" in fault for fault in chunked.desk.faults)
    assert "The chunk signature" in chunked.answers()[0][3]


@pytest.mark.parametrize("sent", [0.2, 0.9, 0.99999])
def test_an_upload_that_is_cut_short_is_not_completed(chunked: Stage, aws: Crooked, sent: float) -> None:
    """However little is missing, the cloud never takes the rest for the whole, and the record has an end of it."""
    begun = f"PUT /chunked/short-{sent}".encode()
    _put(chunked, f"short-{sent}", b"a" * 200_000, sent=sent, started=lambda: aws.count(begun))
    status = chunked.answers()[0][1]
    assert status != 200 and not _holds(chunked, f"short-{sent}")


async def test_what_nobody_fetches_is_told() -> None:
    """A client that hung up while its call was decided leaves an outcome, and that is no loose end of the record."""
    holding: Holding[str] = Holding(hold_seconds=30, return_seconds=30)
    told: list[str] = []
    decide = asyncio.Event()

    async def ask(left: Callable[[], Awaitable[None]]) -> str:
        await left()
        await decide.wait()
        return "allowed"

    client = asyncio.create_task(holding.ask("k", ask, told.append))
    await asyncio.sleep(0)
    client.cancel()
    with pytest.raises(asyncio.CancelledError):
        await client
    assert told == []
    decide.set()
    async with asyncio.timeout(5):
        while not told:
            await asyncio.sleep(0)
    assert told == ["allowed"]
