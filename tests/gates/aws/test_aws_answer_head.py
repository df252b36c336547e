"""Heads of the cloud's answers and their chunks: what they say, and that nothing doubtful is taken for an answer."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.gates.aws.answer_head import Chunks, Ends, NotHttp, read_answer_head

OK = "HTTP/1.1 200 OK"


def _head(*lines: str, method: str = "GET") -> tuple[Ends, int, bool]:
    found = read_answer_head("\r\n".join(lines).encode(), method)
    return found.ends, found.length, found.stays


@pytest.mark.parametrize(
    ("lines", "method", "expected"),
    [
        ((OK, "Content-Length: 5"), "GET", (Ends.LENGTH, 5, True)),
        ((OK, "content-length: 0"), "GET", (Ends.AT_ONCE, 0, True)),
        ((OK, "Content-Length: 5", "Content-Length: 5"), "GET", (Ends.LENGTH, 5, True)),
        ((OK, "Content-Length: 5"), "HEAD", (Ends.AT_ONCE, 0, True)),
        (("HTTP/1.1 204 No Content",), "DELETE", (Ends.AT_ONCE, 0, True)),
        (("HTTP/1.1 304 Not Modified", "Content-Length: 5"), "GET", (Ends.AT_ONCE, 0, True)),
        ((OK, "Transfer-Encoding: chunked"), "GET", (Ends.CHUNKS, 0, True)),
        ((OK, "Transfer-Encoding: Chunked", "Connection: close"), "GET", (Ends.CHUNKS, 0, False)),
        ((OK,), "GET", (Ends.CLOSE, 0, False)),
        (("HTTP/1.0 200 OK", "Content-Length: 5"), "GET", (Ends.LENGTH, 5, False)),
        (("HTTP/1.1 200", "Content-Length: 5"), "GET", (Ends.LENGTH, 5, True)),
    ],
)
def test_where_a_body_ends(lines: tuple[str, ...], method: str, expected: tuple[Ends, int, bool]) -> None:
    """RFC 9112, section 6.3, and whether the connection may be used again."""
    assert _head(*lines, method=method) == expected


@pytest.mark.parametrize(
    "lines",
    [
        ("garbage",),
        ("HTTP/2 200 OK",),
        ("HTTP/1.1 2000 OK",),
        ("HTTP/1.1 099 Early",),
        (OK, "no colon"),
        (OK, "two words: x"),
        (OK, " folded: x"),
        (OK, ": nameless"),
        (OK, "x: a\nb: c"),
        (OK, "x: a\0"),
        (OK, "Content-Length: 5", "Content-Length: 6"),
        (OK, "Content-Length: 5, 5"),
        (OK, "Content-Length: +5"),
        (OK, "Content-Length: -1"),
        (OK, "Content-Length: \u0665"),
        (OK, "Content-Length: 5", "Transfer-Encoding: chunked"),
        (OK, "Transfer-Encoding: gzip, chunked"),
        (OK, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
        (OK, *(f"x-{number}: x" for number in range(300))),
    ],
)
def test_what_is_doubtful_is_no_answer(lines: tuple[str, ...]) -> None:
    """A head that two readers could read in two ways is refused: the next answer would begin elsewhere for each."""
    with pytest.raises(NotHttp):
        _head(*lines)


def test_headers_stay_as_they_are() -> None:
    """Order, letters, repetition and bytes that are no UTF-8 come through."""
    head = b"HTTP/1.1 200 Fine\r\nX-B: 1\r\nx-a:  two \r\nX-B: \xff"
    found = read_answer_head(head, "GET")
    assert (found.status, found.reason) == (200, "Fine")
    assert list(found.headers.items()) == [("X-B", "1"), ("x-a", "two"), ("X-B", "\udcff")]


def _through(data: bytes, cuts: list[int]) -> tuple[bytes, bool, bytes]:
    chunks, out, places = Chunks(), b"", sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    rest = b""
    for start, end in pairwise(places):
        if chunks.is_over:
            rest += data[start:end]
        else:
            out += b"".join(chunks.feed(data[start:end]))
            rest += chunks.rest
    return out, chunks.is_over, rest


@given(
    pieces=st.lists(st.binary(min_size=1, max_size=40), max_size=5),
    trailer=st.sampled_from([b"", b"x-amz-checksum-crc32: AAAA\r\n"]),
    rest=st.binary(max_size=5),
    cuts=st.lists(st.integers(0, 400), max_size=8),
)
def test_chunks_come_apart_wherever_they_are_cut(
    pieces: list[bytes], trailer: bytes, rest: bytes, cuts: list[int]
) -> None:
    """The data of a chunked body is the same however it arrives, and what follows its end is kept apart."""
    body = b"".join(b"%X;name=value\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n" + trailer + b"\r\n"
    assert _through(body + rest, cuts) == (b"".join(pieces), True, rest)


@pytest.mark.parametrize(
    "body",
    [b"5\r\nhelloX\r\n", b"\r\n", b"g\r\n", b"-1\r\n", b"0x5\r\nhello\r\n", b"5\nhello\r\n", b"+5\r\n", b"5" * 70_000],
)
def test_broken_chunks_are_refused(body: bytes) -> None:
    """A chunk that is not what it says ends the answer."""
    with pytest.raises(NotHttp):
        Chunks().feed(body)


def test_half_a_body_is_not_over() -> None:
    """Without the last chunk there is no end."""
    assert _through(b"5\r\nhello\r\n", []) == (b"hello", False, b"")
