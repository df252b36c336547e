"""Which checks a request's body gets on its way, told from what was signed for it."""

from __future__ import annotations

import re
from typing import assert_never

from supervisor.gates.aws.bodies import BadBody, Body, HashedBody, PlainBody
from supervisor.gates.aws.canonical import Headers
from supervisor.gates.aws.chunks import SignedChunks, UnsignedChunks
from supervisor.gates.aws.incoming import Payload, Signed
from supervisor.gates.aws.outgoing import Outgoing
from supervisor.gates.aws.signing_key import ChunkSigner

_LENGTH = re.compile(r"[0-9]{1,15}")
_NAME = re.compile(r"[a-z0-9-]{1,64}")


def body_of(signed: Signed, outgoing: Outgoing, headers: Headers, length: int | None) -> Body:
    """The checks for the body of a `signed` request with these `headers`, to be sent under the `outgoing` signature.

    `length` is the request's Content-Length in bytes, `None` if it has none. Raises `BadBody` if the head does not
    announce what its kind of body needs.
    """
    match signed.payload:
        case Payload.LITERAL:
            return HashedBody(signed.payload_hash, length)
        case Payload.UNSIGNED:
            return PlainBody(length)
        case Payload.CHUNKS_UNSIGNED_TRAILER:
            return UnsignedChunks(_decoded_length(headers), _trailers(headers) or ())
        case Payload.CHUNKS_SIGNED | Payload.CHUNKS_SIGNED_TRAILER:
            trailers = _trailers(headers)
            if (trailers is None) is (signed.payload is Payload.CHUNKS_SIGNED_TRAILER):
                raise BadBody("InvalidRequest", "x-amz-trailer does not fit to x-amz-content-sha256")
            incoming = ChunkSigner(signed.key, signed.signature)
            return SignedChunks(incoming, outgoing.chunks(), _decoded_length(headers), trailers)
        case _:
            assert_never(signed.payload)


def _decoded_length(headers: Headers) -> int:
    values = [value.strip(" \t") for name, value in headers if name.lower() == "x-amz-decoded-content-length"]
    if len(values) != 1 or not _LENGTH.fullmatch(values[0]):
        raise BadBody("MissingContentLength", "You must provide the x-amz-decoded-content-length HTTP header.", 411)
    return int(values[0])


def _trailers(headers: Headers) -> tuple[str, ...] | None:
    values = [value for name, value in headers if name.lower() == "x-amz-trailer"]
    if not values:
        return None
    names = tuple(name.strip(" \t").lower() for name in ",".join(values).split(","))
    if len(set(names)) != len(names) or not all(_NAME.fullmatch(name) for name in names):
        raise BadBody("InvalidRequest", "The value specified in the x-amz-trailer header is not supported")
    return names
