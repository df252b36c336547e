"""Operations that a header, a path of RPC v2 or a form names: JSON, CBOR and the query protocols."""

from __future__ import annotations

import re
from functools import lru_cache

from supervisor.parse.aws_http.credentials import OLD_SIGNING
from supervisor.parse.aws_http.found import Found, agreed
from supervisor.parse.aws_http.head import foreign_charset, read_pairs, shown
from supervisor.parse.aws_http.index import Operation, Reference, service
from supervisor.parse.aws_http.request import Protocol, Refused
from supervisor.parse.aws_http.shapes import Unfit, members
from supervisor.parse.aws_http.sight import FORM, Sight, unknown_operation

MOST_FORM_PARAMETERS = 50_000

_RPC_PATH = re.compile(r"/service/([A-Za-z0-9_.]{1,128})/operation/([A-Za-z0-9_]{1,128})\Z")


def by_target(sight: Sight) -> Found | Refused:
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
        return unknown_operation("X-Amz-Target names no operation of the service that the request is for")
    return agreed(sight, found, "json")


def by_rpc_path(sight: Sight) -> Found | Refused:
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
        return unknown_operation("the path names no operation of the service that the request is for")
    return agreed(sight, found, "smithy-rpc-v2-cbor")


def by_action(sight: Sight, body: bytes) -> Found | Refused:
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
        if foreign_charset(head.headers):
            return Refused("the content type says that the form is not UTF-8", 415, "UnsupportedMediaType")
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
        return unknown_operation(
            "Action and Version name no operation of the service that the request is for", "InvalidAction"
        )
    return agreed(sight, found, protocol, form=tuple(given.items()))


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
