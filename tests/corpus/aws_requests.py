"""Requests to AWS as botocore's own clients write them: every operation that it models, nothing of it ever sent."""

from __future__ import annotations

import base64
import datetime
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

REGION = "eu-central-1"
GATE = "http://127.0.0.1:4566"
DEEPEST = 4
# botocore presigns a URL for this one and does not send it.
_ONLY_FOR_BOTOCORE = ("SourceRegion",)
# Values that botocore looks into, so that they must be what they say.
_KNOWN = {
    ("s3", "Bucket"): "site-bucket",
    ("s3", "Key"): "assets/a b+c%ü(1).html",
    ("s3", "CopySource"): "other-bucket/key",
    ("s3control", "AccountId"): "123456789012",
    ("s3control", "Bucket"): "site-bucket",
    ("s3control", "Name"): "site-point",
    ("kinesis", "StreamARN"): f"arn:aws:kinesis:{REGION}:123456789012:stream/clicks",
    ("kinesis", "ConsumerARN"): f"arn:aws:kinesis:{REGION}:123456789012:stream/clicks/consumer/reader:1700000000",
    ("kinesis", "ResourceARN"): f"arn:aws:kinesis:{REGION}:123456789012:stream/clicks",
    ("cloudfront-keyvaluestore", "KvsARN"): "arn:aws:cloudfront::123456789012:key-value-store/0a1b2c3d",
    ("machinelearning", "PredictEndpoint"): f"https://realtime.machinelearning.{REGION}.amazonaws.com",
}


@dataclass(frozen=True, slots=True)
class Made:
    """One request and what botocore was asked for. `parameters` are those after botocore's own additions."""

    service: str
    operation: str
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    parameters: dict[str, Any] = field(default_factory=dict)
    model: OperationModel | None = None

    @property
    def name(self) -> tuple[str, str]:
        return self.service, self.operation


class _Stop(Exception):
    def __init__(self, request: AWSPreparedRequest) -> None:
        super().__init__("not sent")
        self.request = request


class Factory:
    """Makes clients that write requests and send none."""

    def __init__(self, **config: Any) -> None:
        self.loader = Loader()
        self.session = botocore.session.Session()
        self.session.register_component("data_loader", self.loader)
        self.session.set_credentials("AKIAPLACEHOLDER00000", "placeholder")
        self._config = Config(
            parameter_validation=False,
            retries={"total_max_attempts": 1},
            proxies={},
            **({"region_name": REGION} | config),
        )
        self._parameters: dict[str, Any] = {}

    def services(self) -> list[str]:
        return sorted(self.loader.list_available_services("service-2"))

    def client(self, service: str, *, endpoint: str | None = None, version: str | None = None) -> BaseClient:
        client = self.session.create_client(
            service, config=self._config, endpoint_url=endpoint, api_version=version, use_ssl=True
        )
        client.meta.events.register_last("before-parameter-build", self._keep)
        client.meta.events.register_first("before-send", _stop)
        return client

    def _keep(self, params: dict[str, Any], **_: Any) -> None:
        self._parameters = dict(params)

    def make(self, client: BaseClient, operation: str, parameters: dict[str, Any]) -> Made | None:
        """The request of one call; `None` for what botocore cannot write (operations that stream both ways)."""
        model = client.meta.service_model.operation_model(operation)
        _DISCOVER[0] = operation != "DescribeEndpoints"
        try:
            client._make_api_call(operation, parameters)
        except _Stop as stop:
            request = stop.request
        except (BotoCoreError, ValueError, TypeError, AttributeError, KeyError):
            return None
        else:
            return None
        url = urlsplit(request.url)
        headers = [
            (name, value if isinstance(value, str) else value.decode()) for name, value in request.headers.items()
        ]
        headers.append(("Host", url.netloc))
        body = request.body
        if hasattr(body, "read"):
            body = body.read()
        if isinstance(body, str):
            body = body.encode()
        return Made(
            service=client.meta.service_model.service_name,
            operation=operation,
            method=request.method,
            target=(url.path or "/") + (f"?{url.query}" if url.query else ""),
            headers=headers,
            body=bytes(body or b""),
            parameters=self._parameters,
            model=model,
        )

    def all_of(self, client: BaseClient, *, full: bool) -> Iterator[tuple[str, Made | None]]:
        """Every operation of a service, with the parameters that it needs or with all that it has."""
        for name in client.meta.service_model.operation_names:
            yield name, self.make_one(client, name, full=full)

    def make_one(self, client: BaseClient, operation: str, *, full: bool) -> Made | None:
        """One operation, with the parameters that it needs or with all that it has."""
        service = client.meta.service_model
        return self.make(
            client, operation, arguments(service.service_name, service.operation_model(operation), full=full)
        )


def _stop(request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse | None:
    """Send nothing; answer only who asks for a service's endpoint on the way to another operation."""
    if event_name.endswith(".DescribeEndpoints") and "timestream" in event_name and _DISCOVER[0]:
        cell = {
            "Endpoints": [{"Address": f"ingest-cell1.timestream.{REGION}.amazonaws.com", "CachePeriodInMinutes": 99}]
        }
        return AWSResponse(request.url, 200, {}, _Raw(json.dumps(cell).encode()))
    raise _Stop(request)


class _Raw(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


_DISCOVER = [True]


def arguments(service: str, operation: OperationModel, *, full: bool) -> dict[str, Any]:
    """Arguments for a call; text in `full` ones has characters that every encoding has to do something about."""
    shape = operation.input_shape
    if shape is None:
        return {}
    result: dict[str, Any] = _structure(service, shape, full, 0, ())
    return result


def _structure(service: str, shape: StructureShape, full: bool, depth: int, inside: tuple[str, ...]) -> dict[str, Any]:
    if shape.is_document_type:
        return {"free": ["form", 1, True]} if full else {}
    required = set(shape.required_members)
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        if member.serialization.get("location") == "uri" or member.serialization.get("hostLabel"):
            required.add(name)
        if name not in required and (not full or depth >= DEEPEST):
            continue
        if member.name in inside or (shape.is_tagged_union and found):
            continue
        found[name] = _value(service, name, member, full, depth + 1, (*inside, shape.name))
    return found


def _value(service: str, name: str, shape: Shape, full: bool, depth: int, inside: tuple[str, ...]) -> Any:
    if isinstance(shape, StructureShape):
        return _structure(service, shape, full, depth, inside)
    if isinstance(shape, ListShape):
        if shape.member.name in inside:
            return []
        # An empty query list and an empty header are written as nothing, which is what full ones must not be.
        count = 2 if full and depth < DEEPEST else 1
        odd = full and shape.serialization.get("location") not in ("header", "headers")
        return [_value(service, name, shape.member, odd, depth + 1, (*inside, shape.name)) for _ in range(count)]
    if isinstance(shape, MapShape):
        if shape.value.name in inside:
            return {}
        key = _text(service, name, shape.key, shape.serialization.get("location") is None and full)
        return {
            key: _value(
                service, name, shape.value, full and shape.serialization.get("location") is None, depth + 1, inside
            )
        }
    match shape.type_name:
        case "boolean":
            return True
        case "integer" | "long":
            return max(1, int(shape.metadata.get("min", 1) or 1))
        case "float" | "double":
            return 1.5
        case "timestamp":
            return datetime.datetime(2026, 11, 25, 10, 30, tzinfo=datetime.UTC)
        case "blob":
            return b"blob \x00\xff" if full and shape.serialization.get("location") is None else b"blob"
    return _text(service, name, shape, full)


def _text(service: str, name: str, shape: Shape, full: bool) -> str:
    known = _KNOWN.get((service, name))
    if known is not None:
        return known
    if shape.metadata.get("enum"):
        return str(shape.metadata["enum"][0])
    odd = full and shape.serialization.get("location") not in ("header", "headers")
    text = "v/1 ü+%&=;" if odd and not shape.serialization.get("hostLabel") else "value-1"
    least = int(shape.metadata.get("min", 0) or 0)
    return text + "x" * max(0, least - len(text))


def comparable(made: Made, decoded: Mapping[str, Any], *, only_given: bool = False) -> tuple[Any, Any]:
    """What botocore was asked for and what was read, in one form: without times, streams, and what is empty.

    `only_given` leaves out what botocore added on the way, such as a checksum's algorithm.
    """
    assert made.model is not None
    shape = made.model.input_shape
    if shape is None:
        return {}, _pruned(decoded)
    given = dict(made.parameters)
    read = {name: value for name, value in decoded.items() if name in given or not only_given}
    payload = shape.serialization.get("payload")
    if payload is not None and shape.members[payload].type_name == "blob":
        given.pop(payload, None)
        read.pop(payload, None)
    for name, member in shape.members.items():
        if member.serialization.get("jsonvalue") or name in _ONLY_FOR_BOTOCORE:
            given.pop(name, None)
            read.pop(name, None)
    return _pruned(_given(given, shape)), _pruned(_timeless(read, shape))


def _given(value: Any, shape: Shape) -> Any:
    if isinstance(shape, StructureShape):
        if shape.is_document_type:
            return value
        return {name: _given(item, shape.members[name]) for name, item in value.items() if name in shape.members}
    if isinstance(shape, ListShape):
        return [_given(item, shape.member) for item in value]
    if isinstance(shape, MapShape):
        return {key: _given(item, shape.value) for key, item in value.items()}
    if shape.type_name == "blob":
        return base64.b64encode(value if isinstance(value, bytes) else str(value).encode()).decode()
    return None if shape.type_name == "timestamp" else value


def _timeless(value: Any, shape: Shape) -> Any:
    if isinstance(shape, StructureShape) and not shape.is_document_type and isinstance(value, dict):
        return {
            name: _timeless(item, shape.members[name]) if name in shape.members else item
            for name, item in value.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_timeless(item, shape.member) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _timeless(item, shape.value) for key, item in value.items()}
    return None if shape.type_name == "timestamp" else value


def _pruned(value: Any) -> Any:
    """Without empty lists and maps, which most protocols write as nothing."""
    if isinstance(value, dict):
        inner = {key: _pruned(item) for key, item in value.items()}
        return {key: item for key, item in inner.items() if item is not None and item not in ({}, [])}
    if isinstance(value, list):
        return [item for item in map(_pruned, value) if item not in ({}, [])]
    return value
