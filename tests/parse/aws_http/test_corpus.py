"""Requests as botocore's clients write them: each is read as the operation and the parameters that it was made from."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

import pytest

from supervisor.parse.aws_http import AwsRequest, Refused, body_wanted, identify, read
from tests.corpus.aws_requests import GATE, Factory, Made, comparable

pytestmark = pytest.mark.long

FACTORY = Factory()
GATE_HOST = GATE.removeprefix("http://")
GROUPS = 8
# Of each service every nth operation, so that the whole takes seconds; `tests/bench/identify.py` makes them all.
EVERY = 10
WHOLE = ("s3", "rds", "sts", "dynamodb", "lambda")
# Refused on purpose: HTTP/2 in both directions, Signature Version 2, and a call that botocore makes a form of.
NOT_READ = {
    ("bedrock-runtime", "InvokeModelWithBidirectionalStream"),
    ("connecthealth", "StartMedicalScribeListeningSession"),
    ("lexv2-runtime", "StartConversation"),
    ("polly", "StartSpeechSynthesisStream"),
    ("qbusiness", "Chat"),
    ("cloudsearchdomain", "Search"),
}
# A deprecated operation and its successor are one request.
TWINS = {
    "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
    "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
    "PutBucketNotification": "PutBucketNotificationConfiguration",
    "GetBucketNotification": "GetBucketNotificationConfiguration",
}


def _requests(group: int, services: Iterable[str], *, named: bool) -> Iterator[Made]:
    """To the services' own hosts with few parameters, or to their endpoint URLs with all of them."""
    for service in services:
        number = zlib.crc32(service.encode())
        if number % GROUPS != group or service == "sdb":
            continue
        client = FACTORY.client(service, endpoint=f"{GATE}/_svc/{service}" if named else None)
        for operation in client.meta.service_model.operation_names:
            chosen = service in WHOLE or zlib.crc32(f"{service}.{operation}".encode()) % EVERY == 0
            if chosen and (service, operation) not in NOT_READ:
                made = FACTORY.make_one(client, operation, full=named)
                if made is not None:
                    yield made


@pytest.mark.parametrize("group", range(GROUPS))
def test_by_host(group: int) -> None:
    """A request to a service's host is its operation; to the one endpoint URL too, unless two services would differ."""
    for made in _requests(group, FACTORY.services(), named=False):
        names = identify(made.method, made.target, made.headers, made.body)
        assert made.name in names, made
        assert len({TWINS.get(operation, operation) for _, operation in names}) == 1
        if made.service == "s3":
            continue
        shared = [(name, GATE_HOST if name == "Host" else value) for name, value in made.headers]
        names = identify(made.method, made.target, shared, made.body)
        if names:
            assert made.name in names, made
        else:
            answer = read(made.method, made.target, shared, made.body)
            assert isinstance(answer, Refused)
            assert "AWS_ENDPOINT_URL" in answer.why or "does not say which service" in answer.why, (made, answer)


@pytest.mark.parametrize("group", range(GROUPS))
def test_by_named_endpoint(group: int) -> None:
    """A request to a service's endpoint URL is exactly its operation, with the parameters that botocore was given."""
    services = [name for name in FACTORY.services() if name in WHOLE or zlib.crc32(name[::-1].encode()) % 8 == 0]
    for made in _requests(group, services, named=True):
        names = identify(made.method, made.target, made.headers, made.body)
        assert {service for service, _ in names} == {made.service}, made
        assert made.name in names
        answer = read(made.method, made.target, made.headers, made.body)
        assert isinstance(answer, AwsRequest), (made, answer)
        assert answer.names == names or made.operation in TWINS
        # Its model has two members of one name on the wire.
        if answer.operation == made.operation != "PutBucketNotification":
            given, decoded = comparable(made, answer.parameters)
            assert decoded == given, made


@pytest.mark.parametrize("service", ["s3", "lambda", "rds", "dynamodb", "glacier", "ebs"])
def test_body_wanted(service: str) -> None:
    """A body is asked for where it has parameters, and passed on unread where it is a blob of any length."""
    client = FACTORY.client(service, endpoint=GATE)
    for operation in client.meta.service_model.operation_names:
        made = FACTORY.make_one(client, operation, full=False)
        if made is None:
            continue
        answer = read(made.method, made.target, made.headers, made.body)
        assert isinstance(answer, AwsRequest)
        wanted = body_wanted(made.method, made.target, made.headers)
        assert answer.streams_body == (operation in STREAMED.get(service, ()))
        if answer.streams_body:
            assert not wanted
        elif made.body:
            assert wanted


STREAMED = {
    "s3": ("PutObject", "PutObjectAnnotation", "UploadPart", "WriteGetObjectResponse"),
    "lambda": ("InvokeAsync",),
    "glacier": ("UploadArchive", "UploadMultipartPart"),
    "ebs": ("PutSnapshotBlock",),
}
