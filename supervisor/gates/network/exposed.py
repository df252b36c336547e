"""The ports of a cell that its scope exposes: listeners on this host's loopback, each connection led to one inside."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from supervisor.errors import HostError, UsageError
from supervisor.gates.network.answers import refusal
from supervisor.gates.network.relay import CHUNK, Relay, Stream
from supervisor.gates.offloop import off_loop
from supervisor.model.event import PortClosed, PortExposed
from supervisor.policy.scope import Exposed

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
class Passage:
    """One exposed port: what was asked for, its listener, and what went through in bytes into the cell and out."""

    wanted: Exposed
    listener: socket.socket
    at: int
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
    """The exposed ports of one session, and a thread with its own loop for them once it is started.

    They listen when this is made: `opened` says where. `gates` are the ports of the cell that lead to gates, which are
    not for anybody outside. Raises `UsageError` for one of those, `HostError` where nothing can listen.
    """

    def __init__(self, ports: Sequence[Exposed], gates: Collection[int] = ()) -> None:
        self.passages: list[Passage] = []
        for wanted in ports:
            if wanted.port in gates:
                self._close()
                raise UsageError(
                    f"port {wanted.port} of the cell leads to a gate and cannot be exposed",
                    where="network.expose",
                    fix="let the agent's server listen on another port",
                )
            try:
                listener = bind_here(wanted.host_port)
            except OSError as error:
                self._close()
                raise HostError(
                    f"no port of this host can be had for port {wanted.port} of the cell: {error.strerror}",
                    where="network.expose",
                ) from error
            self.passages.append(Passage(wanted, listener, listener.getsockname()[1]))
        self._open: OpenInside | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="exposed-ports", daemon=True)

    @property
    def opened(self) -> tuple[PortExposed, ...]:
        """Where each port is reached, for the record."""
        return tuple(PortExposed(one.wanted.port, one.at, one.wanted.host_port) for one in self.passages)

    @property
    def closed(self) -> tuple[PortClosed, ...]:
        """What went through each port, for the record."""
        return tuple(
            PortClosed(one.wanted.port, one.at, one.connections, one.into, one.out_of) for one in self.passages
        )

    @property
    def told(self) -> tuple[str, ...]:
        """Where each port is reached, in words."""
        return tuple(
            f"port {one.wanted.port} of the cell is at 127.0.0.1:{one.at}"
            + ("" if one.at == one.wanted.host_port else f" (port {one.wanted.host_port} of this host is taken)")
            for one in self.passages
        )

    def start(self, open_inside: OpenInside) -> None:
        """Lead connections from now on."""
        if not self.passages:
            return
        self._open = open_inside
        self._thread.start()
        self._ready.wait(_STOP_SECONDS)

    def stop(self) -> None:
        """End every connection; nothing listens when this returns."""
        if self._thread.ident is not None and self._loop is not None and self._stopping is not None:
            with suppress(RuntimeError):  # its loop has ended already
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(_STOP_SECONDS)
        self._close()

    def _close(self) -> None:
        for passage in self.passages:
            passage.listener.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        servers = [
            await asyncio.start_server(self._accepted(passage), sock=passage.listener, backlog=_BACKLOG)
            for passage in self.passages
        ]
        self._ready.set()
        await self._stopping.wait()
        for server in servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_STOP_SECONDS)

    def _accepted(self, passage: Passage) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if len(self._tasks) >= CONNECTIONS:
                writer.transport.abort()
                return
            passage.connections += 1
            task = asyncio.get_running_loop().create_task(self._lead(passage, Stream(reader, writer)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        return accept

    async def _lead(self, passage: Passage, outside: Stream) -> None:
        inside: Stream | None = None
        try:
            inside = await self._dial(passage.wanted.port)
            if inside is None:
                await self._nothing_there(passage.wanted.port, outside)
            else:
                await self._relay(passage, outside, inside)
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

    async def _relay(self, passage: Passage, outside: Stream, inside: Stream) -> None:
        relay = Relay(outside, inside)
        try:
            await relay.raw()
        finally:
            passage.into += relay.sent
            passage.out_of += relay.received

    async def _dial(self, port: int) -> Stream | None:
        """A connection to the port inside, `None` where nothing listens there."""
        loop = asyncio.get_running_loop()
        assert self._open is not None
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
