"""How an AWS error looks on the wire, in each protocol that botocore models and in S3's own form."""

from __future__ import annotations

import json
import re
from typing import NamedTuple, assert_never
from uuid import uuid4
from xml.sax.saxutils import escape

from supervisor.model.visible import visible
from supervisor.parse.aws_http.request import Protocol

WHY_HEADER = "x-agent-supervise"
"""The message again, for clients that show no body (HEAD) and for people who look at the wire."""

_MESSAGE_LIMIT = 2000
_HEADER_LIMIT = 500
_NO_CODE = re.compile(r"[^A-Za-z0-9.]")
_NO_ID = re.compile(r"[^A-Za-z0-9-]")


class ErrorResponse(NamedTuple):
    """A whole answer but for its length, which the server knows."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def error_response(
    protocol: Protocol,
    code: str,
    message: str,
    status: int,
    request_id: str = "",
    *,
    service: str = "",
    head: bool = False,
    more: tuple[tuple[str, str], ...] = (),
) -> ErrorResponse:
    """Write an error as `service` (botocore's name) writes its own in `protocol`.

    `message` may be hostile; it becomes one printable line. `head`: the answer to a HEAD request, which has no body.
    `more` are further headers. Without a `request_id` one is made up.
    """
    code = _NO_CODE.sub("", code)[:100] or "InternalFailure"
    request_id = _NO_ID.sub("", request_id)[:100] or str(uuid4())
    line = visible(message).strip() or code
    shown = line if len(line) <= _MESSAGE_LIMIT else f"{line[:_MESSAGE_LIMIT]}... ({len(line)} characters)"
    content_type, body = _body(protocol, code, shown, status, request_id, service)
    headers = (
        ("content-type", content_type),
        *_identity(protocol, code, request_id, service),
        (WHY_HEADER, shown[:_HEADER_LIMIT].encode("ascii", "replace").decode("ascii")),
        ("cache-control", "no-store"),
        *more,
    )
    return ErrorResponse(status, headers, b"" if head else body)


def is_s3_form(service: str, protocol: Protocol) -> bool:
    """S3 alone among the rest-xml services has `<Error>` at the root."""
    return service == "s3" and protocol == "rest-xml"


def _identity(protocol: Protocol, code: str, request_id: str, service: str) -> tuple[tuple[str, str], ...]:
    if is_s3_form(service, protocol):
        return (("x-amz-request-id", request_id), ("x-amz-id-2", request_id))
    named = ("x-amzn-requestid", request_id)
    match protocol:
        case "json" | "rest-json":
            return (named, ("x-amzn-errortype", code))
        case "smithy-rpc-v2-cbor":
            return (named, ("smithy-protocol", "rpc-v2-cbor"))
        case "query" | "ec2" | "rest-xml":
            return (named,)
        case _:
            assert_never(protocol)


def _body(protocol: Protocol, code: str, message: str, status: int, request_id: str, service: str) -> tuple[str, bytes]:
    match protocol:
        case "json":
            return "application/x-amz-json-1.1", _json(code, message)
        case "rest-json":
            return "application/json", _json(code, message)
        case "smithy-rpc-v2-cbor":
            return "application/cbor", _cbor((("__type", code), ("message", message)))
        case "query" | "ec2" | "rest-xml":
            return "text/xml;charset=utf-8", _xml(protocol, code, message, status, request_id, service)
        case _:
            assert_never(protocol)


def _json(code: str, message: str) -> bytes:
    return json.dumps({"__type": code, "message": message}).encode("ascii")


def _xml(protocol: Protocol, code: str, message: str, status: int, request_id: str, service: str) -> bytes:
    told = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    if is_s3_form(service, protocol):
        text = f"<Error>{told}<RequestId>{request_id}</RequestId><HostId>{request_id}</HostId></Error>"
    elif protocol == "ec2":
        text = f"<Response><Errors><Error>{told}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    else:
        whose = "Sender" if status < 500 else "Receiver"
        error = f"<Error><Type>{whose}</Type>{told}</Error>"
        text = f"<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


def _cbor(fields: tuple[tuple[str, str], ...]) -> bytes:
    """A map of texts (RFC 8949 section 3.1)."""
    return bytes([0xA0 | len(fields)]) + b"".join(_cbor_text(name) + _cbor_text(value) for name, value in fields)


def _cbor_text(text: str) -> bytes:
    data = text.encode()
    if len(data) < 24:
        return bytes([0x60 | len(data)]) + data
    return b"\x7a" + len(data).to_bytes(4) + data
