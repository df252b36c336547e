"""Operations that method and path name, with query and headers where several share a path: the REST protocols."""

from __future__ import annotations

from collections.abc import Sequence

from supervisor.parse.aws_http.found import Found, agreed, ambiguous
from supervisor.parse.aws_http.head import decode, has_control, has_dot_segment, shown
from supervisor.parse.aws_http.headers import CHECKSUM
from supervisor.parse.aws_http.index import Operation, Service, route, service
from supervisor.parse.aws_http.request import Refused
from supervisor.parse.aws_http.s3 import OBJECT_LAMBDA, Place, read_place
from supervisor.parse.aws_http.sight import JSON_TYPES, Sight, unknown_operation

_REST_JSON = frozenset(("", "application/json", *JSON_TYPES))
_REST_XML = frozenset(("", "application/xml", "text/xml", "application/octet-stream"))
_NEEDS_MORE = "needs more"


def by_route(sight: Sight) -> Found | Refused:
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
        return refusal or unknown_operation(
            "method and path are those of no operation of the service that the request is for"
        )
    first = matches[0]
    if len(matches) == 1:
        return first
    together = agreed(sight, [one for match in matches for one in match.operations], first.protocol)
    if isinstance(together, Refused):
        return together
    if any((match.protocol, match.labels) != (first.protocol, first.labels) for match in matches):
        return ambiguous()
    return Found(together.operations, first.protocol, first.labels, first.base)


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


def _choose(sight: Sight, operations: Sequence[Operation]) -> Sequence[Operation] | Refused:
    """Of several operations at one path, the one that query and headers fit; all of its twins."""
    telling = sight.head.telling
    if len(operations) == 1 and not operations[0].rank and not sight.query and not telling:
        return operations  # nothing is said that it could misfit
    names = [name for name, _ in sight.query]
    fitting: list[Operation] = []
    nearest, why = -1, "no operation at this path does without other parameters in its URL"
    for operation in operations:
        if operation.fixed and operation.fixed[0] not in sight.query:
            continue
        reason = _misfit(sight, operation, names)
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
            return ambiguous()
    return fitting


def _misfit(sight: Sight, operation: Operation, names: Sequence[str]) -> str:
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
    for name in sight.head.telling:
        if name not in operation.header and not operation.knows_header(name) and not name.startswith(CHECKSUM):
            return f"{operation.name} has no header {shown(name)} that the model knows"
    return ""


def _repeats(operation: Operation, name: str) -> bool:
    """True when the query parameter is a list, of which each value is a parameter."""
    binding = operation.query.get(name) or operation.traits.get("query_map") or ("", "s")
    return bool(binding[1].isupper())
