"""Which operation a request is: by the host, the credential scope, and the selectors of each protocol."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from supervisor.parse.aws_http.credentials import OLD_SIGNING, SIGNING, Signed, read_signature
from supervisor.parse.aws_http.families import same_meaning
from supervisor.parse.aws_http.head import Head, decode, has_control, has_dot_segment, read_head, read_pairs, shown
from supervisor.parse.aws_http.hosts import Host, read_host
from supervisor.parse.aws_http.index import Operation, Reference, Service, index, route, service
from supervisor.parse.aws_http.request import Protocol, Refused
from supervisor.parse.aws_http.s3 import OBJECT_LAMBDA, Place, read_place
from supervisor.parse.aws_http.shapes import Unfit, members

OWN_SERVICE = "/_svc/"
"""Before the path of a request to the gate: the botocore name of the service it is for, from the client's own setting
(`AWS_ENDPOINT_URL_<SERVICE>`)."""

FORM = "application/x-www-form-urlencoded"
MOST_FORM_PARAMETERS = 50_000

_JSON = frozenset(("application/x-amz-json-1.0", "application/x-amz-json-1.1"))
_REST_JSON = frozenset(("", "application/json", *_JSON))
_REST_XML = frozenset(("", "application/xml", "text/xml", "application/octet-stream"))
_CBOR = "application/cbor"
_RPC_PATH = re.compile(r"/service/([A-Za-z0-9_.]{1,128})/operation/([A-Za-z0-9_]{1,128})\Z")
# Headers that any operation may have; every other `x-amz-` header must be in its model, since it could change what the
# operation is (as `x-amz-copy-source` does).
GENERAL = frozenset(
    "x-amz-date x-amz-security-token x-amz-target x-amz-content-sha256 x-amz-user-agent x-amz-decoded-content-length "
    "x-amz-trailer x-amz-sdk-checksum-algorithm x-amz-te x-amz-region-set x-amz-s3session-token "
    "x-amz-api-version x-amz-glacier-version".split()
)
_CHECKSUM = "x-amz-checksum-"
_NEEDS_MORE = "needs more"


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


class Found(NamedTuple):
    """The operation, or several services' operation of one name and meaning."""

    operations: tuple[Operation, ...]
    protocol: Protocol
    labels: tuple[str, ...] = ()
    """What stands for the path's labels, still encoded."""
    base: str = ""
    """What stands before the model's path, because the endpoint has it."""
    place: Place | None = None
    form: tuple[tuple[str, str], ...] = ()
    """The parameters of a form, without Action and Version."""


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
        return _for(head, signed)
    host = read_host(head.host)
    if host.why:
        return _for(head, Refused(host.why, 403, "UnrecognizedClientException"))
    path, own = head.path, ""
    if host.gate and path.startswith(OWN_SERVICE):
        own, _, rest = path[len(OWN_SERVICE) :].partition("/")
        path = "/" + rest
        if own not in index().lines:
            return _for(head, _unknown("the index knows no service of the name that the endpoint URL has"))
    services = _services(host, signed, own)
    if isinstance(services, Refused):
        return _for(head, services)
    query = head.query
    if query:
        if signed.presigned:
            query = tuple(pair for pair in query if pair[0].lower() not in SIGNING)
            hoisted = _hoist(head, query)
            if hoisted is not None:
                return _for(head, hoisted)
            query = tuple(pair for pair in query if not pair[0].lower().startswith("x-amz-"))
        if any(has_control(value) for _, value in query):
            return _for(head, Refused("a parameter in the URL has control characters", code="InvalidURI"))
    return Sight(head, host, signed, services, path, query, speaks)


def find(sight: Sight, body: bytes) -> Found | Refused:
    """The operation that a request is, given its body where the protocol names the operation there."""
    found = _find(sight, body)
    if isinstance(found, Refused):
        return _for(sight.head, found, sight.services[0])
    first = found.operations[0]
    if first.traits.get("events", 0) & 1:
        why = f"{first.name} streams both ways over HTTP/2, which is not supported here"
        return _for(sight.head, Refused(why, 501, "NotImplemented"), first.service)
    if first.traits.get("auth") == "bearer":
        why = f"{first.name} is authorised by a bearer token, which is not forwarded"
        return _for(sight.head, Refused(why, 501, "NotImplemented"), first.service)
    return found


def form_expected(sight: Sight) -> bool:
    """True when the operation is named in a form, which may be the body."""
    if sight.speaks is not None:
        return False
    if not _take_forms(sight.services):
        return False
    if sight.query and any(name in ("Action", "Version") for name, _ in sight.query):
        return True
    return sight.head.content_type == FORM and sight.head.method == "POST" and sight.path == "/"


@lru_cache(maxsize=256)
def _take_forms(services: tuple[str, ...]) -> bool:
    return any(service(name).form for name in services)


# From the head ----------------------------------------------------------------------------------------------------


def _protocol(head: Head) -> Protocol | Refused | None:
    cbor = head.headers.get("smithy-protocol")
    if "x-amz-target" in head.headers:
        if cbor is not None:
            return Refused("X-Amz-Target and Smithy-Protocol name an operation twice", protocol="json")
        if head.content_type not in _JSON:
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


def _services(host: Host, signed: Signed, own: str) -> tuple[str, ...] | Refused:
    """The services that host, credential scope and endpoint URL agree on."""
    if signed.region and host.region and signed.region != host.region:
        homes = index().homes
        if not any(signed.region in homes.get(name, ()) for name in host.services or ()):
            return Refused("the signature is for another region than the host's", 403, "SignatureDoesNotMatch")
    named = index().signing.get(signed.signing_name) if signed.signing_name else None
    if signed.signing_name and named is None:
        return _unknown("the index knows no service of the name that the request is signed for")
    if own:
        if named is not None and own not in named:
            return Refused("the request is signed for another service than its URL names", 403, "SignatureDoesNotMatch")
        return (own,)
    if host.services is None:
        if named is None:
            why = "the request does not say which service it is for: it is neither signed nor sent to a service's host"
            return Refused(why, 403, "MissingAuthenticationToken")
        return named
    if named is None:
        return host.services
    both = tuple(name for name in named if name in host.services)
    if not both:
        return Refused("the request is signed for another service than its host's", 403, "SignatureDoesNotMatch")
    return both


def _hoist(head: Head, query: Sequence[tuple[str, str]]) -> Refused | None:
    """Make headers of what a presigned URL has for them: S3 takes `x-amz-` parameters for the header of that name."""
    for name, value in query:
        lower = name.lower()
        if lower.startswith("x-amz-"):
            if lower in head.headers or not value.isascii() or not value.isprintable():
                return Refused(f"the URL and the headers both have {lower}, or it is no header's value")
            head.headers[lower] = value
    return None


# By protocol ------------------------------------------------------------------------------------------------------


def _find(sight: Sight, body: bytes) -> Found | Refused:
    if sight.speaks == "json":
        return _by_target(sight)
    if sight.speaks is not None:
        return _by_rpc_path(sight)
    if form_expected(sight):
        return _by_action(sight, body)
    return _by_route(sight)


def _by_target(sight: Sight) -> Found | Refused:
    target = sight.head.headers["x-amz-target"]
    prefix, _, name = target.rpartition(".")
    if sight.path != "/" or sight.query or sight.head.method != "POST":
        return Refused("X-Amz-Target goes with POST, the path / and no other parameters")
    found = []
    for candidate in sight.services:
        one = service(candidate)
        operation = one.targets.get(prefix, {}).get(name) if "json" in one.protocols else None
        if operation is not None:
            found.append(operation)
    if not found:
        return _unknown("X-Amz-Target names no operation of the service that the request is for")
    return _agreed(sight, found, "json")


def _by_rpc_path(sight: Sight) -> Found | Refused:
    match = _RPC_PATH.match(sight.path)
    if match is None or sight.query or sight.head.method != "POST":
        return Refused("Smithy-Protocol goes with POST, a path /service/NAME/operation/NAME and no other parameters")
    found = []
    for candidate in sight.services:
        one = service(candidate)
        operation = one.targets.get(match[1], {}).get(match[2]) if "smithy-rpc-v2-cbor" in one.protocols else None
        if operation is not None:
            found.append(operation)
    if not found:
        return _unknown("the path names no operation of the service that the request is for")
    return _agreed(sight, found, "smithy-rpc-v2-cbor")


def _by_action(sight: Sight, body: bytes) -> Found | Refused:
    head = sight.head
    pairs: tuple[tuple[str, str], ...] = sight.query
    if sight.path != "/" or head.method not in ("GET", "POST"):
        return Refused("Action goes with GET or POST and the path /")
    if body or head.has_body:
        if pairs:
            return Refused("the request has parameters in its URL and in its body")
        if head.method != "POST" or head.content_type != FORM:
            why = f"the content type does not fit: Action in a body goes with POST and {FORM}"
            return Refused(why, 415, "UnsupportedMediaType")
        if "content-encoding" in head.headers:
            return Refused("a form with a content encoding is not read")
        parsed = _form_pairs(body)
        if isinstance(parsed, Refused):
            return parsed
        pairs = parsed
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        return Refused("a parameter stands there twice")
    if not OLD_SIGNING.isdisjoint(names):
        return Refused("the form is signed with Signature Version 2; use version 4", 403, "IncompleteSignature")
    given = dict(pairs)
    action, version = given.pop("Action", ""), given.pop("Version", "")
    if not action or not version:
        return Refused("the request needs one Action and one Version", code="MissingAction")
    found: list[Operation] = []
    protocol: Protocol = "query"
    why = ""
    for candidate in sight.services:
        one = service(candidate)
        if one.form is None:
            continue
        operation = one.actions.get(version, {}).get(action)
        if operation is None:
            continue
        protocol = one.form
        known = _top_names(candidate, operation.body, protocol)
        stranger = next((name for name in given if name.partition(".")[0] not in known), None)
        if stranger is None:
            found.append(operation)
        else:
            why = f"{action} has no parameter {shown(stranger)} that the model knows"
    if not found:
        if why:
            return Refused(why, code="InvalidParameter")
        return _unknown("Action and Version name no operation of the service that the request is for", "InvalidAction")
    return _agreed(sight, found, protocol, form=tuple(given.items()))


def _form_pairs(body: bytes) -> tuple[tuple[str, str], ...] | Refused:
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError:
        return Refused("the form has bytes that must be encoded")
    # A form's raw characters are wider than a URL's; what is left must not end a parameter elsewhere.
    return read_pairs(text.strip("\r\n"), MOST_FORM_PARAMETERS) if text else ()


@lru_cache(maxsize=1024)
def _top_names(name: str, body: Reference, protocol: str) -> frozenset[str]:
    try:
        return frozenset(members(name, body, protocol))
    except Unfit:
        return frozenset()


def _by_route(sight: Sight) -> Found | Refused:
    matches: list[Found] = []
    refusal: Refused | None = None
    for candidate in sight.services:
        one = service(candidate)
        if one.rest is None:
            continue
        match = _route(sight, one)
        if isinstance(match, Refused):
            refusal = refusal or match
        elif match is not None:
            matches.append(match)
    if not matches:
        return refusal or _unknown("method and path are those of no operation of the service that the request is for")
    first = matches[0]
    if len(matches) == 1:
        return first
    agreed = _agreed(sight, [one for match in matches for one in match.operations], first.protocol)
    if isinstance(agreed, Refused):
        return agreed
    if any((match.protocol, match.labels) != (first.protocol, first.labels) for match in matches):
        return _ambiguous()
    return Found(agreed.operations, first.protocol, first.labels, first.base)


def _route(sight: Sight, one: Service) -> Found | Refused | None:
    """A REST service's operation at this method and path; `None` when it has none there."""
    head = sight.head
    protocol = one.rest
    assert protocol is not None
    place: Place | None = None
    base = ""
    if one.name == "s3":
        # Signed for access points on Outposts or behind a Lambda function: what such a path names is no bucket.
        if sight.signed.signing_name == "s3-outposts":
            return None
        if sight.signed.signing_name == "s3-object-lambda" and sight.path != OBJECT_LAMBDA:
            return None
        found = read_place(head.method, sight.path, sight.host)
        if isinstance(found, Refused):
            return found
        place = found
        match = route(one.routes, place.segments, head.method)
    else:
        if "//" in sight.path:
            return Refused("the path has an empty segment", code="InvalidURI")
        segments = sight.path[1:].split("/")
        match = route(one.routes, segments, head.method)
        for prefix in one.bases:
            if match is None and sight.path.startswith(prefix + "/"):
                base = prefix
                match = route(one.routes, sight.path[len(prefix) + 1 :].split("/"), head.method)
        if match is not None:
            wrong = _wrong_label(match[1])
            if wrong is not None:
                return wrong
    if match is None:
        return None
    chosen = _choose(sight, match[0])
    if isinstance(chosen, Refused):
        return chosen
    operation = chosen[0]
    if head.has_body and not operation.streams and operation.body not in ("x", "s"):
        fitting = _REST_JSON if protocol == "rest-json" else _REST_XML
        if head.content_type not in fitting and "content-type" not in operation.header:
            return Refused(f"the content type does not fit {operation.name}", 415, "UnsupportedMediaType", protocol)
    return Found(tuple(chosen), protocol, tuple(match[1]), base, place)


def _wrong_label(labels: Sequence[str]) -> Refused | None:
    for label in labels:
        if "%" not in label and "." not in label:
            continue
        text = decode(label)
        if text is None or has_control(text):
            return Refused("the path has control characters or is not UTF-8", code="InvalidURI")
        if has_dot_segment(text):
            return Refused("the path has `.` or `..` between slashes", code="InvalidURI")
    return None


def _choose(sight: Sight, operations: Sequence[Operation]) -> list[Operation] | Refused:
    """Of several operations at one path, the one that query and headers fit; all of its twins."""
    names = [name for name, _ in sight.query]
    special = [name for name in sight.head.headers if name.startswith("x-amz-") and name not in GENERAL]
    fitting: list[Operation] = []
    nearest, why = -1, "no operation at this path does without other parameters in its URL"
    for operation in operations:
        if operation.fixed and operation.fixed[0] not in sight.query:
            continue
        reason = _misfit(sight, operation, names, special)
        if not reason:
            fitting.append(operation)
        elif len(operation.fixed) > nearest and reason != _NEEDS_MORE:
            nearest, why = len(operation.fixed), reason
    if not fitting:
        return Refused(why, code="InvalidRequest")
    if len(fitting) > 1:
        top = max(operation.rank for operation in fitting)
        fitting = [operation for operation in fitting if operation.rank == top]
        if {operation.name for operation in fitting} == {"ListBuckets", "ListDirectoryBuckets"}:
            express = sight.host.express or sight.signed.signing_name == "s3express"
            fitting = [one for one in fitting if (one.name == "ListDirectoryBuckets") == express]
        fitting.sort(key=lambda operation: "old" in operation.traits)
        if len({operation.name for operation in fitting}) == 1:
            # Several API versions; the newest comes first.
            return fitting[:1]
        if len(fitting) > 1 and not all("old" in operation.traits for operation in fitting[1:]):
            return _ambiguous()
    return fitting


def _misfit(sight: Sight, operation: Operation, names: Sequence[str], special: Sequence[str]) -> str:
    """Why an operation is not what query and headers say; empty when it is."""
    for fixed in operation.fixed:
        if fixed not in sight.query:
            return _NEEDS_MORE
    if operation.rank:
        traits = operation.traits
        if any(name not in names for name in traits.get("needs_query", ())):
            return _NEEDS_MORE
        if any(name not in sight.head.headers for name in traits.get("needs_header", ())):
            return _NEEDS_MORE
    if names:
        fixed_names = {name for name, _ in operation.fixed}
        seen: set[str] = set()
        for name, value in sight.query:
            if name == "x-id" and operation.service == "s3":
                if value != operation.name or name in seen:
                    return "the parameter x-id names another operation"
            elif name in fixed_names:
                if name in seen:
                    return f"the parameter {shown(name)} stands there twice"
            elif not operation.knows_query(name):
                return f"{operation.name} has no parameter {shown(name)} in its URL that the model knows"
            elif name in seen and not _repeats(operation, name):
                return f"the parameter {shown(name)} stands there twice"
            seen.add(name)
    for name in special:
        if name not in operation.header and not operation.knows_header(name) and not name.startswith(_CHECKSUM):
            return f"{operation.name} has no header {shown(name)} that the model knows"
    return ""


def _repeats(operation: Operation, name: str) -> bool:
    """True when the query parameter is a list, of which each value is a parameter."""
    binding = operation.query.get(name) or operation.traits.get("query_map") or ("", "s")
    return bool(binding[1].isupper())


# Candidates -------------------------------------------------------------------------------------------------------


def _agreed(
    sight: Sight, found: Sequence[Operation], protocol: Protocol, form: tuple[tuple[str, str], ...] = ()
) -> Found | Refused:
    """The operations as one answer, when they mean the same."""
    if protocol in ("json", "smithy-rpc-v2-cbor", "query", "ec2"):
        for name in sight.head.headers:
            if name.startswith("x-amz-") and name not in GENERAL and not name.startswith(_CHECKSUM):
                return Refused(f"{found[0].name} has no header {shown(name)} that the model knows")
    if len(found) > 1:
        services = [operation.service for operation in found]
        if len({operation.name for operation in found}) > 1 or not same_meaning(services):
            return _ambiguous()
        signing = sight.signed.signing_name
        found = sorted(found, key=lambda operation: (operation.service != signing, operation.service))
    return Found(tuple(found), protocol, form=form)


def _ambiguous() -> Refused:
    why = (
        "the request can be for several services that mean different things by it; "
        "set the endpoint URL of the one service (AWS_ENDPOINT_URL_...)"
    )
    return Refused(why, code="InvalidRequest")


def _unknown(why: str, code: str = "UnknownOperationException") -> Refused:
    return Refused(f"{why} (index of botocore {index().botocore})", 400, code)


def _for(head: Head, refused: Refused, name: str = "") -> Refused:
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
