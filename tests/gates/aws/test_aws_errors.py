"""Errors of the gate are read by the SDKs' own parsers, and tried again exactly when they should be."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from typing import Any, get_args

import pytest
from botocore import parsers, retryhandler
from botocore.awsrequest import AWSResponse
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from botocore.retries import standard
from botocore.translate import build_retry_config
from hypothesis import given
from hypothesis import strategies as st

from supervisor.gates.aws.authorization import Bad, Fault
from supervisor.gates.aws.bodies import BadBody
from supervisor.gates.aws.errors import (
    WHY_HEADER,
    ErrorResponse,
    bad_body,
    bad_signature,
    denied,
    error_response,
    refused,
    throttled,
    unavailable,
)
from supervisor.gates.aws.incoming import Unsigned
from supervisor.parse.aws_http.request import Protocol, Refused

PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)
SERVICES: list[tuple[str, Protocol]] = [
    ("s3", "rest-xml"),
    ("s3control", "rest-xml"),
    ("cloudfront", "rest-xml"),
    ("route53", "rest-xml"),
    ("ec2", "ec2"),
    ("sts", "query"),
    ("iam", "query"),
    ("rds", "query"),
    ("dynamodb", "json"),
    ("sqs", "json"),
    ("lambda", "rest-json"),
    ("eks", "rest-json"),
    ("arc-region-switch", "smithy-rpc-v2-cbor"),
]
MESSAGE = 'denied by site.yaml:12: <no> & "never" – frag nach rds:DeleteDBInstance'


def parsed(protocol: Protocol, response: ErrorResponse) -> dict[str, Any]:
    """What botocore makes of it."""
    parser = parsers.create_parser(protocol)
    answer = {"status_code": response.status, "headers": dict(response.headers), "body": response.body, "context": {}}
    return dict(parser.parse(answer, None))


@pytest.mark.parametrize(("service", "protocol"), SERVICES)
def test_read_by_botocore(service: str, protocol: Protocol) -> None:
    """Code, message and request id arrive whole in every protocol."""
    response = error_response(protocol, "SomeCode", MESSAGE, 400, "id-1", service=service)
    found = parsed(protocol, response)
    assert found["Error"]["Code"] == "SomeCode"
    assert found["Error"]["Message"] == MESSAGE
    assert found["ResponseMetadata"]["RequestId"] == "id-1"
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 400


CODES = {"s3": "AccessDenied", "ec2": "UnauthorizedOperation", "rds": "AccessDenied", "lambda": "AccessDeniedException"}


@pytest.mark.parametrize(("service", "protocol"), SERVICES)
def test_denied(service: str, protocol: Protocol) -> None:
    """A denial is the service's own, and no SDK tries it again."""
    response = denied(protocol, MESSAGE, "id-1", service=service)
    error = parsed(protocol, response)["Error"]
    assert error["Code"] == CODES.get(service, error["Code"])
    assert error["Code"] in {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
    assert response.status == 403
    assert not retried(service, protocol, response)


@pytest.mark.parametrize("head", [False, True])
@pytest.mark.parametrize(("service", "protocol"), SERVICES)
def test_throttled(service: str, protocol: Protocol, head: bool) -> None:
    """A call that nobody answered yet is tried again by botocore's standard and legacy modes, a HEAD too."""
    response = throttled(protocol, MESSAGE, "id-1", service=service, head=head, after=3)
    assert retried(service, protocol, response)
    headers = dict(response.headers)
    assert headers["retry-after"] == "3"
    assert headers["x-amz-retry-after"] == "3000"
    assert bool(response.body) is not head


@pytest.mark.parametrize(("service", "protocol"), SERVICES)
def test_unavailable(service: str, protocol: Protocol) -> None:
    """An upstream that is down may be tried again."""
    assert retried(service, protocol, unavailable(protocol, MESSAGE, "id-1", service=service))


# From the code lists of aws-sdk-go-v2 (aws/retry/retryer_defaults.go: error codes, throttle codes, status codes) and
# of the JavaScript SDK (service-error-classification/constants.ts); both have these in common.
_OTHER_SDKS_CODES = {"Throttling", "ThrottlingException", "RequestLimitExceeded", "SlowDown"}
_OTHER_SDKS_STATUSES = {500, 502, 503, 504}


@pytest.mark.parametrize(("service", "protocol"), SERVICES)
def test_throttled_for_other_sdks(service: str, protocol: Protocol) -> None:
    """The Go and the JavaScript SDK know the code as throttling, and a HEAD's status as transient."""
    error = parsed(protocol, throttled(protocol, MESSAGE, "id-1", service=service))["Error"]
    assert error["Code"] in _OTHER_SDKS_CODES
    assert throttled(protocol, MESSAGE, "id-1", service=service, head=True).status in _OTHER_SDKS_STATUSES


def retried(service: str, protocol: Protocol, response: ErrorResponse) -> bool:
    """Do both of botocore's retry modes try again? They must agree."""
    found = parsed(protocol, response)
    operation, legacy = of_service(service)
    http = AWSResponse("http://h/", response.status, dict(response.headers), io.BytesIO(response.body))
    context = standard.RetryContext(1, operation, found, http, None, {})
    new = standard.StandardRetryConditions(max_attempts=3).is_retryable(context)
    old = legacy(attempt_number=1, response=(http, found), caught_exception=None, retries_context={})
    assert new == bool(old), (new, old)
    return new


@functools.cache
def of_service(service: str) -> tuple[OperationModel, Callable[..., bool]]:
    """One operation of a service, and botocore's legacy answer to whether it is tried again."""
    loader = Loader()
    model = ServiceModel(loader.load_service_model(service, "service-2"), service)
    config = loader.load_data("_retry")
    rules = build_retry_config(service, config["retry"], config["definitions"])
    checker = retryhandler.create_checker_from_retry_config(rules)
    return model.operation_model(model.operation_names[0]), checker


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_head_has_no_body(protocol: Protocol) -> None:
    """The answer to a HEAD says why in a header alone."""
    response = denied(protocol, "denied by site.yaml:12: ü", "id-1", head=True)
    assert response.body == b""
    assert dict(response.headers)[WHY_HEADER] == "denied by site.yaml:12: ?"


def test_head_of_s3() -> None:
    """botocore tells a denied HEAD of S3's by its status, as at AWS."""
    response = denied("rest-xml", "why", "id-1", service="s3", head=True)
    assert parsed("rest-xml", response)["Error"] == {"Code": "403", "Message": "Forbidden"}


@given(
    st.sampled_from(SERVICES),
    st.text(st.characters(codec=None), max_size=60),  # type: ignore[arg-type]
    st.text(st.characters(codec=None), max_size=300),  # type: ignore[arg-type]
    st.text(st.characters(codec=None), max_size=30),  # type: ignore[arg-type]
)
def test_hostile_words(service: tuple[str, Protocol], code: str, message: str, request_id: str) -> None:
    """Whatever the words are, body and headers stay well-formed, on one line, without control characters."""
    response = error_response(service[1], code, message, 400, request_id, service=service[0])
    found = parsed(service[1], response)["Error"]
    assert found["Message"].isprintable()
    for name, value in response.headers:
        assert (name + value).isascii()
        assert value.isprintable()


def test_long_messages_are_cut() -> None:
    """A message of any length makes a short answer, which says that there was more."""
    response = denied("query", "x" * 100_000, "id-1")
    assert len(response.body) < 3000
    assert b"(100000 characters)" in response.body
    assert len(dict(response.headers)[WHY_HEADER]) <= 500


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize(("service", "protocol"), SERVICES)
def test_signatures(service: str, protocol: Protocol, fault: Fault) -> None:
    """Every fault of a signature has a code in every protocol, which no SDK takes for one to try again."""
    response = bad_signature(Bad(fault, "why"), protocol, "id-1", service=service)
    found = parsed(protocol, response)["Error"]
    assert found["Code"]
    assert found["Message"] == "why"
    assert response.status in {400, 403}
    assert not retried(service, protocol, response)


def test_what_the_gate_refuses() -> None:
    """Refusals, missing signatures and bad bodies are written in the protocol that they know of."""
    found = parsed("ec2", refused(Refused("why", 400, "InvalidRequest", "ec2", "ec2")))
    assert found["Error"] == {"Code": "InvalidRequest", "Message": "why"}
    found = parsed("query", bad_signature(Unsigned(), "query"))
    assert found["Error"]["Code"] == "MissingAuthenticationToken"
    found = parsed("rest-xml", bad_body(BadBody("IncompleteBody", "why"), "rest-xml", service="s3"))
    assert found["Error"] == {"Code": "IncompleteBody", "Message": "why"}
    assert len(found["ResponseMetadata"]["RequestId"]) == 36
