"""Bodies on their way to AWS: right ones pass whatever pieces they come in, wrong ones are never completed."""

from __future__ import annotations

import hashlib
import io
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from botocore.httpchecksum import AwsChunkedWrapper, Crc32Checksum
from hypothesis import given
from hypothesis import strategies as st

from supervisor.gates.aws.bodies import BadBody, Body, HashedBody, PlainBody
from supervisor.gates.aws.carried import body_of
from supervisor.gates.aws.chunks import LARGEST_SIGNED_CHUNK, SignedChunks, UnsignedChunks
from supervisor.gates.aws.placeholder import Placeholder
from supervisor.gates.aws.sigv4 import ChunkSigner, Outgoing, Payload, Scope, Signed, SigningKey, sign, verify

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
THEIRS, OURS = Placeholder.create(), Placeholder.create()
CHECKSUM = "x-amz-checksum-crc32c"

# "Example: PUT object" of the chunked upload in the Amazon S3 API Reference, and the one with a trailing header.
EXAMPLE = SigningKey.derive(
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", Scope("20130524", "us-east-1", "s3"), "20130524T000000Z"
)
EXAMPLE_SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
EXAMPLE_BODY = (
    b"10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n"
    + b"a" * 65536
    + b"\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n"
    + b"a" * 1024
    + b"\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n"
)
TRAILER_SEED = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
TRAILER_BODY = (
    b"10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n"
    + b"a" * 65536
    + b"\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n"
    + b"a" * 1024
    + b"\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n"
    + b"x-amz-checksum-crc32c:sOO8/Q==%b"
    + b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
)


def heads(payload: str) -> tuple[Signed, Outgoing]:
    """A request as the client signed it, and as it is signed for AWS."""
    theirs = sign("PUT", "http://h/b/k", [], payload, THEIRS, "s3", "eu-central-1", NOW)
    signed = verify("PUT", "/b/k", theirs.headers, None, THEIRS, NOW)
    assert isinstance(signed, Signed)
    return signed, sign("PUT", "https://b.s3.amazonaws.com/k", [], payload, OURS, "s3", "eu-central-1", NOW)


def signed_body(signer: ChunkSigner, chunks: Iterable[bytes], trailer: bytes | None = None) -> bytes:
    """A signed aws-chunked body; the data of the last chunk (nothing) is added."""
    parts = []
    for chunk in (*chunks, b""):
        signature = signer.chunk(hashlib.sha256(chunk).hexdigest())
        parts.append(b"%x;chunk-signature=%b\r\n%b" % (len(chunk), signature.encode(), chunk))
        if chunk:
            parts.append(b"\r\n")
    if trailer is not None:
        signature = signer.trailer(hashlib.sha256(trailer + b"\n").hexdigest())
        parts.append(b"%b\r\nx-amz-trailer-signature:%b\r\n" % (trailer, signature.encode()))
    return b"".join((*parts, b"\r\n"))


def through(body: Body, pieces: Iterable[bytes]) -> bytes:
    """All that comes out of a right body."""
    out = b"".join([body.feed(piece) for piece in pieces])
    return out + body.close()


def refused(body: Body, pieces: Iterable[bytes]) -> tuple[bytes, BadBody]:
    """What came out of a wrong body before it was refused, and the refusal, which is final."""
    out = b""
    try:
        for piece in pieces:
            out += body.feed(piece)
        out += body.close()
    except BadBody as bad:
        for again in (body.close, lambda: body.feed(b""), lambda: body.feed(b"0\r\n\r\n")):
            with pytest.raises(BadBody):
                again()
        assert bad.message.isprintable()
        return out, bad
    raise AssertionError(f"{len(out)} bytes were accepted")


def pieces_of(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """Cut data at the given places."""
    places = sorted({0, *(cut % (len(data) + 1) for cut in cuts), len(data)})
    return [data[start:end] for start, end in pairwise(places)]


CUTS = st.lists(st.integers(0, 1 << 20), max_size=30)


@pytest.mark.parametrize("step", [1 << 20, 65536, 1000, 7])
def test_published_example(step: int) -> None:
    """AWS's published chunked upload of 66,560 bytes is right, in pieces of any size."""
    incoming, outgoing = ChunkSigner(EXAMPLE, EXAMPLE_SEED), ChunkSigner(EXAMPLE, EXAMPLE_SEED)
    body = SignedChunks(incoming, outgoing, 66560)
    pieces = [EXAMPLE_BODY[at : at + step] for at in range(0, len(EXAMPLE_BODY), step)]
    assert through(body, pieces) == EXAMPLE_BODY


@pytest.mark.parametrize("end", [b"\r\n", b"\n\r\n"])
def test_published_example_with_trailer(end: bytes) -> None:
    """AWS's published upload with a signed trailer is right, with SDKs' line end and with the document's."""
    data = TRAILER_BODY % end
    incoming, outgoing = ChunkSigner(EXAMPLE, TRAILER_SEED), ChunkSigner(EXAMPLE, TRAILER_SEED)
    assert through(SignedChunks(incoming, outgoing, 66560, [CHECKSUM]), [data]) == data


@given(st.lists(st.integers(8192, 9000), max_size=3), st.binary(max_size=50), CUTS, st.booleans())
def test_signed_anew(sizes: list[int], last: bytes, cuts: list[int], has_trailer: bool) -> None:
    """What comes out is what the client would have sent with our credentials, however it was cut, and as long."""
    kind = Payload.CHUNKS_SIGNED_TRAILER if has_trailer else Payload.CHUNKS_SIGNED
    signed, outgoing = heads(kind.value)
    chunks = [bytes([size % 251]) * size for size in sizes] + ([last] if last else [])
    headers = [("x-amz-decoded-content-length", str(sum(map(len, chunks))))]
    trailer = b"x-amz-checksum-crc32c:sOO8/Q==" if has_trailer else None
    if has_trailer:
        headers.append(("X-Amz-Trailer", "x-amz-checksum-crc32c"))
    data = signed_body(ChunkSigner(signed.key, signed.signature), chunks, trailer)
    out = through(body_of(signed, outgoing, headers, len(data)), pieces_of(data, cuts))
    assert out == signed_body(outgoing.chunks(), chunks, trailer)
    assert len(out) == len(data)


@given(st.integers(0, 1 << 20), st.integers(1, 255), CUTS)
def test_one_byte_flipped(at: int, flip: int, cuts: list[int]) -> None:
    """With any byte of a signed body changed, that byte's chunk and the last chunk never come out."""
    signed, outgoing = heads(Payload.CHUNKS_SIGNED_TRAILER.value)
    chunks = [b"a" * 8192, b"b" * 8192, b"c" * 10]
    trailer = b"x-amz-checksum-crc32c:sOO8/Q=="
    data = bytearray(signed_body(ChunkSigner(signed.key, signed.signature), chunks, trailer))
    at %= len(data)
    data[at] ^= flip
    if data[at : at + 6] == b"A;chun":
        return  # the size of a chunk may be in letters of either case
    headers = [("x-amz-decoded-content-length", "16394"), ("x-amz-trailer", "x-amz-checksum-crc32c")]
    out, _ = refused(body_of(signed, outgoing, headers, len(data)), pieces_of(bytes(data), cuts))
    right = signed_body(outgoing.chunks(), chunks, trailer)
    assert right.startswith(out)
    assert len(out) <= at
    assert b"\r\n0;chunk-signature" not in out


@given(st.integers(1, 1 << 20))
def test_cut_short(left: int) -> None:
    """A signed body that ends early is not completed, wherever it ends."""
    signed, outgoing = heads(Payload.CHUNKS_SIGNED.value)
    data = signed_body(ChunkSigner(signed.key, signed.signature), [b"a" * 8192, b"b"])
    headers = [("x-amz-decoded-content-length", "8193")]
    out, bad = refused(body_of(signed, outgoing, headers, None), [data[: left % len(data)]])
    assert bad.code == "IncompleteBody"
    assert b"\r\n0;" not in out


def test_chunks_in_another_order() -> None:
    """Chunks that are right by themselves but not where they stand are refused."""
    signed, outgoing = heads(Payload.CHUNKS_SIGNED.value)
    data = signed_body(ChunkSigner(signed.key, signed.signature), [b"a" * 8192, b"b" * 8192])
    size = len("2000;chunk-signature=") + 64 + 2 + 8192 + 2
    one, two, rest = data[:size], data[size : 2 * size], data[2 * size :]
    for order in (two + one + rest, one + one + rest, two + rest, one + rest):
        refused(body_of(signed, outgoing, [("x-amz-decoded-content-length", "16384")], None), [order])


def test_signed_with_another_secret() -> None:
    """Chunks of who does not hold the placeholder's secret are refused before a byte of them comes out."""
    signed, outgoing = heads(Payload.CHUNKS_SIGNED.value)
    data = signed_body(outgoing.chunks(), [b"a" * 8192])
    out, bad = refused(body_of(signed, outgoing, [("x-amz-decoded-content-length", "8192")], None), [data])
    assert (out, bad.code, bad.status) == (b"", "SignatureDoesNotMatch", 403)


def test_after_the_end() -> None:
    """Bytes after the last chunk are refused, and the last chunk with them."""
    signed, outgoing = heads(Payload.CHUNKS_SIGNED.value)
    data = signed_body(ChunkSigner(signed.key, signed.signature), [b"a" * 8192])
    for more in (b"x", b"\r\n", data):
        for pieces in ([data + more], [data, more]):
            out, _ = refused(body_of(signed, outgoing, [("x-amz-decoded-content-length", "8192")], None), pieces)
            assert b"\r\n0;" not in out


HEADS = [
    b"5\r\nhello\r\n",
    b"-5;chunk-signature=%b\r\n",
    b"+5;chunk-signature=%b\r\n",
    b" 5;chunk-signature=%b\r\n",
    b"0x5;chunk-signature=%b\r\n",
    b"5 ;chunk-signature=%b\r\n",
    b"5;chunk-signature=%b;x=y\r\n",
    b"5;Chunk-Signature=%b\r\n",
    b"5;chunk-signature=%b\n",
    b"123456789;chunk-signature=%b\r\n",
    b"\r\n",
    b"5;chunk-signature=\r\n",
    b"\xd9\xa5;chunk-signature=%b\r\n",
    b"5;" + b"x" * 1000,
]


@pytest.mark.parametrize("head", HEADS)
def test_chunk_heads(head: bytes) -> None:
    """What does not begin exactly as a signed chunk is refused with nothing sent."""
    body = SignedChunks(ChunkSigner(EXAMPLE, EXAMPLE_SEED), ChunkSigner(EXAMPLE, EXAMPLE_SEED), 5)
    out, _ = refused(body, [head % (b"0" * 64) if b"%b" in head else head])
    assert out == b""


def test_sizes() -> None:
    """A chunk larger than is held, a small one in the middle, and more data than announced are refused."""
    signer = ChunkSigner(EXAMPLE, EXAMPLE_SEED)

    def body(length: int) -> SignedChunks:
        return SignedChunks(ChunkSigner(EXAMPLE, EXAMPLE_SEED), ChunkSigner(EXAMPLE, EXAMPLE_SEED), length)

    large = b"%x;chunk-signature=%b\r\n" % (LARGEST_SIGNED_CHUNK + 1, b"0" * 64)
    assert refused(body(1 << 40), [large])[0] == b""
    small = signed_body(signer, [b"a", b"b" * 8192])
    assert refused(body(8193), [small])[1].code == "InvalidChunkSizeError"
    data = signed_body(ChunkSigner(EXAMPLE, EXAMPLE_SEED), [b"a" * 8192])
    assert refused(body(8191), [data])[0] == b""
    assert b"\r\n0;" not in refused(body(8193), [data])[0]


TRAILERS = [
    b"x-amz-checksum-crc32:AAAAAA==\r\n\r\n",
    b"x-amz-checksum-crc32c:AAAAAA==\r\nx-amz-checksum-crc32c:AAAAAA==\r\n\r\n",
    b"x-amz-meta-a:b\r\n\r\n",
    b"x-amz-checksum-crc32c:\r\n\r\n",
    b"x-amz-checksum-crc32c:a b\r\n\r\n",
    b"x-amz-checksum-crc32c: " + b"A" * 300,
    b"\r\n",
    b"x-amz-checksum-crc32c:AAAAAA==\n\n",
    b"x-amz-checksum-crc32c:AAAAAA==\r\nx-amz-trailer-signature:00\r\n\r\n",
]


@pytest.mark.parametrize("trailer", TRAILERS)
def test_trailers(trailer: bytes) -> None:
    """Only the announced checksums may follow the last chunk, each once."""
    out, _ = refused(UnsignedChunks(1, [CHECKSUM]), [b"1\r\na\r\n", b"0\r\n" + trailer])
    assert out == b"1\r\na\r\n"


def botocore_body(data: bytes, size: int) -> bytes:
    """What boto3 sends over TLS by default."""
    wrapped = AwsChunkedWrapper(
        io.BytesIO(data), checksum_cls=Crc32Checksum, checksum_name="x-amz-checksum-crc32", chunk_size=size
    )
    return wrapped.read()


@given(st.binary(max_size=300), st.integers(1, 400), CUTS)
def test_unsigned_chunks(data: bytes, size: int, cuts: list[int]) -> None:
    """botocore's unsigned chunks pass as they are, data at once and the end when the body has ended."""
    sent = botocore_body(data, size)
    assert b64encode(zlib.crc32(data).to_bytes(4, "big")) in sent
    body = UnsignedChunks(len(data), ["x-amz-checksum-crc32"])
    out = b"".join(body.feed(piece) for piece in pieces_of(sent, cuts))
    end = sent.rindex(b"0\r\nx-amz-checksum")
    assert out == sent[:end]
    assert body.close() == sent[end:]


def test_unsigned_chunk_of_any_size() -> None:
    """The Go SDK's one chunk for a whole object passes while it arrives."""
    body = UnsignedChunks(1 << 40, ["x-amz-checksum-crc32"])
    assert body.feed(b"10000000000\r\n") == b"10000000000\r\n"
    assert body.feed(b"x" * 70000) == b"x" * 70000


def test_dust() -> None:
    """Chunks of a few bytes are taken from a slow source, but not without end."""
    few = b"1\r\na\r\n" * 900 + b"0\r\n\r\n"
    assert through(UnsignedChunks(900), [few]) == few
    many = b"1\r\na\r\n" * 2000 + b"0\r\n\r\n"
    assert refused(UnsignedChunks(2000), [many])[1].code == "InvalidChunkSizeError"


UNSIGNED = [
    b"2\r\nab\r\n0\r\n\r\n",
    b"1\r\na\r\n",
    b"1\r\nab\r\n0\r\n",
    b"1;x=y\r\na\r\n0\r\n\r\n",
    b"1\na\n0\n\n",
    b"g\r\n",
    b"11111111111111111\r\n",
    b"1\r\na\r\n0\r\n\r\n0\r\n\r\n",
    b"01\r\na\r\n1\r\nb\r\n",
    b"0\r\n\r\n",
    b"",
]


@pytest.mark.parametrize("data", UNSIGNED)
def test_unsigned_framing(data: bytes) -> None:
    """Framing that is not exactly what was announced is never completed."""
    for pieces in ([data], [data[at : at + 1] for at in range(len(data))]):
        out, _ = refused(UnsignedChunks(1), pieces)
        assert not out.endswith(b"0\r\n\r\n")


@given(st.binary(max_size=200), CUTS)
def test_garbage(data: bytes, cuts: list[int]) -> None:
    """Whatever comes in, only a `BadBody` is raised and the pieces make no difference."""

    def outcome(body: Body, pieces: list[bytes]) -> tuple[bool, str]:
        try:
            through(body, pieces)
        except BadBody as bad:
            return False, bad.code
        return True, ""

    makes: list[Callable[[], Body]] = [
        lambda: UnsignedChunks(3, [CHECKSUM]),
        lambda: SignedChunks(ChunkSigner(EXAMPLE, EXAMPLE_SEED), ChunkSigner(EXAMPLE, EXAMPLE_SEED), 3, [CHECKSUM]),
        lambda: HashedBody("0" * 64, 50),
    ]
    for make in makes:
        assert outcome(make(), [data]) == outcome(make(), pieces_of(data, cuts))


@given(st.binary(max_size=300), CUTS)
def test_hashed_body(data: bytes, cuts: list[int]) -> None:
    """A body whose hash was signed passes; of another one the last byte never comes out."""
    sha256 = hashlib.sha256(data).hexdigest()
    assert through(HashedBody(sha256, len(data)), pieces_of(data, cuts)) == data
    other = hashlib.sha256(data + b"x").hexdigest()
    out, bad = refused(HashedBody(other), pieces_of(data, cuts))
    assert bad.code == "XAmzContentSHA256Mismatch"
    assert data.startswith(out) and len(out) < max(1, len(data))


def test_lengths() -> None:
    """A body longer or shorter than its Content-Length is not completed; after its end nothing is taken."""
    for make in (PlainBody, lambda length: HashedBody(hashlib.sha256(b"abc").hexdigest(), length)):
        assert through(make(3), [b"abc"]) == b"abc"
        assert refused(make(2), [b"abc"])[0] == b""
        assert refused(make(4), [b"abc"])[1].code == "IncompleteBody"
        done = make(3)
        through(done, [b"abc"])
        assert done.close() == b""
        with pytest.raises(BadBody):
            done.feed(b"d")


ANNOUNCED: list[tuple[Payload, list[tuple[str, str]]]] = [
    (Payload.CHUNKS_UNSIGNED_TRAILER, []),
    (Payload.CHUNKS_SIGNED, [("x-amz-decoded-content-length", "-1")]),
    (Payload.CHUNKS_SIGNED, [("x-amz-decoded-content-length", "1"), ("X-Amz-Decoded-Content-Length", "1")]),
    (Payload.CHUNKS_SIGNED, [("x-amz-decoded-content-length", "1"), ("x-amz-trailer", CHECKSUM)]),
    (Payload.CHUNKS_SIGNED_TRAILER, [("x-amz-decoded-content-length", "1")]),
    (Payload.CHUNKS_SIGNED_TRAILER, [("x-amz-decoded-content-length", "1"), ("x-amz-trailer", "")]),
    (Payload.CHUNKS_SIGNED_TRAILER, [("x-amz-decoded-content-length", "1"), ("x-amz-trailer", "a,a")]),
    (Payload.CHUNKS_UNSIGNED_TRAILER, [("x-amz-decoded-content-length", "1"), ("x-amz-trailer", "a,b,c,d,e,f,g,h,i")]),
    (Payload.CHUNKS_UNSIGNED_TRAILER, [("x-amz-decoded-content-length", "1e3")]),
    (Payload.CHUNKS_UNSIGNED_TRAILER, [("x-amz-decoded-content-length", "٣")]),
]


@pytest.mark.parametrize(("kind", "headers"), ANNOUNCED)
def test_heads_that_announce_too_little(kind: Payload, headers: list[tuple[str, str]]) -> None:
    """A head that does not say exactly what its chunks will be is refused before the body."""
    signed, outgoing = heads(kind.value)
    with pytest.raises(BadBody):
        body_of(signed, outgoing, headers, None)
