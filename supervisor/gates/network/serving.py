"""The event loop of the network gate: accepts on the cell's listeners and serves each connection in a task.

A connection of the proxy that is the aws gate's business is handed to it unread (see `first_line`).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress

from supervisor.gates.asking import Asking
from supervisor.gates.network.answers import refusal
from supervisor.gates.network.client import HEAD_SECONDS, Client, Terms
from supervisor.gates.network.first_line import LONGEST, Whose, whose
from supervisor.gates.network.target import Target

CONNECTIONS = 1024
"""At once; more are answered with 503."""
BACKLOG = 512
_STOP_SECONDS = 3.0
_PAUSE_SECONDS = 0.2


class Serving:
    """The running gate, on one loop."""

    def __init__(
        self,
        terms: Terms,
        listeners: Mapping[str, socket.socket],
        forwards: Mapping[str, Target],
        aws: Callable[[socket.socket], None] | None = None,
    ) -> None:
        self._terms, self._listeners, self._forwards, self._aws = terms, listeners, forwards, aws
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    @property
    def asking(self) -> Asking:
        """What is asked and not yet answered."""
        return self._terms.asking

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until `stop`; calls `ready` once every listener is accepted from."""
        servers = []
        try:
            for name, listener in self._listeners.items():
                target = self._forwards.get(name)
                if target is None and self._aws is not None:
                    listener.setblocking(False)
                    listener.listen(BACKLOG)
                    self._start(self._accept_each(listener, self._aws))
                    continue
                servers.append(await asyncio.start_server(self._accepted(target), sock=listener, backlog=BACKLOG))
            ready()
            await self._stopping.wait()
        finally:
            for server in servers:
                server.close()
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=_STOP_SECONDS)

    def stop(self) -> None:
        """End every connection and `run`; on the loop's own thread."""
        self._stopping.set()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _accepted(self, target: Target | None) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if len(self._tasks) >= CONNECTIONS:
                writer.write(refusal(503, f"more than {CONNECTIONS} connections at once"))
                writer.close()
                return
            client = Client(self._terms, reader, writer)
            self._start(self._serve(client.proxy() if target is None else client.forward(target), writer))

        return accept

    async def _accept_each(self, listener: socket.socket, aws: Callable[[socket.socket], None]) -> None:
        loop, port = asyncio.get_running_loop(), listener.getsockname()[1]
        accept = self._accepted(None)
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError as error:
                # No descriptors, no memory: the next moment may have some (accept(2)).
                await self.asking.fault(f"a connection could not be accepted: {error.strerror}")
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            if len(self._tasks) >= CONNECTIONS:
                connection.close()
                continue
            self._start(self._sort(connection, port, accept, aws))

    async def _sort(
        self,
        connection: socket.socket,
        port: int,
        accept: Callable[[asyncio.StreamReader, asyncio.StreamWriter], None],
        aws: Callable[[socket.socket], None],
    ) -> None:
        """Look at the request line without taking it, then give the connection to whom it is for."""
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                wanted = await _whose(connection, port)
            if wanted is Whose.AWS:
                aws(connection)
            else:
                accept(*await asyncio.open_connection(sock=connection))
        except (OSError, TimeoutError):
            connection.close()
        except BaseException:
            connection.close()
            raise

    async def _serve(self, serve: Coroutine[None, None, None], writer: asyncio.StreamWriter) -> None:
        try:
            await serve
        except OSError:
            # The client broke off before anything was decided, or while it was being told no.
            writer.transport.abort()
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        except Exception as error:
            writer.transport.abort()
            await self.asking.fault(f"a connection was dropped: {type(error).__name__}: {error}")
        finally:
            writer.close()
            with suppress(Exception):
                async with asyncio.timeout(_STOP_SECONDS):
                    await writer.wait_closed()


async def _whose(connection: socket.socket, port: int) -> Whose:
    """Whose a connection is, once it has said enough; `NETWORK` where it says no more. Takes nothing from it."""
    loop = asyncio.get_running_loop()
    seen = -1
    while True:
        readable = loop.create_future()
        loop.add_reader(connection, _settle, readable)
        try:
            await readable
        finally:
            loop.remove_reader(connection)
        start = connection.recv(LONGEST, socket.MSG_PEEK)
        found = whose(start, port=port)
        if found is Whose.UNKNOWN and len(start) in (seen, LONGEST):
            found = Whose.NETWORK
        if found is not Whose.UNKNOWN:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
            return found
        seen = len(start)
        # Readable from now on means more than was seen, or the end (socket(7)).
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, seen + 1)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
