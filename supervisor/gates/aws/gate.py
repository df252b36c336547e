"""The aws gate's life: a thread with its own event loop, from the first connection to the last."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Final

from supervisor.gates.asking import REPLY_SECONDS, Asking
from supervisor.gates.aws.endpoints import Endpoints
from supervisor.gates.aws.forwarding import Forwarding
from supervisor.gates.aws.holding import HOLD_SECONDS, RETURN_SECONDS, Holding
from supervisor.gates.aws.intake import Intake
from supervisor.gates.aws.prompt import Decided
from supervisor.gates.aws.serving import Serving
from supervisor.gates.aws.terms import Terms
from supervisor.gates.aws.upstream import Upstream
from supervisor.gates.protocol import Desk
from supervisor.model.decision import Verdict
from supervisor.model.request import GateName

CONNECTIONS: Final = 256
"""At once; more are closed."""
_STOP_SECONDS: Final = 5.0


class AwsGate:
    """Stands where the agent's tools look for AWS: understands each call, has it decided, signs it, sends it.

    It has no listener: `take` is given the connections of the cell's proxy that are its business, unread.
    `context_for` gives the TLS side of a tunnel to a cloud host, `environment` names the developer's proxies.
    """

    name: GateName = "aws"

    def __init__(
        self,
        terms: Terms,
        *,
        context_for: Callable[[str], ssl.SSLContext],
        environment: Mapping[str, str] | None = None,
        reply_seconds: float = REPLY_SECONDS,
        hold_seconds: float = HOLD_SECONDS,
        return_seconds: float = RETURN_SECONDS,
    ) -> None:
        self._terms, self._context_for, self._environment = terms, context_for, dict(environment or {})
        self._reply_seconds, self._hold_seconds, self._return_seconds = reply_seconds, hold_seconds, return_seconds
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asking: Asking | None = None
        self._intake: Intake | None = None
        self._stopping: asyncio.Event | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()

    def start(self, desk: Desk) -> None:
        """Return at once: a connection that is given to it waits until it serves."""
        self._thread = threading.Thread(target=self._run, args=(desk,), name="aws-gate", daemon=True)
        self._thread.start()

    def take(self, connection: socket.socket) -> None:
        """Serve a connection of which nothing was read yet; from any thread, owns it from now on."""
        self._ready.wait(_STOP_SECONDS)
        loop = self._loop
        if loop is None or loop.is_closed():
            connection.close()
            return
        loop.call_soon_threadsafe(self._begin, connection)

    def deliver(self, request_id: str, verdict: Verdict) -> None:
        """The final word on a held request; unknown ids are ignored."""
        self._ready.wait(_STOP_SECONDS)
        if self._asking is not None:
            self._asking.deliver(request_id, verdict)

    def stop(self) -> None:
        """End every connection; returns when none is left."""
        if self._thread is None:
            return
        self._ready.wait(_STOP_SECONDS)
        loop, stopping = self._loop, self._stopping
        if loop is not None and stopping is not None and not loop.is_closed():
            loop.call_soon_threadsafe(stopping.set)
        self._thread.join(_STOP_SECONDS)

    def _run(self, desk: Desk) -> None:
        try:
            asyncio.run(self._serve(desk))
        except Exception as error:
            desk.fault("aws", f"the gate stopped and no cloud call leaves: {type(error).__name__}: {error}")
        finally:
            self._ready.set()

    async def _serve(self, desk: Desk) -> None:
        self._stopping = asyncio.Event()
        self._asking = asking = Asking(desk, self.name, reply_seconds=self._reply_seconds)
        holding: Holding[Decided] = Holding(hold_seconds=self._hold_seconds, return_seconds=self._return_seconds)
        upstream = Upstream(self._environment)
        forwarding = Forwarding(self._terms, Endpoints(self._terms.endpoint), upstream)
        serving = Serving(self._terms, asking, holding, forwarding)
        self._intake = intake = Intake(serving.handle, self._context_for)
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        try:
            await self._stopping.wait()
        finally:
            for task in self._tasks:
                task.cancel()
            holding.stop()
            await upstream.stop()
            await intake.stop()
            await serving.stop()

    def _begin(self, connection: socket.socket) -> None:
        assert self._intake is not None
        if len(self._tasks) >= CONNECTIONS:
            connection.close()
            return
        task = asyncio.get_running_loop().create_task(self._served(self._intake, connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _served(self, intake: Intake, connection: socket.socket) -> None:
        try:
            await intake.serve(connection)
        except (OSError, TimeoutError):
            # The client broke off, or does not trust this session's certificate: nothing was asked for.
            connection.close()
        except Exception as error:
            connection.close()
            if self._asking is not None:
                await self._asking.fault(f"a connection was dropped: {type(error).__name__}: {error}")
