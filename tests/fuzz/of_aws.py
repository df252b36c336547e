"""Readers of the AWS gate: requests, signatures, chunked bodies, the bodies of all protocols, and AWS's answers."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from supervisor.gates.aws.answer_head import Chunks, NotHttp, read_answer_head
from supervisor.gates.aws.bodies import BadBody
from supervisor.gates.aws.chunks import SignedChunks, UnsignedChunks
from supervisor.gates.aws.incoming import Signed, verify
from supervisor.gates.aws.placeholder import Placeholder
from supervisor.gates.aws.rejections import rejection
from supervisor.gates.aws.signing_key import ChunkSigner, Scope, SigningKey
from supervisor.parse.aws_http.cbor_body import read_cbor
from supervisor.parse.aws_http.json_body import read_json
from supervisor.parse.aws_http.reading import identify, read
from supervisor.parse.aws_http.request import AwsRequest, Refused
from supervisor.parse.aws_http.xml_body import Element, read_xml
from tests.fuzz.reader import Reader

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
PLACEHOLDER = Placeholder.create(lambda count: b"\x07" * count)
CREDENTIAL = f"Credential={PLACEHOLDER.access_key}/20260201/eu-central-1/rds/aws4_request"
SIGNED = (
    "POST / HTTP\r\nHost: rds.eu-central-1.amazonaws.com\r\nX-Amz-Date: 20260201T120000Z\r\n"
    f"X-Amz-Security-Token: {PLACEHOLDER.token}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    f"Authorization: AWS4-HMAC-SHA256 {CREDENTIAL}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}\r\n\r\n"
    "Action=DescribeDBInstances&Version=2014-10-31"
).encode()
TARGET = (
    b"POST / HTTP\r\nHost: dynamodb.eu-central-1.amazonaws.com\r\nX-Amz-Target: DynamoDB_20120810.List"
    b"Tables\r\nContent-Type: application/x-amz-json-1.0\r\n\r\n{}"
)
S3 = b"DELETE /bucket/some/key?versionId=1 HTTP\r\nHost: s3.eu-central-1.amazonaws.com\r\n\r\n"
BATCH = b"POST /bucket?delete HTTP\r\nHost: s3.amazonaws.com\r\n\r\n<Delete><Object><Key>a</Key></Object></Delete>"
CBOR = (
    b"POST /service/GraniteServiceVersion20100801/operation/ListDashboards HTTP\r\nHost: monitoring.eu"
    b"-central-1.amazonaws.com\r\nSmithy-Protocol: rpc-v2-cbor\r\nContent-Type: application/cbor\r\n\r"
    b"\n\xbf\xff"
)
WORDS = (
    b"Action=DeleteDBInstance",
    b"&",
    b"%2f",
    b"..",
    b"//",
    b"X-Amz-Target: a.B\r\n",
    b"X-Amz-Signature=",
    b"Host: s3.amazonaws.com\r\n",
    b"?delete",
    b"Authorization: ",
    b";",
    b"\r\n\r\n",
    b"UNSIGNED-PAYLOAD",
)

Parts = tuple[str, str, list[tuple[str, str]], bytes]


def _parts(data: bytes) -> Parts:
    """Method, target, headers and body of bytes that are nearly a request."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, _, rest = first.partition(" ")
    target = rest.rpartition(" ")[0] or rest
    return method, target, [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)], body


def request(data: bytes) -> None:
    """A request is read or refused, with the same facts each time; what is read has an action, or none that allows."""
    method, target, headers, body = _parts(data)
    found = read(method, target, headers, body)
    assert isinstance(found, AwsRequest | Refused)
    assert identify(method, target, headers, body) == identify(method, target, headers, body)


def signature(data: bytes) -> None:
    """Who does not have the secret signs nothing."""
    method, target, headers, _ = _parts(data)
    for payload in (None, "0" * 64):
        assert not isinstance(verify(method, target, headers, payload, PLACEHOLDER, NOW), Signed)


def _signer(secret: str) -> ChunkSigner:
    scope = Scope("20260201", "eu-central-1", "s3")
    return ChunkSigner(SigningKey.derive(secret, scope, "20260201T120000Z"), "0" * 64)


def chunks(data: bytes) -> None:
    """A chunked body passes whole or ends in an error, however it arrives; wrong signatures never pass."""

    def told(size: int) -> tuple[bytes, str]:
        body, out = UnsignedChunks(5, ("x-amz-checksum-crc32",)), b""
        try:
            for at in range(0, len(data), size):
                out += body.feed(data[at : at + size])
            return out + body.close(), ""
        except BadBody as bad:
            return b"", bad.code

    whole = told(max(len(data), 1))
    assert told(3) == whole
    signed = SignedChunks(_signer("right"), _signer("outgoing"), 5, ("x-amz-checksum-crc32",))
    with suppress(BadBody):
        signed.feed(data)
        signed.close()
        raise AssertionError("a body with foreign signatures passed")


def bodies(data: bytes) -> None:
    """CBOR, JSON and XML are read, or it is said why not."""
    for value, why in (read_cbor(data), read_json(data)):
        assert why or value is not ...
    assert isinstance(read_xml(data), Element | str)


def answers(data: bytes) -> None:
    """An answer's head and chunks are read, or are no HTTP; pieces come to the same."""
    head, _, body = data.partition(b"\r\n\r\n")
    with suppress(NotHttp):
        read_answer_head(head, "GET")

    def told(size: int) -> bytes | None:
        taken, out = Chunks(), b""
        try:
            for at in range(0, len(body), size):
                out += b"".join(taken.feed(body[at : at + size]))
                if taken.is_over:
                    break
        except NotHttp:
            return None
        return out

    assert told(3) == told(max(len(body), 1))
    assert isinstance(rejection(403, {}, data), str)


READERS = (
    Reader("AWS request", request, (SIGNED, TARGET, S3, BATCH, CBOR), WORDS),
    Reader(
        "AWS signature",
        signature,
        (
            SIGNED,
            TARGET,
            S3,
            SIGNED.replace(b"POST / ", b"GET /?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0&X-Amz-Credential=a "),
        ),
        WORDS,
    ),
    Reader(
        "aws-chunked body",
        chunks,
        (
            b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
            b"5;chunk-signature=" + b"0" * 64 + b"\r\nhello\r\n0;chunk-signature=" + b"0" * 64 + b"\r\n\r\n",
        ),
        (b"0\r\n", b";chunk-signature=", b"x-amz-trailer-signature:"),
    ),
    Reader(
        "protocol bodies",
        bodies,
        (b"\xa1\x64name\x65value", b'{"a": [1, 2.5, null, "x"]}', b"<a b='c'>d<e/></a>", b"\xbf\xff"),
        (b"\x9f", b"\xbf", b"\xfb", b"]]>", b"<!DOCTYPE a [", b"&a;", b"1e999", b"\\u0000"),
        (b"\x81", b"\x9f", b'{"a":', b"\xc1"),
    ),
    Reader(
        "AWS answer",
        answers,
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
            b"HTTP/1.1 403 x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n<Code>ExpiredToken</Code>",
        ),
        (b"Content-Length: 2\r\n", b"0\r\n\r\n", b"ffffffffffffffffff\r\n"),
    ),
)
