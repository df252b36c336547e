"""The calls that matter most, each with its actions, ARNs and level."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore.session
import pytest
import yaml
from botocore.config import Config

from supervisor.parse.aws_facts import facts_of
from supervisor.parse.aws_http.reading import read
from supervisor.parse.aws_http.request import AwsRequest
from tests.parse.aws_facts.samples import ACCOUNT, REGION, request

OTHER = "999999999999"
_TEXT = (Path(__file__).parent / "hot.yaml").read_text(encoding="utf-8")
CALLS: list[dict[str, Any]] = yaml.safe_load(_TEXT.replace("{me}", ACCOUNT).replace("{other}", OTHER))


@pytest.mark.parametrize("case", CALLS, ids=[f"{number}-{case['call']}" for number, case in enumerate(CALLS)])
def test_call(case: dict[str, Any]) -> None:
    """The call has exactly these actions and resources, this level, and these tags."""
    service, operation = case["call"].split()
    call = facts_of(request(service, operation, case.get("input")), account=ACCOUNT)
    assert call.actions == tuple(case["actions"])
    assert call.resources == tuple(case["arns"])
    assert call.level == case["level"]
    assert dict(call.request_tags) == case.get("tags", {})
    assert call.region == case.get("region", REGION)
    assert call.account == str(case.get("account", ACCOUNT))
    assert (call.service, call.operation) == (service, operation)


# One service of each protocol, and the most used.
WIRED = {
    "s3",
    "ec2",
    "rds",
    "sqs",
    "dynamodb",
    "lambda",
    "iam",
    "route53",
    "cloudwatch",
    "ecs",
    "cloudformation",
    "kms",
}


class _NotSent(Exception):
    """Stands for the answer of a request that stays here."""


@cache
def _client(service: str) -> Any:
    session = botocore.session.get_session()
    session.set_credentials("AKIDEXAMPLE", "not-a-secret")
    return session.create_client(service, region_name=REGION, config=Config(parameter_validation=False))


def _on_the_wire(service: str, operation: str, parameters: dict[str, Any]) -> AwsRequest:
    """What is read of the request that botocore would send."""
    client, sent = _client(service), []

    def keep(request: Any, **_: Any) -> None:
        sent.append(request)
        raise _NotSent

    client.meta.events.register("before-send", keep)
    method = next(name for name, called in client.meta.method_to_api_mapping.items() if called == operation)
    try:
        getattr(client, method)(**parameters)
    except _NotSent:
        pass
    finally:
        client.meta.events.unregister("before-send", keep)
    request, url = sent[0], urlsplit(sent[0].url)
    headers = [
        (name, value.decode() if isinstance(value, bytes) else str(value)) for name, value in request.headers.items()
    ]
    body = request.body.read() if hasattr(request.body, "read") else request.body or b""
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    found = read(
        request.method, target, [*headers, ("Host", url.netloc)], body.encode() if isinstance(body, str) else body
    )
    assert isinstance(found, AwsRequest)
    return found


@pytest.mark.parametrize(
    "case",
    [case for case in CALLS if case["call"].split()[0] in WIRED and "%" not in str(case)],
    ids=lambda case: case["call"],
)
def test_call_on_the_wire(case: dict[str, Any]) -> None:
    """A request as botocore sends it has the same actions, resources and tags."""
    service, operation = case["call"].split()
    call = facts_of(_on_the_wire(service, operation, case.get("input") or {}), account=ACCOUNT)
    assert call.actions == tuple(case["actions"])
    assert call.resources == tuple(case["arns"])
    assert dict(call.request_tags) == case.get("tags", {})
