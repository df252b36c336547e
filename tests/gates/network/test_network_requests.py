"""One plain request is read strictly and written anew; what two servers could read differently is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.gates.network.onerequest import (
    HEAD_LIMIT,
    OneRequest,
    Refused,
    connect_target,
    end_of_head,
    read_head,
    tunnelled_path,
    url_target,
)
from supervisor.gates.network.target import Target


def forwarded(data: bytes) -> bytes:
    """What leaves for these bytes of a client."""
    length = end_of_head(data)
    assert length, "the head is not complete"
    reader, request = read_head(data[:length])
    _, path = url_target(request)
    one = OneRequest(reader, request, path)
    return one.feed(b"") + one.feed(data[length:])


def test_written_anew() -> None:
    """Absolute form becomes origin form, hop-by-hop fields and what Connection names are dropped."""
    out = forwarded(
        b"GET http://a.example/x?y HTTP/1.1\r\nHost: a.example\r\nProxy-Authorization: Basic eA==\r\nX-Kept: 1\r\n"
        b"Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nUpgrade: websocket\r\nTE: trailers\r\n"
        b"Proxy-Connection: keep-alive\r\n\r\n"
    )
    assert out == b"GET /x?y HTTP/1.1\r\nHost: a.example\r\nX-Kept: 1\r\nConnection: close\r\n\r\n"


def test_body_is_framed_anew() -> None:
    """A chunked body is chunked again without its extensions and trailers."""
    out = forwarded(
        b"POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3;ext=1\r\nabc\r\n0\r\nX-Late: 1\r\n\r\n"
    )
    assert out.endswith(b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")


POST = b"POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\n"


@pytest.mark.parametrize(
    "data",
    [
        POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n",
        POST + b"Content-Length: +3\r\n\r\n",
        POST + b"Content-Length: 3, 4\r\n\r\n",
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        POST + b"Transfer-Encoding : chunked\r\n\r\n",
        POST + b"X: 1\r\n Transfer-Encoding: chunked\r\n\r\n",
        POST + b"X: a\rTransfer-Encoding: chunked\r\n\r\n",
        POST + b"X: a\nTransfer-Encoding: chunked\r\n\r\n",
        POST + b"X: a\x00b\r\n\r\n",
        POST + b"Connection: Content-Length\r\nContent-Length: 0\r\n\r\n",
        POST + b"Connection: Host\r\n\r\n",
        POST + b"Host: b.example\r\n\r\n",
        b"GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n",
        b"GET http://a.example/ HTTP/1.1\r\nHost: a.example:81\r\n\r\n",
        b"GET http://a.example/ HTTP/1.1\r\nHost: a.example, b.example\r\n\r\n",
        b"GET http://a.example/ HTTP/1.1\r\nHost: a.example@b.example\r\n\r\n",
        b"GET http://a.example/ HTTP/1.1\r\n\r\n",
        b"GET http://a.example/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET http://a.example/ HTTP/2.0\r\nHost: a.example\r\n\r\n",
        b"GET  http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
        b"GET http://a.example/\tHTTP/1.1\r\nHost: a.example\r\n\r\n",
        b"GET http://a.example/ HTTP/1.1 \r\nHost: a.example\r\n\r\n",
        b"\r\nGET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
        b"GET http://a.example/\xff HTTP/1.1\r\nHost: a.example\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
        b"GET https://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
        b"GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\nGET http://b.example/ HTTP/1.1\r\n",
        POST + b"Content-Length: 2\r\n\r\nabGET / HTTP/1.1\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        POST + b"X: " + b"a" * HEAD_LIMIT + b"\r\n\r\n",
    ],
)
def test_refused(data: bytes) -> None:
    """Smuggling, a second request, another Host and unclear lines are refused."""
    with pytest.raises(Refused):
        forwarded(data)


def test_head_waits_and_ends() -> None:
    """An incomplete head waits; line feeds alone and endless heads are refused."""
    assert end_of_head(b"GET http://a/ HTTP/1.1\r\nHost: a\r\n") == 0
    assert end_of_head(b"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\nbody") == 35
    with pytest.raises(Refused):
        end_of_head(b"GET http://a/ HTTP/1.1\nHost: a\n\n")
    with pytest.raises(Refused):
        end_of_head(b"a" * (HEAD_LIMIT + 1))


def connect(text: bytes) -> Target:
    """The target of a CONNECT."""
    return connect_target(read_head(text)[1])


def test_connect() -> None:
    """A CONNECT names host and port; its Host may repeat them and nothing else."""
    assert connect(b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n") == Target("a.example", 443)
    assert connect(b"CONNECT a.example:443 HTTP/1.1\r\nHost: A.example\r\n\r\n") == Target("a.example", 443)
    assert connect(b"CONNECT a.example:443 HTTP/1.0\r\n\r\n") == Target("a.example", 443)
    for text in (
        b"CONNECT a.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n",
        b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:80\r\n\r\n",
        b"CONNECT a.example HTTP/1.1\r\nHost: a.example\r\n\r\n",
        b"CONNECT http://a.example:443/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
        b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\n",
        b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n",
    ):
        with pytest.raises(Refused):
            connect(text)


def test_inside_a_tunnel() -> None:
    """A plain request inside a tunnel is for the tunnel's own host."""
    target = Target("a.example", 8080)
    for text in (
        b"GET /x HTTP/1.1\r\nHost: a.example:8080\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n",
        b"GET http://a.example:8080/x HTTP/1.1\r\nHost: a.example:8080\r\n\r\n",
    ):
        assert tunnelled_path(read_head(text)[1], target) == "/x"
    for text in (
        b"GET /x HTTP/1.1\r\nHost: b.example:8080\r\n\r\n",
        b"GET http://b.example:8080/x HTTP/1.1\r\nHost: a.example:8080\r\n\r\n",
        b"GET /x HTTP/1.0\r\n\r\n",
        b"CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n",
    ):
        with pytest.raises(Refused):
            tunnelled_path(read_head(text)[1], target)


@given(st.lists(st.sampled_from([b"\r", b"\n", b" ", b":", b"Host", b"a.example", b"Content-Length", b"3", b"X"])))
def test_one_request_leaves(parts: list[bytes]) -> None:
    """Whatever a client puts behind its request line, at most one request line and one Host leave."""
    data = b"GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n" + b"".join(parts) + b"\r\n\r\n"
    try:
        out = forwarded(data)
    except Refused:
        return
    head = out.partition(b"\r\n\r\n")[0]
    assert head.count(b"HTTP/1.1") == 1
    assert head.lower().count(b"\r\nhost:") == 1
