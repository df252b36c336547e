"""New connections of the aws gate: a tunnel is ended here with the session's own certificate, then HTTP is spoken."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from supervisor.gates.network.answers import ESTABLISHED, refusal
from supervisor.gates.network.onerequest import HEAD_LIMIT, Refused, connect_target, end_of_head, read_head
from supervisor.gates.offloop import off_loop

HEAD_SECONDS: Final = 20.0
HANDSHAKE_SECONDS: Final = 20.0
KEPT_SECONDS: Final = 75.0
"""How long an idle connection is kept; SDKs pool theirs for about a minute."""
LONGEST_LINE: Final = 32 * 1024
"""Bytes of a request line or a header: a presigned URL with a session token is a few thousand."""
HELD: Final = 512 * 1024
"""Bytes that wait in each direction of a connection, at most twice as many."""
_MOST_HOSTS: Final = 256
_STOP_SECONDS: Final = 0.5

_SILENT: Final = logging.getLogger(f"{__name__}.http")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False

Handle = Callable[[web.BaseRequest, str], Awaitable[web.StreamResponse]]
"""Serves one request; the text is the host of the tunnel that it came by, empty where it came by none."""
ContextFor = Callable[[str], ssl.SSLContext]


class Intake:
    """Turns sockets into HTTP requests for `handle`. `context_for` gives the TLS side of a cloud host's tunnel."""

    def __init__(self, handle: Handle, context_for: ContextFor) -> None:
        self._handle, self._context_for = handle, context_for
        self._servers: dict[str, web.Server] = {}

    async def serve(self, connection: socket.socket) -> None:
        """Take a connection of which nothing was read yet; returns once HTTP is spoken on it. Raises `OSError`."""
        loop = asyncio.get_running_loop()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            host = await self._tunnel(connection) if _starts_with(connection, b"CONNECT ") else ""
            if host is None:
                connection.close()
                return
            context = await off_loop(self._context_for, host) if host else None
            if host:
                await loop.sock_sendall(connection, ESTABLISHED)
            transport, _ = await loop.connect_accepted_socket(
                self._server(host),
                connection,
                ssl=context,
                ssl_handshake_timeout=HANDSHAKE_SECONDS if context else None,
            )
            transport.set_write_buffer_limits(high=HELD)
        except BaseException:
            connection.close()
            raise

    async def stop(self) -> None:
        """End every connection."""
        transports = [one.transport for server in self._servers.values() for one in server.connections if one.transport]
        for server in self._servers.values():
            await server.shutdown(_STOP_SECONDS)
        for transport in transports:
            # TLS would wait for the other side's goodbye.
            transport.abort()
        # A transport lets go of its socket in the loop's next turn.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    def _server(self, host: str) -> web.Server:
        server = self._servers.get(host)
        if server is None:
            if len(self._servers) >= _MOST_HOSTS:
                raise OSError(f"more than {_MOST_HOSTS} cloud hosts in one session")

            async def handle(request: web.BaseRequest) -> web.StreamResponse:
                return await self._handle(request, host)

            server = self._servers[host] = web.Server(
                handle,
                handler_cancellation=True,
                keepalive_timeout=KEPT_SECONDS,
                access_log=None,
                logger=_SILENT,
                auto_decompress=False,
                read_bufsize=HELD,
                max_line_size=LONGEST_LINE,
                max_field_size=LONGEST_LINE,
            )
        return server

    async def _tunnel(self, connection: socket.socket) -> str | None:
        """The host of a CONNECT; `None` where it was refused. Takes exactly the request's head."""
        loop = asyncio.get_running_loop()
        head = b""
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                while not end_of_head(head):
                    # Byte by byte at the end: what follows the head belongs to TLS.
                    seen = connection.recv(HEAD_LIMIT + 1, socket.MSG_PEEK) if head == b"" else b""
                    wanted = end_of_head(seen) if seen else 0
                    more = await loop.sock_recv(connection, wanted or 1)
                    if not more:
                        return None
                    head += more
            _, request = read_head(head)
            return connect_target(request).host
        except (Refused, TimeoutError) as error:
            why = error.why if isinstance(error, Refused) else "the request head did not arrive in time"
            with contextlib.suppress(OSError):
                await loop.sock_sendall(connection, refusal(400, why))
            return None


def _starts_with(connection: socket.socket, text: bytes) -> bool:
    return connection.recv(len(text), socket.MSG_PEEK) == text
