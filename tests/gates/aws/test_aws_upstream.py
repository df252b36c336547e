"""Connections to the cloud, in front of servers that answer as they are told."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from supervisor.gates.aws import upstream as module
from supervisor.gates.aws.authority import SessionAuthority
from supervisor.gates.aws.link import Body, Broke
from supervisor.gates.aws.upstream import Upstream

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HOST = "s3.eu-central-1.amazonaws.com"


class Listening:
    """A server whose connections end with it."""

    async def __aenter__(self) -> Any:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self.context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *raised: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    context: ssl.SSLContext | None = None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        finally:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError


class Server(Listening):
    """Answers the requests of each connection with what `said` has for it, one after the other, then closes."""

    def __init__(self, *said: list[bytes], context: ssl.SSLContext | None = None, close: bool = True) -> None:
        self._said, self.context, self._close = list(said), context, close
        self.heads: list[list[str]] = []
        self.bodies: list[bytes] = []
        self.connections = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers = self._said[min(self.connections, len(self._said) - 1)]
        self.connections += 1
        try:
            for answer in answers:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
                self.heads.append(head)
                fields = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in head[1:]}
                if "transfer-encoding" in fields:
                    self.bodies.append(await reader.readuntil(b"0\r\n\r\n"))
                elif int(fields.get("content-length", "0")) < 1000:
                    self.bodies.append(await reader.readexactly(int(fields.get("content-length", "0"))))
                writer.write(answer)
                await writer.drain()
            if not self._close:
                await reader.read()
        except (OSError, asyncio.IncompleteReadError) as error:
            self.bodies.append(getattr(error, "partial", b""))
        writer.close()
        await writer.wait_closed()


async def _all(upstream: Upstream, method: str, url: str, body: Body = b"", **headers: str) -> tuple[int, bytes]:
    """Status and body of one call."""
    sent = [("host", "there"), *((name.replace("_", "-"), value) for name, value in headers.items())]
    answer = await upstream.send(method, url, sent, body)
    data = b""
    try:
        while piece := await answer.readany():
            data += piece
    finally:
        answer.release()
    return answer.status, data


def _run(work: Callable[[Upstream], Coroutine[Any, Any, None]], **environment: str) -> None:
    async def run() -> None:
        upstream = Upstream(environment)
        try:
            async with asyncio.timeout(20):
                await work(upstream)
        finally:
            await upstream.stop()

    asyncio.run(run())


async def _pieces(*pieces: bytes, error: Exception | None = None) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    if error is not None:
        raise error


def test_a_connection_is_used_again() -> None:
    """Call after call goes over one connection, also after a streamed body."""

    async def work(upstream: Upstream) -> None:
        async with Server([OK] * 4, close=False) as server:
            assert await _all(upstream, "PUT", f"{server.url}/a", _pieces(b"abc"), content_length="3") == (200, b"ok")
            for path in ("/b%2Fc?x=%20", "//d", ""):
                assert await _all(upstream, "POST", server.url + path) == (200, b"ok")
            assert server.connections == 1 and server.bodies[0] == b"abc"
            lines = [head[0] for head in server.heads]
            assert lines == ["PUT /a HTTP/1.1", "POST /b%2Fc?x=%20 HTTP/1.1", "POST //d HTTP/1.1", "POST / HTTP/1.1"]

    _run(work)


def test_a_streamed_body_never_meets_an_old_connection() -> None:
    """It could not be sent twice, so that it gets a connection of its own."""

    async def work(upstream: Upstream) -> None:
        async with Server([OK, OK], [OK, OK], close=False) as server:
            await _all(upstream, "GET", server.url)
            await _all(upstream, "PUT", server.url, _pieces(b"abc"), content_length="3")
            assert server.connections == 2

    _run(work)


@pytest.mark.parametrize(("method", "again"), [("GET", True), ("PUT", True), ("POST", False)])
def test_a_kept_connection_that_was_closed(method: str, again: bool) -> None:
    """What may be sent twice is sent again where the cloud hung up on it; anything else is told."""

    async def work(upstream: Upstream) -> None:
        # The second request of the first connection is read and not answered.
        async with Server([OK, b""], [OK]) as server:
            await _all(upstream, "GET", server.url)
            if again:
                assert await _all(upstream, method, server.url) == (200, b"ok")
            else:
                with pytest.raises(Broke, match="hung up without an answer"):
                    await _all(upstream, method, server.url)
            assert len(server.heads) == (3 if again else 2)

    _run(work)


def test_an_answer_that_began_is_not_asked_for_again() -> None:
    """Once anything came in answer the request arrived."""

    async def work(upstream: Upstream) -> None:
        async with Server([OK, b"HTTP/1.1 200"], [OK]) as server:
            await _all(upstream, "GET", server.url)
            with pytest.raises(Broke):
                await _all(upstream, "GET", server.url)
            assert server.connections == 1

    _run(work)


def test_connections_are_kept_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was idle for too long is closed and not used."""
    monkeypatch.setattr(module, "KEPT_SECONDS", -1.0)

    async def work(upstream: Upstream) -> None:
        async with Server([OK, OK], [OK, OK], close=False) as server:
            await _all(upstream, "GET", server.url)
            await _all(upstream, "GET", server.url)
            assert server.connections == 2

    _run(work)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nx: y\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n3\r\nay!\r\n0\r\n\r\n", b"okay!"),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    ],
)
def test_forms_of_answers(answer: bytes, expected: bytes) -> None:
    """Interim answers are passed over; a body ends by its length, its last chunk or the connection's end."""

    async def work(upstream: Upstream) -> None:
        async with Server([answer]) as server:
            assert (await _all(upstream, "GET", server.url))[1] == expected

    _run(work)


@pytest.mark.parametrize(
    "extra", [OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged", b"HTTP/1.1 204 None\r\n\r\nmore"]
)
def test_what_follows_an_answer_is_never_the_next_one(extra: bytes) -> None:
    """A connection on which more came than was asked for is not used again."""

    async def work(upstream: Upstream) -> None:
        async with Server([extra, OK], [OK], close=False) as server:
            await _all(upstream, "GET", server.url)
            assert await _all(upstream, "GET", server.url) == (200, b"ok")
            assert server.connections == 2

    _run(work)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "hung up without an answer"),
        (b"SSH-2.0-x\r\n", "answers with something that is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n", "answers with something that is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000, "answers with something that is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "broke off its answer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "broke off its answer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "broke off its answer"),
    ],
)
def test_answers_that_are_none(answer: bytes, why: str) -> None:
    """Garbage, half an answer and none at all are told apart, and none of them looks whole."""

    async def work(upstream: Upstream) -> None:
        async with Server([answer]) as server:
            with pytest.raises(Broke) as caught:
                await _all(upstream, "GET", server.url)
            assert caught.value.why.startswith(why)

    _run(work)


def test_a_body_without_a_length_goes_in_chunks() -> None:
    """Its last chunk is sent when it has ended."""

    async def work(upstream: Upstream) -> None:
        async with Server([OK]) as server:
            await _all(upstream, "PUT", server.url, _pieces(b"abc", b"x" * 17))
            assert server.bodies == [b"3\r\nabc\r\n11\r\n" + b"x" * 17 + b"\r\n0\r\n\r\n"]

    _run(work)


@pytest.mark.parametrize("length", [{}, {"content_length": "500"}])
def test_a_body_that_breaks_off_never_looks_whole(length: dict[str, str]) -> None:
    """Where the body fails on its way its end is not sent, and the connection ends."""

    async def work(upstream: Upstream) -> None:
        async with Server([OK]) as server:
            with pytest.raises(ArithmeticError):
                await _all(upstream, "PUT", server.url, _pieces(b"abc", error=ArithmeticError("bad")), **length)
            while not server.bodies:
                await asyncio.sleep(0)
            assert server.bodies[0] in (b"3\r\nabc\r\n", b"abc", b"")

    _run(work)


def test_an_early_answer_ends_an_upload() -> None:
    """The cloud may refuse before it has read everything: the answer comes through, the rest is not sent."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 65536

    async def work(upstream: Upstream) -> None:
        answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
        async with Server([answer, answer], close=False) as server:
            assert await _all(upstream, "PUT", server.url, endless(), content_length="999999999") == (403, b"no")
            before = sent
            await asyncio.sleep(0)
            assert sent == before
            await _all(upstream, "GET", server.url)
            assert server.connections == 2

    _run(work)


def test_a_line_break_never_reaches_the_wire() -> None:
    """A header that would be two is refused before anything is sent."""

    async def work(upstream: Upstream) -> None:
        async with Server([OK]) as server:
            for value in ("a\r\nb: c", "a\nb", "a\rb", "a\0b"):
                with pytest.raises(ValueError, match="line break"):
                    await _all(upstream, "GET", server.url, x=value)
            assert server.connections == 0

    _run(work)


def test_a_cloud_that_says_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time a call that nothing comes for is given up."""
    monkeypatch.setattr("supervisor.gates.aws.link.ANSWER_SECONDS", 0.05)

    async def work(upstream: Upstream) -> None:
        async with Server([b"", OK], close=False) as server:
            with pytest.raises(Broke, match="does not answer"):
                await _all(upstream, "GET", server.url)

    _run(work)


# ── names, TLS and proxies ───────────────────────────────────────────────────────────────────────


@pytest.fixture
def authority(tmp_path: Path) -> tuple[SessionAuthority, str]:
    """A certificate authority for cloud hosts, and its file."""
    made = SessionAuthority("test", datetime.now(UTC))
    (tmp_path / "ca.pem").write_text(made.pem)
    return made, str(tmp_path / "ca.pem")


class Proxy(Listening):
    """Leads CONNECT to `port`, whatever is named; answers everything else itself."""

    def __init__(self, port: int, answer: bytes = b"HTTP/1.1 200 Yes\r\n\r\n") -> None:
        self._to, self._answer = port, answer
        self.heads: list[str] = []

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(self._answer)
        if not self._answer.startswith(b"HTTP/1.1 200 Yes"):
            writer.close()
            await writer.wait_closed()
            return
        there, to = await asyncio.open_connection("127.0.0.1", self._to)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                sink.write(data)
            sink.close()

        try:
            await asyncio.gather(pump(reader, to), pump(there, writer))
        finally:
            to.transport.abort()


def test_tls_by_the_developer_s_proxy(authority: tuple[SessionAuthority, str]) -> None:
    """CONNECT names the cloud's host and the proxy's user; inside it the cloud's own certificate is checked."""
    made, bundle = authority

    async def server(work: Callable[[Upstream, Server, Proxy], Coroutine[Any, Any, None]], **more: str) -> None:
        async with (
            Server([OK] * 3, context=made.context_for(HOST), close=False) as cloud,
            Proxy(cloud.port) as proxy,
        ):
            named = f"http://me%40x:pa%3Ass@127.0.0.1:{proxy.port}"
            upstream = Upstream({"HTTPS_PROXY": named, "NO_PROXY": "example.com", **more})
            try:
                async with asyncio.timeout(20):
                    await work(upstream, cloud, proxy)
            finally:
                await upstream.stop()

    async def trusted(upstream: Upstream, cloud: Server, proxy: Proxy) -> None:
        assert await _all(upstream, "GET", f"https://{HOST}/k") == (200, b"ok")
        assert await _all(upstream, "POST", f"https://{HOST}/k", b"x", content_length="1") == (200, b"ok")
        assert cloud.connections == 1 and cloud.heads[0][0] == "GET /k HTTP/1.1"
        (head,) = proxy.heads
        assert head.startswith(f"CONNECT {HOST}:443 HTTP/1.1\r\n")
        assert "Proxy-Authorization: Basic bWVAeDpwYTpzcw==\r\n" in head

    async def untrusted(upstream: Upstream, cloud: Server, proxy: Proxy) -> None:
        with pytest.raises(Broke, match="AWS_CA_BUNDLE"):
            await _all(upstream, "GET", f"https://{HOST}/k")
        assert cloud.heads == []

    asyncio.run(server(trusted, AWS_CA_BUNDLE=bundle))
    asyncio.run(server(untrusted))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "the proxy answers 407"),
        (b"garbage\r\n\r\n", "the proxy does not answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\n\r\nearly", "the proxy does not answer in HTTP"),
        (b"", "the proxy does not answer in HTTP"),
    ],
)
def test_a_proxy_that_refuses_is_named(answer: bytes, why: str) -> None:
    """What the proxy says is told; nothing is sent to it."""

    async def run() -> None:
        async with Proxy(1, answer) as proxy:
            upstream = Upstream({"https_proxy": f"http://127.0.0.1:{proxy.port}"})
            with pytest.raises(Broke, match=f"cannot be reached: {why}"):
                await _all(upstream, "GET", f"https://{HOST}/k")
            await upstream.stop()
            assert len(proxy.heads) == 1

    asyncio.run(run())


def test_plain_http_by_a_proxy_names_the_whole_url() -> None:
    """An AWS of one's own behind a proxy is asked for in absolute form."""

    async def run() -> None:
        async with Server([OK]) as proxy:
            upstream = Upstream({"http_proxy": f"http://u:p@127.0.0.1:{proxy.port}"})
            assert await _all(upstream, "GET", "http://localstack.test:4566/b?list-type=2") == (200, b"ok")
            await upstream.stop()
            assert proxy.heads[0][0] == "GET http://localstack.test:4566/b?list-type=2 HTTP/1.1"
            assert "proxy-authorization: Basic dTpw" in proxy.heads[0]

    asyncio.run(run())


def test_what_cannot_be_reached_says_why() -> None:
    """A port where nobody listens, a name that is none and a port that is none are told apart."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    async def work(upstream: Upstream) -> None:
        for url, why in {
            f"http://127.0.0.1:{port}": "cannot be reached: .*refused",
            "http://nobody.invalid": "cannot be reached: no such host",
            "http://127.0.0.1:99999": "is no address",
        }.items():
            with pytest.raises(Broke, match=why):
                await _all(upstream, "GET", url)

    _run(work)
