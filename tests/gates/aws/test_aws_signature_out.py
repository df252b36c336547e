"""What goes to AWS is signed as botocore would sign it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from urllib.parse import quote

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import example, given
from hypothesis import strategies as st

from supervisor.gates.aws.placeholder import Placeholder
from supervisor.gates.aws.sigv4 import Payload, Signed, sign, verify

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
KEYS = Placeholder.create()


def by_botocore(
    method: str, url: str, headers: list[tuple[str, str]], payload: str, service: str, *, token: str | None
) -> str:
    """The Authorization header that botocore would send."""
    request = AWSRequest(method, url)
    for name, value in headers:
        request.headers.add_header(name, value)
    request.headers["X-Amz-Content-SHA256"] = payload
    request.context["timestamp"] = "20261125T100000Z"
    signer = (botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth)(
        Credentials(KEYS.access_key, KEYS.secret_key, token), service, "eu-central-1"
    )
    # The one thing of S3SigV4Auth that is left out is its own choice of payload hash.
    botocore.auth.SigV4Auth._modify_request_before_signing(signer, request)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(text, request))
    return str(request.headers["Authorization"])


PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)
SEGMENT = PLAIN.map(lambda text: quote(text, safe="~"))
PATH = st.lists(SEGMENT, max_size=4).map(lambda segments: "/" + "/".join(segments))
QUERY = st.lists(st.tuples(PLAIN.map(lambda text: quote(text, safe="~") or "q"), SEGMENT), max_size=4)
VALUE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
NAME = st.sampled_from(
    ["content-type", "x-amz-meta-a", "x-amz-target", "user-agent", "expect", "traceparent", "accept", "range"]
)


@example("GET", "/b/%2F//..", [("a", ""), ("a", "%20"), ("A", "b")], [("accept", " a  b ")], "s3", "0" * 64, True)
@given(
    st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD"]),
    PATH,
    QUERY,
    st.lists(st.tuples(NAME, VALUE), max_size=5),
    st.sampled_from(["s3", "dynamodb", "execute-api"]),
    st.sampled_from(
        [hashlib.sha256(b"x").hexdigest(), *(kind.value for kind in Payload if kind is not Payload.LITERAL)]
    ),
    st.booleans(),
)
def test_as_botocore(
    method: str,
    path: str,
    query: list[tuple[str, str]],
    headers: list[tuple[str, str]],
    service: str,
    payload: str,
    has_token: bool,
) -> None:
    """Method, path, query and headers of any kind give the signature that botocore gives."""
    url = f"https://x.amazonaws.com{path}" + ("?" + "&".join(f"{n}={v}" for n, v in query) if query else "")
    keys = Credentials(KEYS.access_key, KEYS.secret_key, KEYS.token if has_token else None)
    made = sign(method, url, [*headers, ("x-amz-content-sha256", "")], payload, keys, service, "eu-central-1", NOW)
    expected = by_botocore(method, url, headers, payload, service, token=keys.token)
    assert dict(made.headers)["authorization"] == expected


@given(PATH, QUERY, st.lists(st.tuples(NAME, VALUE), max_size=5), st.sampled_from(["s3", "sts", "iot"]))
def test_accepted_by_our_own_check(
    path: str, query: list[tuple[str, str]], headers: list[tuple[str, str]], service: str
) -> None:
    """What is signed here is accepted there: both sides read a request in the same way."""
    target = path + ("?" + "&".join(f"{n}={v}" for n, v in query) if query else "")
    payload = hashlib.sha256(b"").hexdigest()
    made = sign("PUT", f"https://x.amazonaws.com{target}", headers, payload, KEYS, service, "eu-central-1", NOW)
    found = verify("PUT", target, made.headers, payload, KEYS, NOW)
    assert isinstance(found, Signed)
    assert found.signature == made.signature


def test_published_example() -> None:
    """The head of AWS's published chunked upload gets the published signature (Amazon S3 API Reference)."""
    keys = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    headers = [
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "66560"),
        ("content-length", "66824"),
    ]
    url = "https://s3.amazonaws.com/examplebucket/chunkObject.txt"
    when = datetime(2013, 5, 24, tzinfo=UTC)
    made = sign("PUT", url, headers, Payload.CHUNKS_SIGNED.value, keys, "s3", "us-east-1", when)
    assert made.signature == "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"


def test_what_is_replaced() -> None:
    """No trace of the client's own signature, time or host is left, and the sentinel of its body is kept."""
    sentinel = Payload.CHUNKS_UNSIGNED_TRAILER.value
    headers = [
        ("Authorization", "AWS4-HMAC-SHA256 Credential=PLACE"),
        ("X-Amz-Date", "20200101T000000Z"),
        ("Date", "x"),
        ("X-Amz-Security-Token", "placeholder"),
        ("Host", "127.0.0.1:1234"),
        ("x-amz-content-sha256", "other"),
        ("Content-Encoding", "aws-chunked"),
    ]
    made = sign("PUT", "https://b.s3.amazonaws.com:443/k", headers, sentinel, KEYS, "s3", "us-east-1", NOW)
    names = [name for name, _ in made.headers]
    assert len(names) == len(set(names))
    told = dict(made.headers)
    assert told["host"] == "b.s3.amazonaws.com"
    assert told["x-amz-content-sha256"] == sentinel
    assert told["x-amz-security-token"] == KEYS.token
    assert told["content-encoding"] == "aws-chunked"
    assert "date" not in told
    assert "20261125/us-east-1/s3/aws4_request" in told["authorization"]


def test_hash_header_only_where_it_belongs() -> None:
    """Other services than S3 get the payload's hash in a header only if the client sent one."""
    payload = hashlib.sha256(b"").hexdigest()
    made = sign("POST", "https://sts.amazonaws.com/", [], payload, KEYS, "sts", "us-east-1", NOW)
    assert "x-amz-content-sha256" not in dict(made.headers)
    made = sign("GET", "https://b.s3.amazonaws.com/", [], payload, KEYS, "s3", "us-east-1", NOW)
    assert dict(made.headers)["x-amz-content-sha256"] == payload


@pytest.mark.parametrize("url", ["", "/path", "ftp://h/", "https:///x", "https://h/a b", "https://h/%", "https://h/#a"])
def test_urls_that_cannot_be_sent(url: str) -> None:
    """A URL that would be sent differently from how it is signed is refused."""
    with pytest.raises(ValueError, match="not a URL"):
        sign("GET", url, [], "x", KEYS, "s3", "us-east-1", NOW)


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\nb", "a\0"])
def test_header_values_that_cannot_be_sent(value: str) -> None:
    """A header that would end in another one is refused."""
    with pytest.raises(ValueError, match="line break"):
        sign("GET", "https://h/", [("x-amz-meta-a", value)], "x", KEYS, "s3", "us-east-1", NOW)
