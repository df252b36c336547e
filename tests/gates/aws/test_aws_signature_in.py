"""Requests of real SDKs are accepted as signed with the session's placeholder; any change to them is not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from supervisor.gates.aws.placeholder import Placeholder
from supervisor.gates.aws.sigv4 import Bad, Fault, NeedsBody, Payload, Signed, Unsigned, sign, verify

PLACEHOLDER = Placeholder.create()
Sent = tuple[str, str, list[tuple[str, str]], bytes]
Call = Callable[[Any], Any]


class _Enough(Exception):
    pass


def caught(service: str, call: Call, **options: Any) -> Sent:
    """The request that boto3 would put on the wire: method, target, headers and body."""
    client = boto3.client(
        service,
        region_name="eu-central-1",
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id=PLACEHOLDER.access_key,
        aws_secret_access_key=PLACEHOLDER.secret_key,
        aws_session_token=PLACEHOLDER.token,
        config=Config(retries={"max_attempts": 0}, inject_host_prefix=False, **options),
    )
    seen: list[AWSPreparedRequest] = []

    def stop(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        seen.append(request)
        raise _Enough

    client.meta.events.register("before-send", stop)
    with pytest.raises(_Enough):
        call(client)
    return wire(seen[0])


def wire(request: AWSPreparedRequest) -> Sent:
    """A prepared request as http.client would write it."""
    parts = urlsplit(request.url)
    headers = [("Host", parts.netloc)]
    for name, value in request.headers.items():
        headers.append((name, value.decode() if isinstance(value, bytes) else value))
    body = request.body or b""
    if not isinstance(body, str | bytes):
        body = body.read()
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return request.method, target, headers, body.encode() if isinstance(body, str) else body


def check(sent: Sent, *, now: datetime | None = None, placeholder: Placeholder = PLACEHOLDER) -> object:
    """Verify as the gate does: the head first, with the body's hash if that is needed."""
    method, target, headers, body = sent
    now = now or datetime.now(UTC)
    found = verify(method, target, headers, None, placeholder, now)
    if isinstance(found, NeedsBody):
        found = verify(method, target, headers, hashlib.sha256(body).hexdigest(), placeholder, now)
    return found


CALLS: dict[str, tuple[str, Call]] = {
    "s3 put": (
        "s3",
        lambda c: c.put_object(Bucket="bkt", Key="a/b c+ü~*'()!/../x//y", Body=b"data", Metadata={"k": "v  w"}),
    ),
    "s3 get": ("s3", lambda c: c.get_object(Bucket="bkt", Key="k", VersionId="a=b&c", ResponseContentType="a/b; c=d")),
    "s3 subresource": ("s3", lambda c: c.get_bucket_acl(Bucket="bkt")),
    "s3 list": ("s3", lambda c: c.list_objects_v2(Bucket="bkt", Prefix="a b/+~", Delimiter="/")),
    "s3 delete many": ("s3", lambda c: c.delete_objects(Bucket="bkt", Delete={"Objects": [{"Key": "x"}]})),
    "dynamodb": ("dynamodb", lambda c: c.get_item(TableName="t", Key={"id": {"S": "ü"}})),
    "ec2": ("ec2", lambda c: c.describe_instances(Filters=[{"Name": "tag:env", "Values": ["a b"]}])),
    "sts": ("sts", lambda c: c.get_caller_identity()),
    "lambda": ("lambda", lambda c: c.get_function(FunctionName="arn:aws:lambda:eu-central-1:123456789012:function:f")),
    "iot": ("iot", lambda c: c.describe_thing(thingName="a b:c~ü")),
    "cloudfront": ("cloudfront", lambda c: c.get_distribution(Id="E1")),
    "apigateway": ("apigateway", lambda c: c.get_resources(restApiId="x", embed=["a b", "a/c"])),
    "cloudwatch": ("cloudwatch", lambda c: c.list_metrics(Namespace="n")),
    "pinpoint": ("pinpoint", lambda c: c.get_app(ApplicationId="x/y")),
}


@pytest.mark.parametrize("name", CALLS)
def test_signed_by_boto3(name: str) -> None:
    """A request that boto3 signed with the placeholder is accepted."""
    service, call = CALLS[name]
    found = check(caught(service, call))
    assert isinstance(found, Signed), found
    assert found.scope.region == "eu-central-1"
    assert not found.is_presigned


@pytest.mark.parametrize("name", CALLS)
def test_changed_on_the_way(name: str) -> None:
    """A request whose method, path, query, body or a signed header is another than was signed is not accepted."""
    service, call = CALLS[name]
    method, target, headers, body = caught(service, call)
    separator = "&" if "?" in target else "?"
    others: list[Sent] = [
        ("PATCH", target, headers, body),
        (method, "/z" + target, headers, body),
        (method, f"{target}{separator}x=1", headers, body),
        (method, target, [*headers, ("X-Amz-Meta-More", "1")], body),
        (method, target, [(n, "other") if n == "Host" else (n, v) for n, v in headers], body),
    ]
    if not any(n.lower() == "x-amz-content-sha256" for n, _ in headers):
        others.append((method, target, headers, body + b"x"))
    for other in others:
        assert isinstance(check(other), Bad), other


def presigned(service: str, operation: str, params: dict[str, object], *, expires: int = 60) -> Sent:
    """A presigned GET of boto3's."""
    client = boto3.client(
        service,
        region_name="eu-central-1",
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id=PLACEHOLDER.access_key,
        aws_secret_access_key=PLACEHOLDER.secret_key,
        aws_session_token=PLACEHOLDER.token,
        config=Config(signature_version="s3v4" if service == "s3" else "v4"),
    )
    parts = urlsplit(client.generate_presigned_url(operation, Params=params, ExpiresIn=expires, HttpMethod="GET"))
    return "GET", f"{parts.path}?{parts.query}", [("Host", parts.netloc)], b""


def test_presigned() -> None:
    """A presigned URL is accepted until it expires; changed or later it is not."""
    sent = presigned("s3", "get_object", {"Bucket": "bkt", "Key": "a b+ü"})
    found = check(sent)
    assert isinstance(found, Signed)
    assert found.is_presigned
    assert found.payload is Payload.UNSIGNED
    late = check(sent, now=datetime.now(UTC) + timedelta(seconds=62))
    assert isinstance(late, Bad)
    assert late.fault is Fault.EXPIRED
    method, target, headers, body = sent
    for other in (
        target.replace("/bkt/", "/bkt2/"),
        target + "&versionId=1",
        target.replace("Expires=60", "Expires=61"),
    ):
        assert isinstance(check((method, other, headers, body)), Bad)


def test_presigned_without_a_body_hash() -> None:
    """A presigned call of another service than S3 is signed with the hash of its body."""
    sent = presigned("sts", "get_caller_identity", {})
    assert isinstance(verify(sent[0], sent[1], sent[2], None, PLACEHOLDER, datetime.now(UTC)), NeedsBody)
    assert isinstance(check(sent), Signed)
    assert isinstance(check((*sent[:3], b"x")), Bad)


def fault_of(found: object) -> Fault:
    """The fault of a signature that is not accepted."""
    assert isinstance(found, Bad), found
    assert found.message.isprintable()
    return found.fault


def test_of_another_session() -> None:
    """Another key, another secret and another token are told apart; a missing token is a wrong one."""
    sent = caught(*CALLS["sts"])
    other = Placeholder.create(lambda size: b"x" * size)
    assert fault_of(check(sent, placeholder=other)) is Fault.KEY
    assert fault_of(check(sent, placeholder=replace(PLACEHOLDER, token=other.token))) is Fault.TOKEN
    assert fault_of(check(sent, placeholder=replace(PLACEHOLDER, secret_key=other.secret_key))) is Fault.MISMATCH
    without = [(n, v) for n, v in sent[2] if n.lower() != "x-amz-security-token"]
    assert fault_of(check((sent[0], sent[1], without, sent[3]))) is Fault.TOKEN


def test_clock() -> None:
    """A signature is good for five minutes before and after its time."""
    sent = caught(*CALLS["s3 get"])
    now = datetime.now(UTC)
    for seconds in (-290, 290):
        assert isinstance(check(sent, now=now + timedelta(seconds=seconds)), Signed)
    for seconds in (-330, 330):
        assert fault_of(check(sent, now=now + timedelta(seconds=seconds))) is Fault.SKEWED


def test_date_header() -> None:
    """A signed HTTP date stands in for X-Amz-Date; one in another spelling, or unsigned, does not."""
    now = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
    request = AWSRequest("GET", "http://h/", headers={"Date": "x", "X-Amz-Security-Token": PLACEHOLDER.token})
    request.context["timestamp"] = "20261125T100000Z"
    signer = SigV4Auth(
        Credentials(PLACEHOLDER.access_key, PLACEHOLDER.secret_key, PLACEHOLDER.token), "sts", "eu-west-1"
    )
    signer._modify_request_before_signing(request)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(text, request))
    headers = [("Host", "h"), *request.headers.items()]
    assert isinstance(check(("GET", "/", headers, b""), now=now), Signed)
    for date in (
        "Wed, 25 Nov 2026 12:00:00 +0200",
        "Thu, 25 Nov 2026 10:00:00 GMT",
        "25 Nov 2026 10:00:00 GMT",
        "2026",
        "",
    ):
        other = [(n, date if n == "Date" else v) for n, v in headers]
        assert fault_of(check(("GET", "/", other, b""), now=now)) is Fault.MALFORMED


@pytest.fixture
def good() -> Iterator[Sent]:
    """A request with all that can be tampered with."""
    yield signed_by_us("PUT", "/b/k?versionId=1", [("x-amz-meta-a", "b")], "s3")


def signed_by_us(
    method: str, target: str, headers: list[tuple[str, str]], service: str, *, now: datetime | None = None
) -> Sent:
    """A request signed by our own signer with the placeholder."""
    out = sign(
        method,
        f"http://127.0.0.1:1{target}",
        headers,
        hashlib.sha256(b"").hexdigest(),
        PLACEHOLDER,
        service,
        "eu-central-1",
        now or datetime.now(UTC),
    )
    return method, target, list(out.headers), b""


def test_twice(good: Sent) -> None:
    """A second copy of a header that may be there once, in any case and with any value, is refused."""
    for name in ("Authorization", "X-AMZ-Date", "host", "x-amz-security-token", "X-Amz-Content-SHA256"):
        for value in (dict(good[2])[name.lower()], "x"):
            found = check((good[0], good[1], [*good[2], (name, value)], good[3]))
            assert isinstance(found, Bad), name


def test_unsigned_headers(good: Sent) -> None:
    """A header of AWS's that is not signed is refused by name; others may be added."""
    found = check((good[0], good[1], [*good[2], ("X-Amz-Copy-Source", "/other/k")], good[3]))
    assert fault_of(found) is Fault.UNSIGNED_HEADER
    assert "x-amz-copy-source" in found.message  # type: ignore[attr-defined]
    assert isinstance(check((good[0], good[1], [*good[2], ("accept-language", "de")], good[3])), Signed)


def test_no_signature() -> None:
    """A request that claims nothing is unsigned, which is not an error of its signature."""
    now = datetime.now(UTC)
    for target in ("/", "/?Action=GetCallerIdentity&Version=2011-06-15", "/b/k?Expires=1"):
        assert verify("GET", target, [("host", "h")], None, PLACEHOLDER, now) == Unsigned()


SCHEMES = [
    "AWS AKIA:sig=",
    "AWS3-HTTPS AWSAccessKeyId=A,Algorithm=HmacSHA256,Signature=x",
    "AWS4-ECDSA-P256-SHA256 Credential=A/20260101/s3/aws4_request, SignedHeaders=host, Signature=ab",
    "Bearer token",
    "Basic dXNlcjpwYXNz",
    "AWS4-HMAC-SHA512 Credential=x",
    "",
]


@pytest.mark.parametrize("value", SCHEMES)
def test_other_schemes(value: str) -> None:
    """Another kind of signature is named as such, never taken for SigV4."""
    found = verify("GET", "/", [("host", "h"), ("Authorization", value)], None, PLACEHOLDER, datetime.now(UTC))
    assert fault_of(found) is Fault.SCHEME


def test_sigv2_url() -> None:
    """A URL presigned with Signature Version 2, as old CLIs make it, is refused by its name."""
    for query in ("AWSAccessKeyId=A&Signature=b&Expires=1", "Signature=a&SignatureVersion=2", "awsaccesskeyid=A"):
        found = verify("GET", f"/b/k?{query}", [("host", "h")], None, PLACEHOLDER, datetime.now(UTC))
        assert fault_of(found) is Fault.SCHEME
        assert "Version 2" in found.message  # type: ignore[union-attr]


def test_sigv4a_url() -> None:
    """A URL presigned with SigV4a is refused by its name."""
    sent = presigned("s3", "get_object", {"Bucket": "b", "Key": "k"})
    found = check((sent[0], sent[1].replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), sent[2], b""))
    assert fault_of(found) is Fault.SCHEME
    assert "SigV4a" in found.message  # type: ignore[attr-defined]


def test_two_mechanisms(good: Sent) -> None:
    """A request signed in its header and in its query has no signature that counts."""
    _, query = presigned("s3", "get_object", {"Bucket": "b", "Key": "k"})[1].split("?")
    assert fault_of(check((good[0], f"/b/k?{query}", good[2], b""))) is Fault.MALFORMED
    assert fault_of(check((good[0], "/b/k?AWSAccessKeyId=A&Signature=b", good[2], b""))) is Fault.MALFORMED


def test_query_fields_twice_or_in_other_letters() -> None:
    """A field of a presigned URL that is there twice, or that only some parsers would know, is refused."""
    method, target, headers, body = presigned("s3", "get_object", {"Bucket": "b", "Key": "k"})
    for extra in (
        "X-Amz-Expires=604800",
        "x-amz-date=20300101T000000Z",
        "X-Amz-Signature=" + "0" * 64,
        "x%2Damz%2Dcredential=",
    ):
        assert fault_of(check((method, f"{target}&{extra}", headers, body))) is Fault.MALFORMED
    for name in ("X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Credential"):
        without = "&".join(pair for pair in target.split("&") if not pair.startswith(name))
        assert isinstance(check((method, without, headers, body)), Bad | Unsigned)


def test_absolute_target() -> None:
    """A target in absolute form is accepted for the host that was signed and for no other."""
    method, target, headers, body = signed_by_us("GET", "/a?b=c", [], "sts")
    assert isinstance(check((method, f"http://127.0.0.1:1{target}", headers, body)), Signed)
    for other in ("http://127.0.0.2:1", "http://user@127.0.0.1:1", "http://127.0.0.1", "ftp://127.0.0.1:1", "http://"):
        assert isinstance(check((method, other + target, headers, body)), Bad)


TARGETS = ["/%", "/%zz", "/%4", "/a b", "/ü", "/a\x00", "/a#b", "*", "a/b", "/?a=%g1", "//host:x/%"]


@pytest.mark.parametrize("target", TARGETS)
def test_targets_that_are_none(target: str) -> None:
    """A target that is not whole percent-encoded ASCII is refused."""
    sent = signed_by_us("GET", "/", [], "s3")
    assert isinstance(check((sent[0], target, sent[2], b"")), Bad)


def test_paths_of_s3_are_not_normalised() -> None:
    """S3 keys may have dots and empty segments: they are signed as they are, and are not each other."""
    for path in ("/b/../k", "/b//k", "/b/./k", "/b/k/"):
        sent = signed_by_us("GET", path, [], "s3")
        assert isinstance(check(sent), Signed)
        assert isinstance(check((sent[0], "/b/k", sent[2], b"")), Bad)


def test_spelling_of_a_path() -> None:
    """S3 signs the decoded path: another percent-encoding of the same key is the same request, another key is not."""
    sent = signed_by_us("GET", "/b/a%28b~", [], "s3")
    assert isinstance(check((sent[0], "/b/a(b%7e", sent[2], b"")), Signed)
    assert isinstance(check((sent[0], "/b/a%2528b~", sent[2], b"")), Bad)
    sent = signed_by_us("GET", "/b/k/l", [], "s3")
    assert isinstance(check((sent[0], "/b/k%2Fl", sent[2], b"")), Bad)
    assert isinstance(check(signed_by_us("GET", "/b/k%2Fl", [], "s3")), Signed)


PAYLOADS = [
    "",
    "unsigned-payload",
    "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-EVENTS",
    "0" * 63,
    "A" * 64,
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payload_forms(payload: str) -> None:
    """A payload hash that is neither a SHA-256 nor a known sentinel is refused."""
    out = sign("PUT", "http://h/b/k", [], payload or "x", PLACEHOLDER, "s3", "eu-central-1", datetime.now(UTC))
    headers = [(n, payload if n == "x-amz-content-sha256" else v) for n, v in out.headers]
    assert fault_of(check(("PUT", "/b/k", headers, b""))) is Fault.PAYLOAD


@pytest.mark.parametrize("kind", [kind for kind in Payload if kind is not Payload.LITERAL])
def test_sentinels(kind: Payload) -> None:
    """Every known sentinel is told from the others."""
    out = sign("PUT", "http://h/b/k", [], kind.value, PLACEHOLDER, "s3", "eu-central-1", datetime.now(UTC))
    found = check(("PUT", "/b/k", list(out.headers), b""))
    assert isinstance(found, Signed)
    assert (found.payload, found.payload_hash) == (kind, kind.value)


def test_body_that_was_read() -> None:
    """A body that was read already is compared with the signed hash at once."""
    sent = signed_by_us("PUT", "/b/k", [], "s3")
    now = datetime.now(UTC)
    assert isinstance(verify(sent[0], sent[1], sent[2], hashlib.sha256(b"").hexdigest(), PLACEHOLDER, now), Signed)
    found = verify(sent[0], sent[1], sent[2], hashlib.sha256(b"x").hexdigest(), PLACEHOLDER, now)
    assert fault_of(found) is Fault.PAYLOAD


def test_s3_without_a_payload_hash(good: Sent) -> None:
    """S3 wants the payload's hash in a header."""
    headers = [(n, v.replace("x-amz-content-sha256;", "")) for n, v in good[2] if n != "x-amz-content-sha256"]
    assert fault_of(check((good[0], good[1], headers, b""))) is Fault.PAYLOAD


ANY_TEXT = st.text(st.characters(codec=None), max_size=200)  # type: ignore[arg-type]


@given(
    st.text(max_size=8),
    ANY_TEXT,
    st.lists(st.tuples(st.sampled_from(["Authorization", "host", "x-amz-date", "Date", "x"]) | ANY_TEXT, ANY_TEXT)),
)
def test_garbage(method: str, target: str, headers: list[tuple[str, str]]) -> None:
    """Whatever comes in, nothing is raised and nothing is taken for signed."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for where in (target, "/" + quote(target, errors="surrogatepass")):
        assert not isinstance(verify(method, where, headers, None, PLACEHOLDER, now), Signed)


@given(st.data())
def test_garbled_authorization(data: st.DataObject) -> None:
    """A good Authorization header with any one character changed, lost or doubled is not accepted."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    method, target, headers, _ = signed_by_us("GET", "/a", [("x-amz-meta-a", "1")], "s3", now=now)
    text = dict(headers)["authorization"]
    at = data.draw(st.integers(0, len(text) - 1))
    instead = data.draw(st.sampled_from(["", text[at] * 2, "٣", "\x00"]) | st.characters(codec="utf-8"))
    changed = text[:at] + instead + text[at + 1 :]
    if changed.split() == text.split() or changed.replace(", ", ",") == text.replace(", ", ","):
        return
    others = [(n, changed if n == "authorization" else v) for n, v in headers]
    assert not isinstance(verify(method, target, others, None, PLACEHOLDER, now), Signed)
