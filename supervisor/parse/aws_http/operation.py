"""Which operation a request is: by what names it in the protocol that the request is in."""

from __future__ import annotations

from functools import lru_cache

from supervisor.parse.aws_http.found import Found
from supervisor.parse.aws_http.index import service
from supervisor.parse.aws_http.request import Refused
from supervisor.parse.aws_http.rest import by_route
from supervisor.parse.aws_http.rpc import by_action, by_rpc_path, by_target
from supervisor.parse.aws_http.sight import FORM, Sight, as_client_speaks


def find(sight: Sight, body: bytes) -> Found | Refused:
    """The operation that a request is, given its body where the protocol names the operation there."""
    found = _find(sight, body)
    if isinstance(found, Refused):
        return as_client_speaks(sight.head, found, sight.services[0])
    first = found.operations[0]
    if first.traits.get("events", 0) & 1:
        why = f"{first.name} streams both ways over HTTP/2, which is not supported here"
        return as_client_speaks(sight.head, Refused(why, 501, "NotImplemented"), first.service)
    if first.traits.get("auth") == "bearer":
        why = f"{first.name} is authorised by a bearer token, which is not forwarded"
        return as_client_speaks(sight.head, Refused(why, 501, "NotImplemented"), first.service)
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


def _find(sight: Sight, body: bytes) -> Found | Refused:
    if sight.speaks == "json":
        return by_target(sight)
    if sight.speaks is not None:
        return by_rpc_path(sight)
    if form_expected(sight):
        return by_action(sight, body)
    return by_route(sight)


@lru_cache(maxsize=256)
def _take_forms(services: tuple[str, ...]) -> bool:
    return any(service(name).form for name in services)
