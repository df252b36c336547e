"""The ports of a cell that its scope exposes: listeners on this host's loopback, each connection led to one inside."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from supervisor.gates.network.answers import refusal
from supervisor.gates.network.relay import CHUNK, Relay, Stream
from supervisor.gates.offloop import off_loop

CONNECTIONS: Final = 256
"""At once, over all ports; more are closed."""
_BACKLOG: Final = 128
_HERE: Final = "127.0.0.1"
_INSIDE: Final = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
"""Development servers listen on either."""
_DIAL_SECONDS: Final = 10.0
_FIRST_WORD_SECONDS: Final = 2.0
_STOP_SECONDS: Final = 5.0

OpenInside = Callable[[socket.AddressFamily], socket.socket]
"""A TCP socket whose loopback is the cell's; raises `OSError`."""


@dataclass(slots=True)
class Passed:
    """What went through one exposed port: bytes into the cell and out of it."""

    connections: int = 0
    into: int = 0
    out_of: int = 0


def bind_here(port: int) -> socket.socket:
    """A listener on this host's loopback at `port`, or at a free one where that is taken. Raises `OSError`."""
    for wanted in (port, 0):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            # Left-over connections of an earlier session do not hold a port; a listener of anybody does (socket(7)).
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((_HERE, wanted))
            listener.listen(_BACKLOG)
        except OSError:
            listener.close()
            if wanted == 0:
                raise
        else:
            break
    return listener


class ExposedPorts:
    """A thread with its own loop. `listeners` by the port of the cell that they lead to; owned and closed here."""

    def __init__(self, listeners: Mapping[int, socket.socket], open_inside: OpenInside) -> None:
        self._listeners, self._open = dict(listeners), open_inside
        self.passed = {port: Passed() for port in self._listeners}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="exposed-ports", daemon=True)

    def start(self) -> None:
        """Lead connections from now on."""
        self._thread.start()
        self._ready.wait(_STOP_SECONDS)

    def stop(self) -> None:
        """End every connection; nothing listens when this returns."""
        if self._thread.ident is not None and self._loop is not None and self._stopping is not None:
            with suppress(RuntimeError):  # its loop has ended already
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(_STOP_SECONDS)
        for listener in self._listeners.values():
            listener.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        servers = [
            await asyncio.start_server(self._accepted(port), sock=listener, backlog=_BACKLOG)
            for port, listener in self._listeners.items()
        ]
        self._ready.set()
        await self._stopping.wait()
        for server in servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_STOP_SECONDS)

    def _accepted(self, port: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if len(self._tasks) >= CONNECTIONS:
                writer.transport.abort()
                return
            self.passed[port].connections += 1
            task = asyncio.get_running_loop().create_task(self._lead(port, Stream(reader, writer)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        return accept

    async def _lead(self, port: int, outside: Stream) -> None:
        inside: Stream | None = None
        try:
            inside = await self._dial(port)
            if inside is None:
                await self._nothing_there(port, outside)
            else:
                await self._relay(port, outside, inside)
        except BaseException as error:
            for side in (outside, inside):
                if side is not None:
                    side.abort()
            if not isinstance(error, OSError):  # one side is gone, and with it the connection
                raise
        else:
            for side in (outside, inside):
                if side is not None:
                    side.writer.close()

    async def _relay(self, port: int, outside: Stream, inside: Stream) -> None:
        relay = Relay(outside, inside)
        try:
            await relay.raw()
        finally:
            self.passed[port].into += relay.sent
            self.passed[port].out_of += relay.received

    async def _dial(self, port: int) -> Stream | None:
        """A connection to the port inside, `None` where nothing listens there."""
        loop = asyncio.get_running_loop()
        for family, address in _INSIDE:
            try:
                inside = await off_loop(self._open, family)
            except OSError:
                continue
            try:
                inside.setblocking(False)
                async with asyncio.timeout(_DIAL_SECONDS):
                    await loop.sock_connect(inside, (address, port))
                reader, writer = await asyncio.open_connection(sock=inside)
                return Stream(reader, writer)
            except OSError:  # refused, or nothing accepts in time
                inside.close()
            except BaseException:
                inside.close()
                raise
        return None

    async def _nothing_there(self, port: int, outside: Stream) -> None:
        """A browser is told in words; another program sees its connection end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_WORD_SECONDS):
                start = await outside.reader.read(CHUNK)
                if b" HTTP/1." in start.partition(b"\r\n")[0]:
                    await outside.send(refusal(502, f"nothing in the cell listens on port {port}"))
