"""What was found of a request: its operation, or several services' operation that means the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from supervisor.parse.aws_http.families import same_meaning
from supervisor.parse.aws_http.head import shown
from supervisor.parse.aws_http.headers import CHECKSUM
from supervisor.parse.aws_http.index import Operation
from supervisor.parse.aws_http.request import Protocol, Refused
from supervisor.parse.aws_http.s3 import Place
from supervisor.parse.aws_http.sight import Sight


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


def agreed(
    sight: Sight, found: Sequence[Operation], protocol: Protocol, form: tuple[tuple[str, str], ...] = ()
) -> Found | Refused:
    """The operations as one answer, when they mean the same."""
    if protocol in ("json", "smithy-rpc-v2-cbor", "query", "ec2"):
        for name in sight.head.telling:
            if not name.startswith(CHECKSUM):
                return Refused(f"{found[0].name} has no header {shown(name)} that the model knows")
    if len(found) > 1:
        services = [operation.service for operation in found]
        if len({operation.name for operation in found}) > 1 or not same_meaning(services):
            return ambiguous()
        signing = sight.signed.signing_name
        found = sorted(found, key=lambda operation: (operation.service != signing, operation.service))
    return Found(tuple(found), protocol, form=form)


def ambiguous() -> Refused:
    why = (
        "the request can be for several services that mean different things by it; "
        "set the endpoint URL of the one service (AWS_ENDPOINT_URL_...)"
    )
    return Refused(why, code="InvalidRequest")
