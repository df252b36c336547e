"""Readers of the network gate: request lines, heads, bodies, authorities, TLS hellos, and what it answers."""

from __future__ import annotations

import re
import ssl
from contextlib import suppress

from supervisor.gates.network.answers import refusal
from supervisor.gates.network.first_line import Whose, whose
from supervisor.gates.network.hello import Hello, Hellos, Opening, read_hello
from supervisor.gates.network.onerequest import (
    OneRequest,
    Refused,
    connect_target,
    end_of_head,
    read_head,
    tunnelled_path,
    url_target,
)
from supervisor.gates.network.target import BadTarget, Target, from_absolute, from_authority
from supervisor.parse.net import compile_host, host_name, zone_of
from tests.fuzz.reader import Reader

GET = b"GET http://a.example/x?y HTTP/1.1\r\nHost: a.example\r\nX-Kept: 1\r\n\r\n"
POST = b"POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\nabc"
CHUNKED = (
    b"POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r"
    b"\nabc\r\n0\r\nT: u\r\n\r\n"
)
CONNECT = b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n"
INNER = b"GET /x HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x00"
WORDS = (
    b"Host: b.example\r\n",
    b"Content-Length: 0\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"\r\n\r\n",
    b"HTTP/1.1",
    b"http://b.example/",
    b"CONNECT ",
    b"@b.example",
    b"Connection: Host\r\n",
    b"\n ",
)


def _hello(name: str | None) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    out = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name).do_handshake()
    return out.read()


def request_line(data: bytes) -> None:
    """It is somebody's, and what was told of its beginning stays true."""
    told = whose(data, port=3128)
    for length in {0, 1, len(data) // 3, len(data) // 2, max(len(data) - 1, 0)}:
        assert whose(data[:length], port=3128) in (Whose.UNKNOWN, told)


def authority(data: bytes) -> None:
    """A target has one spelling, or there is none."""
    text = data.decode("utf-8", "surrogateescape")
    with suppress(BadTarget):
        target = from_authority(text, 80)
        assert from_authority(target.authority) == target
        assert zone_of(target.host) == "unresolved" or target.is_address
    with suppress(BadTarget):
        target, path = from_absolute(text)
        assert from_authority(target.authority) == target and path.startswith("/")


def pattern(data: bytes) -> None:
    """Host patterns and names of a scope and of an agent compile, or say why not; one spelling stays itself."""
    text = data.decode("utf-8", "surrogateescape")
    with suppress(ValueError):
        compile_host(text)
    with suppress(ValueError):
        name = host_name(text)
        assert host_name(name) == name
    assert zone_of(text)


def hello(data: bytes) -> None:
    """Any bytes are classified, and hellos that are seen one by one are those that are seen together."""
    first = read_hello(data)
    assert isinstance(first, Hello)

    def told(size: int) -> list[Hello]:
        hellos, found = Hellos(), []
        for at in range(0, len(data), size):
            found += hellos.feed(data[at : at + size])
            if found and found[-1].opening is Opening.BROKEN:
                break
        return found

    whole = told(max(len(data), 1))
    assert told(7) == whole
    if first.opening is Opening.TLS:
        assert whole and whole[0] == first


def head(data: bytes) -> None:
    """What leaves for any head and body is one request for its target, in lines that nobody reads differently."""
    with suppress(Refused):
        length = end_of_head(data)
        if not length:
            return
        reader, request = read_head(data[:length])
        if request.method == b"CONNECT":
            assert isinstance(connect_target(request), Target)
            return
        if request.target.startswith(b"/"):
            path = tunnelled_path(request, Target("a.example", 80))
            one = OneRequest(reader, request, path, keep_upgrade=True)
        else:
            _, path = url_target(request)
            one = OneRequest(reader, request, path)
        out = one.feed(b"")
        _one_request(out)
        out += one.feed(data[length:])


def _one_request(out: bytes) -> None:
    head, end, _ = out.partition(b"\r\n\r\n")
    assert end and not re.search(rb"(?<!\r)\n|\r(?!\n)|\n[ \t]|\0", head)
    fields = [line.partition(b":")[0].lower() for line in head.split(b"\r\n")[1:]]
    assert fields.count(b"host") == 1
    assert fields.count(b"content-length") + fields.count(b"transfer-encoding") <= 1


def answer(data: bytes) -> None:
    """What the gate quotes of a request adds no line to its answer."""
    told = refusal(403, data.decode("utf-8", "surrogateescape"))
    head, _, body = told.partition(b"\r\n\r\n")
    assert head.count(b"\r\n") == 4 and head.count(b"\n") == 4 and head.isascii()
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"\x1b" not in body and b"\r" not in body and body.count(b"\n") == 1


READERS = (
    Reader(
        "request line", request_line, (GET, CONNECT, b"GET / HTTP/1.1\r\n", b"GET http://data-127.0.0.1:3128/ "), WORDS
    ),
    Reader(
        "authority",
        authority,
        (b"a.example:443", b"[::1]:80", b"127.0.0.1:80", b"http://a.example/x"),
        (b"xn--", b".", b":", b"@", b"0x", b"%", b"\xc2\xad", b"\xe3\x80\x82"),
    ),
    Reader(
        "host pattern",
        pattern,
        (b"*.a.example:443", b"10.0.0.0/8:5432", b"[fd00::/8]:1", b"::ffff:127.0.0.1"),
        (b"*", b"/", b".", b":", b"xn--", b"\xc3\x9f"),
    ),
    Reader(
        "TLS hello",
        hello,
        (_hello("a.example"), _hello(None), _hello("a.example") + b"\x14\x03\x03\x00\x01\x01" + _hello("b.example")),
        (b"\x16\x03\x01", b"\x17\x03\x03", b"\x00\x00", b"\xfe\x0d", b"\x01\x00"),
    ),
    Reader("HTTP request", head, (GET, POST, CHUNKED, CONNECT, INNER), WORDS),
    Reader(
        "refusal",
        answer,
        (b"denied by site.yaml:12", "\u202e\u001b]52;c;x\u0007\r\nX: y".encode()),
        (b"\x1b[31m", b"\xe2\x80\xa8", b"\xc2\x9b"),
    ),
)
