"""What of a request is forwarded: rebuilt from what was parsed, never passed on as it came."""

from __future__ import annotations

from collections.abc import Iterator

from supervisor.parse.aws_http.found import Found
from supervisor.parse.aws_http.head import decode, encode
from supervisor.parse.aws_http.headers import CHECKSUM, GENERAL
from supervisor.parse.aws_http.request import AwsRequest
from supervisor.parse.aws_http.sight import Sight

# Ends here: it is made anew for the upstream connection, or signs for the credentials that the client has.
_OURS = frozenset(
    "x-amz-date x-amz-security-token x-amz-s3session-token x-amz-region-set x-amz-te authorization host".split()
)
_KEPT = frozenset(
    "accept accept-language cache-control content-disposition content-encoding content-language content-length "
    "content-md5 content-range content-type expires if-match if-modified-since if-none-match if-range "
    "if-unmodified-since range smithy-protocol user-agent x-amzn-query-mode x-amzn-trace-id".split()
)


def forward_path(sight: Sight, found: Found) -> str:
    """The path, percent-encoded once, as it belongs to `forward_host`; S3's in path style, whatever the client used."""
    if found.place is not None:
        return found.place.key_path if _only_by_host(sight) else found.place.path
    if "%" not in sight.path:
        # Nothing but what may stand in a path, which was checked; encoded like the rest for signing's sake.
        return "/".join(encode(segment) for segment in sight.path.split("/"))
    return "/".join(encode(decode(segment) or "") for segment in sight.path.split("/"))


def forward_host(sight: Sight) -> str:
    """The AWS host that goes with the path; empty where the service's endpoint in the region is to be used.

    That is so where the client addressed the gate, and for S3's hosts of all regions, which take a bucket of another
    region than their own only in their name.
    """
    host = sight.host
    if host.gate:
        return ""
    if host.services == ("s3",) and not host.express and not host.region and sight.signed.region:
        return ""
    if not host.bucket or _only_by_host(sight):
        return host.name
    return host.name[len(host.bucket) + 1 :]


def _only_by_host(sight: Sight) -> bool:
    """Directory buckets are addressed by their host, and not in a path."""
    return sight.host.express and bool(sight.host.bucket)


def forward_query(sight: Sight) -> tuple[tuple[str, str], ...]:
    """The query's names and values, each percent-encoded once."""
    return tuple((encode(name), encode(value)) for name, value in sight.query if name != "x-id")


def forward_headers(sight: Sight, found: Found) -> tuple[tuple[str, str], ...]:
    """The headers that the operation has in its model, and those that any request may have."""
    return tuple(_headers(sight, found))


def _headers(sight: Sight, found: Found) -> Iterator[tuple[str, str]]:
    operation = found.operations[0]
    for name, value in sight.head.headers.items():
        if name in _OURS:
            continue
        if name in _KEPT or name in GENERAL or name.startswith(CHECKSUM) or operation.knows_header(name):
            yield name, value


def request_target(request: AwsRequest) -> str:
    """Path and query as they go on the wire; S3's in path style."""
    if not request.query:
        return request.path
    return request.path + "?" + "&".join([f"{name}={value}" for name, value in request.query])
