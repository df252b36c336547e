"""What a request's head says before its body is looked at: the services that it can be for, and the protocol."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from supervisor.parse.aws_http.credentials import SIGNING, Signed, read_signature
from supervisor.parse.aws_http.head import Head, has_control, read_head
from supervisor.parse.aws_http.headers import telling
from supervisor.parse.aws_http.hosts import Host, read_host
from supervisor.parse.aws_http.index import index, service
from supervisor.parse.aws_http.request import Protocol, Refused

OWN_SERVICE = "/_svc/"
"""Before the path of a request to the gate: the botocore name of the service it is for, from the client's own setting
(`AWS_ENDPOINT_URL_<SERVICE>`)."""

FORM = "application/x-www-form-urlencoded"
JSON_TYPES = frozenset(("application/x-amz-json-1.0", "application/x-amz-json-1.1"))
_CBOR = "application/cbor"


# Tuples, because one of each is made for every request, and a frozen dataclass takes four times as long to make.
class Sight(NamedTuple):
    """What a request's head says before its body was looked at."""

    head: Head
    host: Host
    signed: Signed
    services: tuple[str, ...]
    """The candidates."""
    path: str
    """Without what names a service to the gate."""
    query: tuple[tuple[str, str], ...]
    """Without what signs the URL."""
    speaks: Protocol | None
    """Only for a protocol that the head alone decides on; `None` = REST or a form."""


def look(method: str, target: str, headers: Sequence[tuple[str, str]]) -> Sight | Refused:
    """Everything that the head says, and which services it can be for."""
    head = read_head(method, target, headers)
    if isinstance(head, Refused):
        return head
    speaks = _protocol(head)
    if isinstance(speaks, Refused):
        return speaks
    signed = read_signature(head.headers, head.query)
    if isinstance(signed, Refused):
        return as_client_speaks(head, signed)
    host = read_host(head.host)
    if host.why:
        return as_client_speaks(head, Refused(host.why, 403, "UnrecognizedClientException"))
    path, own = head.path, ""
    if host.gate and path.startswith(OWN_SERVICE):
        own, _, rest = path[len(OWN_SERVICE) :].partition("/")
        path = "/" + rest
        if own not in index().lines:
            return as_client_speaks(
                head, unknown_operation("the index knows no service of the name that the endpoint URL has")
            )
    services = _services(host.services, host.region, signed.signing_name, signed.region, own)
    if isinstance(services, Refused):
        return as_client_speaks(head, services)
    query = head.query
    if query:
        if signed.presigned:
            query = tuple(pair for pair in query if pair[0].lower() not in SIGNING)
            hoisted = _hoist(head, query)
            if isinstance(hoisted, Refused):
                return as_client_speaks(head, hoisted)
            head = hoisted
            query = tuple(pair for pair in query if not pair[0].lower().startswith("x-amz-"))
        if any(has_control(value) for _, value in query):
            return as_client_speaks(head, Refused("a parameter in the URL has control characters", code="InvalidURI"))
    return Sight(head, host, signed, services, path, query, speaks)


def _protocol(head: Head) -> Protocol | Refused | None:
    cbor = head.headers.get("smithy-protocol")
    if "x-amz-target" in head.headers:
        if cbor is not None:
            return Refused("X-Amz-Target and Smithy-Protocol name an operation twice", protocol="json")
        if head.content_type not in JSON_TYPES:
            why = "the content type does not fit X-Amz-Target, which goes with application/x-amz-json-1.0 or 1.1"
            return Refused(why, 415, "UnsupportedMediaType", "json")
        return "json"
    if cbor is None:
        return None
    if cbor != "rpc-v2-cbor":
        return Refused("the Smithy-Protocol header names a protocol that no service speaks")
    if head.content_type != _CBOR and (head.content_type or head.has_body):
        return Refused("the content type does not fit Smithy-Protocol", 415, "UnsupportedMediaType")
    return "smithy-rpc-v2-cbor"


# Of what it is asked about, hosts are such that the index has, and all else is at most a signature's length.
@lru_cache(maxsize=512)
def _services(
    hosts: tuple[str, ...] | None, host_region: str, signing_name: str, region: str, own: str
) -> tuple[str, ...] | Refused:
    """The services that host, credential scope and endpoint URL agree on."""
    if region and host_region and region != host_region:
        homes = index().homes
        if not any(region in homes.get(name, ()) for name in hosts or ()):
            return Refused("the signature is for another region than the host's", 403, "SignatureDoesNotMatch")
    named = index().signing.get(signing_name) if signing_name else None
    if signing_name and named is None:
        return unknown_operation("the index knows no service of the name that the request is signed for")
    if own:
        if named is not None and own not in named:
            return Refused("the request is signed for another service than its URL names", 403, "SignatureDoesNotMatch")
        return (own,)
    if hosts is None:
        if named is None:
            why = "the request does not say which service it is for: it is neither signed nor sent to a service's host"
            return Refused(why, 403, "MissingAuthenticationToken")
        return named
    if named is None:
        return hosts
    both = tuple(name for name in named if name in hosts)
    if not both:
        return Refused("the request is signed for another service than its host's", 403, "SignatureDoesNotMatch")
    return both


def _hoist(head: Head, query: Sequence[tuple[str, str]]) -> Head | Refused:
    """With headers of what a presigned URL has for them: S3 takes `x-amz-` parameters for the header of that name."""
    headers = dict(head.headers)
    for name, value in query:
        lower = name.lower()
        if lower.startswith("x-amz-"):
            if lower in headers or not value.isascii() or not value.isprintable():
                return Refused(f"the URL and the headers both have {lower}, or it is no header's value")
            headers[lower] = value
    return head if len(headers) == len(head.headers) else head._replace(headers=headers, telling=telling(headers))


def unknown_operation(why: str, code: str = "UnknownOperationException") -> Refused:
    return Refused(f"{why} (index of botocore {index().botocore})", 400, code)


def as_client_speaks(head: Head, refused: Refused, name: str = "") -> Refused:
    """The refusal in the protocol that the client speaks, as far as that can be told."""
    speaks: Protocol = refused.protocol
    if "smithy-protocol" in head.headers:
        speaks = "smithy-rpc-v2-cbor"
    elif "x-amz-target" in head.headers:
        speaks = "json"
    elif name:
        one = service(name)
        as_form = head.content_type == FORM or any(key in ("Action", "Version") for key, _ in head.query)
        speaks = one.form if as_form and one.form else one.rest or one.form or "json"
    elif head.content_type == FORM:
        speaks = "query"
    return Refused(refused.why, refused.status, refused.code, speaks, name or refused.service)
