"""The event loop of the network gate: accepts on the cell's listeners and serves each connection in a task."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress

from supervisor.gates.network.answers import refusal
from supervisor.gates.asking import Asking
from supervisor.gates.network.client import Client, Terms
from supervisor.gates.network.target import Target

CONNECTIONS = 1024
"""At once; more are answered with 503."""
BACKLOG = 512
_STOP_SECONDS = 3.0


class Serving:
    """The running gate, on one loop."""

    def __init__(self, terms: Terms, listeners: Mapping[str, socket.socket], forwards: Mapping[str, Target]) -> None:
        self._terms, self._listeners, self._forwards = terms, listeners, forwards
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

    def _accepted(self, target: Target | None) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if len(self._tasks) >= CONNECTIONS:
                writer.write(refusal(503, f"more than {CONNECTIONS} connections at once"))
                writer.close()
                return
            client = Client(self._terms, reader, writer)
            serve = client.proxy() if target is None else client.forward(target)
            task = asyncio.get_running_loop().create_task(self._serve(serve, writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        return accept

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
