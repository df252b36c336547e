"""A whole request as facts: which operation it is, its parameters, and the form in which it is forwarded."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from supervisor.parse.aws_http.cbor_body import read_cbor
from supervisor.parse.aws_http.forward import forward_headers, forward_host, forward_path, forward_query
from supervisor.parse.aws_http.found import Found
from supervisor.parse.aws_http.head import decode, foreign_charset
from supervisor.parse.aws_http.index import Operation
from supervisor.parse.aws_http.json_body import read_json
from supervisor.parse.aws_http.operation import find, form_expected
from supervisor.parse.aws_http.request import AwsRequest, Name, Refused
from supervisor.parse.aws_http.shapes import Decoder, Unfit, head_value
from supervisor.parse.aws_http.sight import Sight, look
from supervisor.parse.aws_http.xml_body import read_xml

LONGEST_BODY = 96 * 1024 * 1024
"""Bytes of a body that is read: Lambda's deployment packages travel inside JSON. Blobs are not read."""


def identify(method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> tuple[tuple[str, str], ...]:
    """botocore's names of service and operation that an HTTP request to AWS is; empty when it is refused.

    Args:
        method: As on the wire, in upper case.
        target: The request target as on the wire: `/path?query`, or a whole URL.
        headers: Names in any case, in order, as often as they came. Host and credential scope tell the service; a
            path that begins with `/_svc/SERVICE/` and is sent to the gate's own address narrows it to that one.
        body: Only looked at where it names the operation (forms).

    Returns:
        One pair, or several where services share an API (`rds`, `docdb` and `neptune`) or a deprecated operation has a
        twin: these mean the same. Never raises.
    """
    sight = look(method, target, headers)
    if isinstance(sight, Refused):
        return ()
    found = find(sight, body)
    if isinstance(found, Refused):
        return ()
    return tuple([(operation.service, operation.name) for operation in found.operations])


def body_wanted(method: str, target: str, headers: list[tuple[str, str]]) -> bool:
    """Whether `read` needs the body. False for a blob that is passed on while it arrives, and for what is refused."""
    sight = look(method, target, headers)
    if isinstance(sight, Refused):
        return False
    if form_expected(sight):
        return sight.head.method == "POST"
    found = find(sight, b"")
    if isinstance(found, Refused) or found.operations[0].streams:
        return False
    return found.operations[0].body != "" or sight.head.has_body


def read(method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> AwsRequest | Refused:
    """Everything that a request says, or why it is not forwarded. Never raises; arguments as for `identify`.

    Of the services that share an API those remain whose model has all the parameters.
    """
    sight = look(method, target, headers)
    if isinstance(sight, Refused):
        return sight
    found = find(sight, body)
    if isinstance(found, Refused):
        return found
    names: list[Name] = []
    parameters: Mapping[str, Any] | None = None
    refusal: Refused | None = None
    for operation in found.operations:
        try:
            read_of_it = _parameters(sight, found, operation, body)
            _check_host_label(sight, operation, read_of_it)
        except Unfit as unfit:
            refusal = refusal or Refused(
                f"{operation.name}: {unfit}", 400, "ValidationException", found.protocol, operation.service
            )
            continue
        names.append((operation.service, operation.name))
        parameters = read_of_it if parameters is None else parameters
    if parameters is None:
        assert refusal is not None
        return refusal
    return AwsRequest(
        names=tuple(names),
        protocol=found.protocol,
        method=sight.head.method,
        path=forward_path(sight, found),
        query=forward_query(sight),
        headers=forward_headers(sight, found),
        parameters=parameters,
        signing_name=sight.signed.signing_name,
        region=sight.signed.region or ("" if sight.signed.signing_name else sight.host.region),
        host=forward_host(sight),
        bucket=found.place.bucket if found.place else "",
        key=found.place.key if found.place else "",
        streams_body=found.operations[0].streams,
    )


def _parameters(sight: Sight, found: Found, operation: Operation, body: bytes) -> dict[str, Any]:
    if found.protocol in ("query", "ec2"):
        return Decoder(operation.service).form(found.form, operation.body, found.protocol)
    if found.protocol in ("json", "smithy-rpc-v2-cbor"):
        if operation.body == "":
            _no_body(body, found.protocol)
            return {}
        return _structured(sight, found, operation, body) or {}
    parameters = _from_head(sight, found, operation)
    if operation.streams:
        return parameters
    if operation.body == "":
        _no_body(body, found.protocol)
        return parameters
    payload = operation.traits.get("payload")
    if payload is None:
        return parameters | (_structured(sight, found, operation, body) or {})
    if body:
        if operation.body == "x":
            parameters[payload] = base64.b64encode(body).decode("ascii")
        elif operation.body == "s":
            parameters[payload] = _utf8(_plain(sight, operation, body))
        else:
            value = _structured(sight, found, operation, body)
            if value is not None:
                parameters[payload] = value
    return parameters


def _from_head(sight: Sight, found: Found, operation: Operation) -> dict[str, Any]:
    """What the labels of the path, the query and the headers say."""
    parameters: dict[str, Any] = {}
    if found.place is not None:
        values: Sequence[str] = (found.place.bucket, found.place.key)
    else:
        values = [decode(label) or "" for label in found.labels]
    for (member, kind), value in zip(operation.labels, values, strict=False):
        parameters[member] = head_value(value, kind, member)
    fixed = {name for name, _ in operation.fixed}
    rest = operation.traits.get("query_map")
    for name, value in sight.query:
        if name in operation.query:
            member, kind = operation.query[name]
            if kind.isupper():
                parameters.setdefault(member, []).append(head_value(value, kind.lower(), member))
            else:
                parameters[member] = head_value(value, kind, member)
        elif rest is not None and name not in fixed:
            member, kind = rest
            found_there = parameters.setdefault(member, {})
            if kind.isupper():
                found_there.setdefault(name, []).append(head_value(value, kind.lower(), member))
            else:
                found_there[name] = head_value(value, kind, member)
    prefix, many = operation.traits.get("header_map", ("", ""))
    for name, value in sight.head.headers.items():
        if name in operation.header:
            member, kind = operation.header[name]
            if not kind.isupper():
                parameters[member] = head_value(value, kind, member)
            elif value:
                parameters[member] = [head_value(one.strip(), kind.lower(), member) for one in value.split(",")]
        elif many and name.startswith(prefix):
            parameters.setdefault(many, {})[name[len(prefix) :]] = value
    return parameters


def _structured(sight: Sight, found: Found, operation: Operation, body: bytes) -> Any:
    """What a JSON, CBOR or XML body says; `None` for no body."""
    body = _plain(sight, operation, body)
    if not body:
        return None
    decoder = Decoder(operation.service)
    if found.protocol == "rest-xml":
        root = read_xml(body)
        if isinstance(root, str):
            raise Unfit(root)
        expected = operation.traits.get("root")
        if expected is not None and root.name != expected:
            raise Unfit(f"the body is no {expected}")
        return decoder.xml(root, operation.body)
    value, why = read_cbor(body) if found.protocol == "smithy-rpc-v2-cbor" else read_json(body)
    if why:
        raise Unfit(why)
    if value is None:
        raise Unfit("the body is no structure")
    return decoder.tree(value, operation.body)


def _plain(sight: Sight, operation: Operation, body: bytes) -> bytes:
    """The body without its content encoding."""
    if len(body) > LONGEST_BODY:
        raise Unfit("the body is too long")
    if foreign_charset(sight.head.headers):
        raise Unfit("the content type says that the body is not UTF-8")
    encoding = sight.head.headers.get("content-encoding", "").lower()
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip" or "gzip" not in operation.traits:
        raise Unfit(f"the operation's body has no content encoding {encoding[:40]!r} that the model knows")
    unpack = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = unpack.decompress(body, LONGEST_BODY)
    except zlib.error:
        raise Unfit("the body is not compressed as it says") from None
    if not unpack.eof or unpack.unused_data:
        raise Unfit("the compressed body is too long, cut short, or goes on after its end")
    return plain


def _no_body(body: bytes, protocol: str) -> None:
    """An operation without a body may have an empty structure, which says nothing."""
    empty: Mapping[str, tuple[bytes, ...]] = {
        "rest-json": (b"{}",),
        "json": (b"{}",),
        "smithy-rpc-v2-cbor": (b"\xa0", b"\xbf\xff"),
    }
    if body and body.strip() not in empty.get(protocol, ()):
        raise Unfit("the model has no body for this operation")


def _utf8(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise Unfit("the body is not UTF-8") from None


def _check_host_label(sight: Sight, operation: Operation, parameters: Mapping[str, Any]) -> None:
    """What an operation has in its host must be what it has as a parameter: two readings would be two resources."""
    template = operation.traits.get("host", "")
    if not (template.startswith("{") and template.endswith("}.")):
        return
    label = sight.host.prefix if sight.host.gate else sight.host.name.partition(".")[0]
    value = parameters.get(template[1:-2])
    stem_has_label = sight.host.gate or sight.host.label
    if label and stem_has_label and isinstance(value, str) and label != value.lower():
        raise Unfit(f"the host names another {template[1:-2]} than the parameters")
