"""What holds for any request: nothing raises, a second selector changes nothing, what is forwarded is what was read."""

from __future__ import annotations

import itertools
import string

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from supervisor.parse.aws_http import AwsRequest, body_wanted, identify, read, request_target
from supervisor.parse.aws_http.index import service
from tests.corpus.aws_raw import FORM, GATE, JSON, Raw, authorization, form, json_rpc, raw, s3

DELETE = "Action=DeleteDBInstance&Version=2014-10-31&DBInstanceIdentifier=prod&SkipFinalSnapshot=true"
CBOR = (("Smithy-Protocol", "rpc-v2-cbor"), ("Content-Type", "application/cbor"))
GOOD: tuple[Raw, ...] = (
    form("rds", DELETE, host="rds.eu-central-1.amazonaws.com"),
    form("sts", "Action=GetCallerIdentity&Version=2011-06-15"),
    json_rpc("dynamodb", "DynamoDB_20120810.DeleteTable", b'{"TableName":"t"}'),
    raw("monitoring", "POST", "/service/GraniteServiceVersion20100801/operation/ListMetrics", *CBOR, body=b"\xa0"),
    raw("lambda", "DELETE", "/2015-03-31/functions/f%2Fx?Qualifier=1", host="lambda.eu-central-1.amazonaws.com"),
    raw("lambda", "GET", "/_svc/lambda/2015-03-31/functions/f"),
    raw("geo-maps", "GET", "/v2/tiles/vector.basemap/1/2/3?key=k", host="maps.geo.eu-central-1.amazonaws.com"),
    s3("GET", "/bkt?list-type=2&prefix=a%20b%2F"),
    s3("DELETE", "/bkt/a//b%20c%2Bd"),
    s3("DELETE", "/a%20b%2Fc", host="bkt.s3.eu-central-1.amazonaws.com"),
    s3("PUT", "/k?partNumber=1&uploadId=u", ("x-amz-copy-source", "/o/k"), host="a.b.s3.amazonaws.com"),
    s3("POST", "/bkt?delete", body=b"<Delete><Object><Key>k</Key></Object></Delete>"),
)
_TEXT = st.text(max_size=40)
_PATHISH = st.text(alphabet=string.ascii_letters + string.digits + "/%.-_~?&=;+#\\ \0\n@:ü", max_size=60)
_HEADERISH = st.sampled_from(
    ["host", "authorization", "x-amz-target", "content-type", "smithy-protocol", "x-amz-copy-source", "content-length"]
)


@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "get", "", "\0"]) | _TEXT,
    target=_PATHISH.map(lambda path: "/" + path) | _PATHISH | _TEXT,
    headers=st.lists(st.tuples(_HEADERISH | _TEXT, _TEXT | st.sampled_from([GATE, FORM, JSON])), max_size=6),
    body=st.binary(max_size=200),
)
@settings(max_examples=400, deadline=None)
def test_nothing_raises(method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> None:
    """Whatever arrives is an answer, never an exception."""
    identify(method, target, headers, body)
    body_wanted(method, target, headers)
    read(method, target, headers, body)


@given(base=st.sampled_from(GOOD), body=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
@settings(max_examples=400, deadline=None)
@example(base=GOOD[3], body=b"\xbf" * 100)
@example(base=GOOD[3], body=b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff")
@example(base=GOOD[3], body=b"\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00")
@example(base=GOOD[2], body=b"[" * 300)
@example(base=GOOD[11], body=b"<a>" * 100)
def test_no_body_raises(base: Raw, body: bytes) -> None:
    """Any body is read or refused."""
    method, target, headers, _ = base
    headers = [(name, value) for name, value in headers if name != "Content-Length"]
    read(method, target, headers, body)


@given(
    base=st.sampled_from(GOOD),
    extra=st.lists(
        st.tuples(_HEADERISH, _TEXT | st.sampled_from([GATE, FORM, JSON, "rpc-v2-cbor"])), min_size=1, max_size=2
    ),
)
@settings(max_examples=300, deadline=None)
def test_a_second_selector_changes_nothing(base: Raw, extra: list[tuple[str, str]]) -> None:
    """Another header that could select an operation leaves the operation what it is, or has the request refused."""
    method, target, headers, body = base
    before = identify(*base)
    after = identify(method, target, [*headers, *extra], body)
    copies = {"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"}
    assert after in ((), before, tuple((name, copies.get(operation, "")) for name, operation in before))


@given(base=st.sampled_from(GOOD), other=st.sampled_from(GOOD))
def test_two_requests_in_one(base: Raw, other: Raw) -> None:
    """One request's headers before another's, as smuggling would have it, are the other's operation or none."""
    merged = identify(base[0], base[1], [*other[2], *base[2]], base[3])
    assert merged in ((), identify(*base))


def forwarded(answer: AwsRequest, body: bytes) -> Raw:
    """The request as it would leave the gate."""
    region = answer.region or "eu-central-1"
    host = answer.host
    own = "" if host else f"/_svc/{answer.service}"
    headers = [("Host", host or GATE), authorization(answer.signing_name, region), *answer.headers]
    return answer.method, own + request_target(answer), headers, body


@pytest.mark.parametrize("base", GOOD)
def test_what_is_forwarded_is_what_was_read(base: Raw) -> None:
    """The rebuilt request is read as the same call, and rebuilding it again changes nothing."""
    answer = read(*base)
    assert isinstance(answer, AwsRequest)
    again = read(*forwarded(answer, base[3]))
    assert isinstance(again, AwsRequest)
    assert (again.names, again.bucket, again.key) == (answer.names, answer.bucket, answer.key)
    assert (again.path, again.query, again.headers) == (answer.path, answer.query, answer.headers)
    assert again.parameters == answer.parameters


@given(base=st.sampled_from(GOOD), tail=_PATHISH)
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@example(base=GOOD[8], tail="%2e%2e/x")
@example(base=GOOD[8], tail="/./x")
@example(base=GOOD[8], tail="?acl")
@example(base=GOOD[8], tail="%253f")
def test_any_path_is_forwarded_as_read(base: Raw, tail: str) -> None:
    """Whatever ends a path: what is forwarded names the same call, in the only encoding that it has."""
    method, target, headers, body = base
    answer = read(method, target + tail, headers, body)
    if not isinstance(answer, AwsRequest):
        return
    again = read(*forwarded(answer, body))
    assert isinstance(again, AwsRequest)
    assert (again.names, again.path, again.query) == (answer.names, answer.path, answer.query)
    assert again.parameters == answer.parameters
    assert not {".", ".."} & set(answer.path.split("/"))


KEYS = st.text(
    alphabet=st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("/.%+ &=?#;\\"), min_size=1, max_size=60
)


@given(key=KEYS)
@settings(max_examples=400, deadline=None)
def test_keys_keep_every_byte(key: str) -> None:
    """Any key that is not refused comes out as it was meant, by path and by host, and is forwarded so."""
    from urllib.parse import quote, unquote

    for request in (
        s3("DELETE", f"/bkt/{quote(key, safe='/~')}"),
        s3("DELETE", f"/{quote(key, safe='/~')}", host="bkt.s3.eu-central-1.amazonaws.com"),
    ):
        answer = read(*request)
        if isinstance(answer, AwsRequest):
            assert (answer.names, answer.bucket, answer.key) == ((("s3", "DeleteObject"),), "bkt", key)
            assert unquote(answer.path) == f"/bkt/{key}"


def test_two_sub_resources() -> None:
    """Two of S3's sub-resources are one operation only where the model has both."""
    operations = [one for methods in _methods(service("s3").routes) for one in methods]
    for method in ("GET", "PUT", "POST", "DELETE"):
        names = sorted({name for one in operations if one.method == method for name, _ in one.fixed})
        for (first, second), target in itertools.product(itertools.permutations(names, 2), ("/bkt", "/bkt/key")):
            found = identify(*s3(method, f"{target}?{first}&{second}"))
            for _, operation in found:
                known = [one for one in operations if one.name == operation]
                assert all(one.knows_query(first) and one.knows_query(second) for one in known)


def _methods(node: object) -> list[list[object]]:
    found = list(node.methods.values())  # type: ignore[attr-defined]
    for below in [*node.literals.values(), node.label, *(end for _, end in node.greedy)]:  # type: ignore[attr-defined]
        if below is not None:
            found += _methods(below)
    return found


@pytest.mark.parametrize("base", GOOD)
def test_what_was_asked_before_changes_no_answer(base: Raw) -> None:
    """Names, credential scopes and hosts that were seen before let nothing through that is refused the first time."""
    method, target, headers, body = base
    assert identify(*base)
    for place, (name, value) in enumerate(headers):
        for worse in ((name, value + "\n"), (name + " ", value), (name, value + "\x7f"), (f"{name}\nx", value)):
            assert identify(method, target, [*headers[:place], worse, *headers[place + 1 :]], body) == ()
        if name.lower() not in ("accept", "user-agent"):
            assert identify(method, target, [*headers, (name.swapcase(), value)], body) == ()
    signed = {name.lower(): value for name, value in headers}.get("authorization", "")
    for tail in ("", "g", " ", "0 Signature=", "\u0660"):
        again = [
            (name, signed + tail if name.lower() == "authorization" and tail else value) for name, value in headers
        ]
        assert identify(method, target, again, body) == (identify(*base) if tail in ("", " ") else ())
