"""Bytes both ways between a client and what it was allowed to reach, with what a tunnel's first bytes must be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass

from supervisor.gates.network.answers import refusal
from supervisor.gates.network.hello import LIMIT, Hello, Hellos, Opening, read_hello
from supervisor.gates.network.onerequest import OneRequest, Refused, end_of_head, read_head, tunnelled_path
from supervisor.gates.network.target import HTTP_PORT, BadTarget, Target, canonical_host

CHUNK = 64 * 1024
OPENING_SECONDS = 30.0
"""From a tunnel's first byte until it is clear what it speaks."""
HALF_OPEN_SECONDS = 600.0
"""How long one direction may go on after the other has ended."""
TLS_PORT = 443
_HANDSHAKE = 22
_ACCESS_DENIED = b"\x15\x03\x01\x00\x02\x02\x31"
"""A fatal alert (RFC 8446 section 6.2), which every client puts into words."""
_LAST_WORD_SECONDS = 2.0
_SWITCHED = b"HTTP/1.1 101"


@dataclass(slots=True)
class Stream:
    """One side: its reader (with what was read ahead in `early`) and its writer."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    early: bytes = b""

    async def read(self) -> bytes:
        """The next bytes, empty at the end."""
        if self.early:
            early, self.early = self.early, b""
            return early
        return await self.reader.read(CHUNK)

    async def send(self, data: bytes) -> None:
        """Write and wait while the other side is slower."""
        self.writer.write(data)
        await self.writer.drain()

    def end(self) -> None:
        """Send no more; the other direction goes on."""
        if self.writer.can_write_eof() and not self.writer.is_closing():
            with suppress(OSError):
                self.writer.write_eof()

    def abort(self) -> None:
        """Drop the connection at once."""
        self.writer.transport.abort()


class Relay:
    """One allowed connection. `sent` counts bytes out of the cell, `received` bytes into it."""

    def __init__(self, client: Stream, server: Stream) -> None:
        self.client, self.server = client, server
        self.sent = self.received = 0
        self._switched: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def tunnel(self, target: Target) -> None:
        """Relay a CONNECT tunnel; raises `Refused` when it is not what was decided on, `OSError` when it breaks."""
        await self._both(lambda: self._tunnelled_up(target))

    async def request(self, request: OneRequest) -> None:
        """Relay one plain request and its answer."""
        await self._both(lambda: self._request_up(request))

    async def raw(self) -> None:
        """Relay without looking."""
        await self._both(self._raw_up)

    async def _both(self, up: Callable[[], Coroutine[None, None, None]]) -> None:
        directions = {asyncio.ensure_future(up()), asyncio.ensure_future(self._down())}
        try:
            done, going = await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            if going:
                done, _ = await asyncio.wait(going, timeout=HALF_OPEN_SECONDS)
                for task in done:
                    task.result()
        finally:
            for task in directions:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*directions, return_exceptions=True)

    async def _down(self) -> None:
        start = b""
        while data := await self.server.read():
            if not self._switched.done():
                start += data[: len(_SWITCHED)]
                if len(start) >= len(_SWITCHED):
                    self._switched.set_result(start.startswith(_SWITCHED))
            self.received += len(data)
            await self.client.send(data)
        self.client.end()

    async def _forward(self, data: bytes) -> None:
        if data:
            self.sent += len(data)
            await self.server.send(data)

    async def _raw_up(self) -> None:
        while data := await self.client.read():
            await self._forward(data)
        self.server.end()

    async def _tunnelled_up(self, target: Target) -> None:
        start = await self.client.read()
        if not start:
            return
        try:
            opening, start = await self._opened(start, target)
            if opening is Opening.HTTP:
                head_length = end_of_head(start)
                reader, head = read_head(start[:head_length])
                request = OneRequest(reader, head, tunnelled_path(head, target), keep_upgrade=True)
        except Refused as refused:
            # In what it speaks: a connection that is only reset explains nothing.
            is_tls = start[0] == _HANDSHAKE
            await self._last_word(_ACCESS_DENIED if is_tls else refusal(refused.status, refused.why))
            raise
        if opening is Opening.HTTP:
            self.client.early = start[head_length:]
            await self._request_up(request)
        elif opening is Opening.TLS:
            self.client.early = start
            await self._tls_up(target)
        else:
            await self._forward(start)
            await self._raw_up()

    async def _tls_up(self, target: Target) -> None:
        hellos = Hellos()
        while data := await self.client.read():
            for hello in hellos.feed(data):
                if hello.opening is not Opening.TLS:
                    raise Refused("the tunnel began as TLS and is no more")
                _for_target(hello, target)
            await self._forward(data)
        self.server.end()

    async def _request_up(self, request: OneRequest) -> None:
        await self._forward(request.feed(b""))
        while not (request.complete and request.upgrades):
            data = await self.client.read()
            if not data:
                if not request.complete:
                    raise ConnectionAbortedError("the client ended in the middle of its request")
                # A client that has sent its request may close its side and still wants the answer.
                return
            await self._forward(request.feed(data))
        if not await asyncio.shield(self._switched):
            while data := await self.client.read():
                request.feed(data)
            return
        await self._forward(request.after_end())
        await self._raw_up()

    async def _last_word(self, answer: bytes) -> None:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_LAST_WORD_SECONDS):
                await self.client.send(answer)
                self.client.end()
                # Closing over unread bytes would reset the connection under the answer.
                while await self.client.read():
                    continue

    async def _opened(self, start: bytes, target: Target) -> tuple[Opening, bytes]:
        """Read a tunnel's first bytes until it is clear that they are for the target; raises `Refused`."""
        try:
            async with asyncio.timeout(OPENING_SECONDS):
                while True:
                    hello = read_hello(start)
                    if _is_clear(hello, target, start):
                        return hello.opening, start
                    data = await self.client.read()
                    if not data:
                        raise Refused("the tunnel ended before it was clear what it speaks")
                    start += data
        except TimeoutError as error:
            raise Refused("the tunnel did not show in time what it speaks") from error


def _is_clear(hello: Hello, target: Target, start: bytes) -> bool:
    """True when these first bytes may go out, False while more are needed; raises `Refused`."""
    match hello.opening:
        case Opening.PARTIAL:
            if len(start) > LIMIT:
                raise Refused("the tunnel's first bytes are neither TLS nor HTTP")
            return False
        case Opening.BROKEN:
            raise Refused("the tunnel begins like TLS and is not")
        case Opening.TLS:
            _for_target(hello, target)
            return True
        case Opening.HTTP:
            if target.port == TLS_PORT:
                raise Refused("port 443 carries TLS; use an https:// URL")
            return end_of_head(start) > 0
        case Opening.OTHER:
            if target.port in (TLS_PORT, HTTP_PORT):
                raise Refused(f"port {target.port} carries {'TLS' if target.port == TLS_PORT else 'HTTP'} only")
            return True


def _for_target(hello: Hello, target: Target) -> None:
    if hello.encrypted:
        raise Refused(
            "the TLS hello may hide another server name (Encrypted Client Hello); a browser is told not to send it: "
            "--disable-features=EncryptedClientHello for Chromium"
        )
    _same_name(hello.server_name, target)


def _same_name(server_name: str | None, target: Target) -> None:
    """Refuse a TLS server name of another host: many hosts share the address that was checked (RFC 6066 section 3)."""
    if server_name is None:
        if target.is_address:
            return
        raise Refused(f"the TLS hello names no server, the tunnel is for {target.host}")
    try:
        named = canonical_host(server_name)
    except BadTarget as error:
        raise Refused(f"the TLS server name is refused: {error}") from error
    if named != target.host:
        raise Refused(f"the TLS hello is for {named}, the tunnel for {target.host}")
