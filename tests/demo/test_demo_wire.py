"""The demo's own AWS client signs as AWS does, and reads errors in every form."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from supervisor.demo import tidy, wire
from supervisor.demo.estate import REGION

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys of AWS's own examples."""
    for name in ("AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


def test_the_published_example_is_signed_as_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signature is that of "GET Object" in AWS's "Signature Calculations for the Authorization Header"."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    sent = {"Host": "examplebucket.s3.amazonaws.com", "Range": "bytes=0-9"}
    found = wire.signed("s3", "GET", "/test.txt", "", sent, b"", datetime(2013, 5, 24, tzinfo=UTC))
    assert found["Authorization"].endswith("f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")


def test_a_session_token_is_signed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """With query, body and token the signature is the one that botocore makes of the same headers."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "the-token")
    moment = datetime(2026, 2, 26, 22, 41, 5, tzinfo=UTC)
    body = b"Action=DescribeDBInstances"
    mine = wire.signed("rds", "POST", "/", "a=%20b&c=", {"Host": "127.0.0.1:3128"}, body, moment)
    headers = {name: value for name, value in mine.items() if name != "Authorization"}
    theirs = AWSRequest("POST", "http://127.0.0.1:3128/?a=%20b&c=", {**headers, "Host": "127.0.0.1:3128"}, body)
    theirs.context["timestamp"] = "20260226T224105Z"
    auth = SigV4Auth(Credentials(KEY, SECRET, "the-token"), "rds", REGION)
    signature = auth.signature(auth.string_to_sign(theirs, auth.canonical_request(theirs)), theirs)
    assert mine["Authorization"].endswith(f"Signature={signature}")


@pytest.mark.parametrize(
    ("body", "code", "why"),
    [
        (
            b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code><Message>a &amp; b</Message></Error>',
            "AccessDenied",
            "a & b",
        ),
        (
            b'<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error><Type>Sender</Type>'
            b"<Code>DBInstanceNotFound</Code><Message>no such</Message></Error></ErrorResponse>",
            "DBInstanceNotFound",
            "no such",
        ),
        (b'{"__type":"com.amazonaws#AccessDeniedException","message":"no"}', "AccessDeniedException", "no"),
        (b'{"__type":"ClusterNotFoundException","Message":"none"}', "ClusterNotFoundException", "none"),
        (b"[1]", "403", "[1]"),
        (b"plain words", "403", "plain words"),
        (b"", "403", "Forbidden"),
    ],
)
def test_an_error_is_read_in_every_form(body: bytes, code: str, why: str) -> None:
    """XML, the query protocol's XML, JSON in both spellings, and what is none of them."""
    assert wire._error(403, "Forbidden", body) == (code, why)


def test_without_an_endpoint_nothing_is_called() -> None:
    """The demo's programs cannot reach a real account, whatever keys they find."""
    with pytest.raises(wire.Refused, match="AWS_ENDPOINT_URL"):
        wire.query("sts", "GetCallerIdentity", "2011-06-15")
    with pytest.raises(KeyError, match="AWS_ENDPOINT_URL"):
        tidy.main()


def test_without_keys_it_says_what_the_cli_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing key is told as the AWS CLI tells it."""
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(wire.Refused, match="Unable to locate credentials"):
        wire.signed("s3", "GET", "/", "", {}, b"", datetime(2026, 1, 1, tzinfo=UTC))
