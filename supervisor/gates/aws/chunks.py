"""Bodies in AWS's own chunks (`aws-chunked`): their framing, checked while they pass, and their signatures, made anew.

A signed chunk is signed by the client over the signature before it, beginning at the request's. The gate's request to
AWS has another signature, so each chunk's is checked and then written over, in its place: no length changes.
Source: "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks" and "Signature
calculations for trailing headers" in the Amazon S3 API Reference.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from abc import abstractmethod
from collections.abc import Collection
from enum import Enum, auto

from supervisor.gates.aws.bodies import BadBody, Body, incomplete
from supervisor.gates.aws.canonical import EMPTY_SHA256
from supervisor.gates.aws.signing_key import ChunkSigner

LARGEST_SIGNED_CHUNK = 8 * 1024 * 1024
"""Bytes; a signed chunk is held until it proved right. SDKs send 64 KiB to 1 MiB."""
SMALLEST_SIGNED_CHUNK = 8 * 1024
"""Bytes; only the last one with data may be smaller, as at S3."""

_LONGEST_LINE = 256
# Framing costs time for each chunk: who sends many must put something into them (real ones have 8 KiB at least).
_FREE_CHUNKS, _LEAST_AVERAGE = 1000, 512
_MOST_TRAILERS = 8
_TRAILER = re.compile(rb"(x-amz-checksum-[a-z0-9]{1,20}) *: *([A-Za-z0-9+/=_-]{1,128})")
_TRAILER_SIGNATURE = re.compile(rb"x-amz-trailer-signature:([0-9a-f]{64})")
_SIGNED_HEAD = re.compile(rb"([0-9A-Fa-f]{1,8});chunk-signature=([0-9a-f]{64})")
_UNSIGNED_HEAD = re.compile(rb"[0-9A-Fa-f]{1,16}")


class _Part(Enum):
    """What comes next."""

    HEAD = auto()
    DATA = auto()
    DATA_END = auto()
    TRAILERS = auto()
    TRAILERS_END = auto()
    """The empty line after trailers that end in a bare line feed, as AWS's documents write them."""
    TRAILER_SIGNATURE = auto()
    LAST_LINE = auto()
    NOTHING = auto()


class _Chunked(Body):
    """The framing that both forms share. What ends the body is kept back in `_tail`."""

    def __init__(self, decoded_length: int, trailers: Collection[str] = ()) -> None:
        """`decoded_length` (bytes) and the names of the `trailers` are what the request's head announced."""
        super().__init__()
        if len(trailers) > _MOST_TRAILERS:
            raise _malformed_trailer(f"more than {_MOST_TRAILERS} trailing headers are announced")
        self._left = decoded_length
        self._awaited = [name.encode("ascii", "replace") for name in trailers]
        self._part = _Part.HEAD
        self._line = bytearray()
        self._in_chunk = 0
        self._chunks, self._decoded_length = 0, decoded_length
        self._ready: list[bytes] = []
        self._tail: list[bytes] = []

    @abstractmethod
    def _head(self, line: bytes) -> int:
        """Read the line before a chunk's data; returns the number of bytes in it."""

    @abstractmethod
    def _data(self, piece: bytes) -> None: ...

    @abstractmethod
    def _data_end(self) -> None: ...

    @abstractmethod
    def _last_chunk(self) -> None: ...

    @abstractmethod
    def _trailer(self, name: bytes, value: bytes) -> None: ...

    @abstractmethod
    def _trailer_signature(self, line: bytes) -> None: ...

    def _take(self, data: bytes) -> bytes:
        position = 0
        while position < len(data):
            if self._part is _Part.DATA:
                piece = data[position : position + self._in_chunk]
                self._data(piece)
                position += len(piece)
                self._in_chunk -= len(piece)
                if not self._in_chunk:
                    self._part = _Part.DATA_END
                continue
            if self._part is _Part.NOTHING:
                raise BadBody("InvalidRequest", "the body goes on after its last chunk")
            # One byte more than a line may have, so that a longer one is seen, however it arrives.
            end = data.find(b"\n", position, position + _LONGEST_LINE + 1)
            self._line += data[position : end + 1 if end >= 0 else position + _LONGEST_LINE + 1]
            if len(self._line) > _LONGEST_LINE:
                raise BadBody("InvalidRequest", "a line of the chunked body is too long")
            if end < 0:
                break
            position = end + 1
            line = bytes(self._line)
            self._line.clear()
            self._read(line)
        ready = b"".join(self._ready)
        self._ready.clear()
        return ready

    def _end(self) -> bytes:
        if self._part is not _Part.NOTHING:
            raise incomplete()
        return b"".join(self._tail)

    def _read(self, line: bytes) -> None:
        match self._part:
            case _Part.HEAD:
                self._read_head(line)
            case _Part.DATA_END:
                _expect_empty(line)
                self._data_end()
                self._part = _Part.HEAD
            case _Part.TRAILERS:
                self._read_trailer(line)
            case _Part.TRAILERS_END:
                _expect_empty(line)
                self._tail.append(line)
                self._after_trailers()
            case _Part.TRAILER_SIGNATURE:
                self._trailer_signature(_without_end(line))
                self._part = _Part.LAST_LINE
            case _Part.LAST_LINE:
                _expect_empty(line)
                self._tail.append(line)
                self._part = _Part.NOTHING
            case _Part.DATA | _Part.NOTHING:
                raise AssertionError(self._part)

    def _read_head(self, line: bytes) -> None:
        size = self._head(_without_end(line))
        if size > self._left:
            raise BadBody("InvalidRequest", "the chunks have more bytes than x-amz-decoded-content-length")
        self._chunks += 1
        if self._chunks > _FREE_CHUNKS + (self._decoded_length - self._left) // _LEAST_AVERAGE:
            raise BadBody("InvalidChunkSizeError", "the chunks are too small for their number", 403)
        self._left -= size
        self._in_chunk = size
        if size:
            self._part = _Part.DATA
            return
        if self._left:
            raise incomplete()
        self._last_chunk()
        if self._awaited:
            self._part = _Part.TRAILERS
        else:
            self._after_trailers()

    def _read_trailer(self, line: bytes) -> None:
        is_bare = not line.endswith(b"\r\n")
        found = _TRAILER.fullmatch(line[:-1] if is_bare else line[:-2])
        if found is None or found[1] not in self._awaited:
            raise _malformed_trailer("a trailing header was not announced in x-amz-trailer, or is no checksum")
        self._awaited.remove(found[1])
        self._trailer(found[1], found[2])
        self._tail.append(line)
        if self._awaited:
            return
        if is_bare:
            self._part = _Part.TRAILERS_END
        else:
            self._after_trailers()

    def _after_trailers(self) -> None:
        self._part = _Part.LAST_LINE


class UnsignedChunks(_Chunked):
    """`STREAMING-UNSIGNED-PAYLOAD-TRAILER`: data passes as it comes, the last chunk when the body has ended."""

    def _head(self, line: bytes) -> int:
        if not _UNSIGNED_HEAD.fullmatch(line):
            raise BadBody("InvalidRequest", "a chunk does not begin with its size")
        if size := int(line, 16):
            self._ready.append(line + b"\r\n")
        else:
            self._tail.append(line + b"\r\n")
        return size

    def _data(self, piece: bytes) -> None:
        self._ready.append(piece)

    def _data_end(self) -> None:
        self._ready.append(b"\r\n")

    def _last_chunk(self) -> None:
        """Its line is in the tail already."""

    def _trailer(self, name: bytes, value: bytes) -> None:
        """Nothing is signed."""

    def _trailer_signature(self, line: bytes) -> None:
        raise AssertionError("unsigned chunks have no trailer signature")


class SignedChunks(_Chunked):
    """`STREAMING-AWS4-HMAC-SHA256-PAYLOAD` and `...-TRAILER`: a chunk passes when its signature is right."""

    def __init__(
        self, incoming: ChunkSigner, outgoing: ChunkSigner, decoded_length: int, trailers: Collection[str] | None = None
    ) -> None:
        """`incoming` says which signatures are right, `outgoing` makes those for AWS; `trailers`: a signed trailer."""
        super().__init__(decoded_length, trailers or ())
        self._incoming, self._outgoing = incoming, outgoing
        self._has_trailer = trailers is not None
        self._pieces: list[bytes] = []
        self._hash = hashlib.sha256()
        self._size, self._signature = b"", b""
        self._was_small = False
        self._trailer_hash = hashlib.sha256()

    def _head(self, line: bytes) -> int:
        found = _SIGNED_HEAD.fullmatch(line)
        if found is None:
            raise BadBody("InvalidRequest", "a chunk does not begin with its size and signature")
        self._size, self._signature = found[1], found[2]
        size = int(self._size, 16)
        if size > LARGEST_SIGNED_CHUNK:
            raise BadBody("InvalidRequest", f"signed chunks of more than {LARGEST_SIGNED_CHUNK} bytes are not accepted")
        if size and self._was_small:
            raise BadBody(
                "InvalidChunkSizeError", "Only the last chunk is allowed to have a size less than 8192 bytes", 403
            )
        self._was_small = size < SMALLEST_SIGNED_CHUNK
        self._hash = hashlib.sha256()
        return size

    def _data(self, piece: bytes) -> None:
        self._hash.update(piece)
        self._pieces.append(piece)

    def _data_end(self) -> None:
        head = self._signed_anew(self._hash.hexdigest())
        self._ready += [head, *self._pieces, b"\r\n"]
        self._pieces.clear()

    def _last_chunk(self) -> None:
        self._tail.append(self._signed_anew(EMPTY_SHA256))

    def _signed_anew(self, sha256: str) -> bytes:
        _expect_signature(self._incoming.chunk(sha256), self._signature)
        return b"%b;chunk-signature=%b\r\n" % (self._size, self._outgoing.chunk(sha256).encode("ascii"))

    def _trailer(self, name: bytes, value: bytes) -> None:
        self._trailer_hash.update(b"%b:%b\n" % (name, value))

    def _after_trailers(self) -> None:
        self._part = _Part.TRAILER_SIGNATURE if self._has_trailer else _Part.LAST_LINE

    def _trailer_signature(self, line: bytes) -> None:
        found = _TRAILER_SIGNATURE.fullmatch(line)
        if found is None:
            raise _malformed_trailer("the trailing headers are not followed by x-amz-trailer-signature alone")
        sha256 = self._trailer_hash.hexdigest()
        _expect_signature(self._incoming.trailer(sha256), found[1])
        self._tail.append(b"x-amz-trailer-signature:%b\r\n" % self._outgoing.trailer(sha256).encode("ascii"))


def _expect_signature(right: str, given: bytes) -> None:
    if not hmac.compare_digest(right.encode("ascii"), given):
        raise BadBody(
            "SignatureDoesNotMatch",
            "The chunk signature we calculated does not match the signature you provided.",
            403,
        )


def _expect_empty(line: bytes) -> None:
    if line != b"\r\n":
        raise BadBody("InvalidRequest", "a chunk is not followed by an empty line's end")


def _without_end(line: bytes) -> bytes:
    if not line.endswith(b"\r\n"):
        raise BadBody("InvalidRequest", "a line of the chunked body does not end in CR LF")
    return line[:-2]


def _malformed_trailer(why: str) -> BadBody:
    return BadBody("MalformedTrailerError", f"The request contained trailing data that was not well-formed: {why}")
