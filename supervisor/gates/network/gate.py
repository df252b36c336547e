"""The network gate's life: a thread with its own event loop, from the first listener to the last connection."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Mapping

from supervisor.errors import HostError
from supervisor.gates.asking import REPLY_SECONDS, Asking
from supervisor.gates.network.client import Address, Terms
from supervisor.gates.network.lookup import Resolver, system_resolver
from supervisor.gates.network.serving import Serving
from supervisor.gates.network.target import Target
from supervisor.gates.protocol import Desk
from supervisor.model.decision import Verdict
from supervisor.model.request import Connect, GateName, Process

PROXY = "proxy"
FORWARD = "forward:"
_STOP_SECONDS = 5.0


def _anything(host: str, port: int) -> bool:
    return True


def _nothing_denied(wanted: Connect) -> bool:
    return False


def _nobody(peer: Address) -> tuple[Process, ...]:
    return ()


class NetworkGate:
    """The proxy that is a cell's only way out (CONNECT and absolute form), and its ports that lead to the host's.

    `listeners` are listening TCP sockets, made inside the cell's network namespace and passed out: `proxy`, and
    `forward:NAME` for each NAME of `forwards` (host and port on this host). The gate owns and closes them.
    `may_look_up` says whether a name may be resolved before it was decided on: resolving tells the name's owner, so
    for a name that no rule knows it should say no; `denied_there` whether rules deny it now that its addresses are
    known. `chain_of` names the programs behind a client's address. `aws`
    takes connections of the proxy that are for the cloud, unread; without it they are refused. `cloud` are hosts and
    ports that are the cloud's too (an AWS of one's own), and never tunnelled to.
    """

    name: GateName = "network"

    def __init__(
        self,
        listeners: Mapping[str, socket.socket],
        *,
        forwards: Mapping[str, tuple[str, int]] | None = None,
        resolver: Resolver = system_resolver,
        may_look_up: Callable[[str, int], bool] = _anything,
        chain_of: Callable[[Address], tuple[Process, ...]] = _nobody,
        aws: Callable[[socket.socket], None] | None = None,
        cloud: frozenset[Address] = frozenset(),
        denied_there: Callable[[Connect], bool] = _nothing_denied,
        reply_seconds: float = REPLY_SECONDS,
    ) -> None:
        self._listeners = dict(listeners)
        self._forwards = {FORWARD + name: Target(host, port) for name, (host, port) in (forwards or {}).items()}
        unknown = set(self._listeners) - {PROXY} - set(self._forwards)
        if unknown:
            raise HostError(f"no target for the listener {', '.join(sorted(unknown))}", fix="name it in `forwards`")
        self._resolver, self._may_look_up, self._chain_of = resolver, may_look_up, chain_of
        self._aws, self._cloud, self._reply_seconds = aws, cloud, reply_seconds
        self._denied_there = denied_there
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._serving: Serving | None = None
        self._ready = threading.Event()

    def start(self, desk: Desk) -> None:
        """Return at once: a listener that nobody accepts from yet lets nothing through."""
        self._thread = threading.Thread(target=self._run, args=(desk,), name="network-gate", daemon=True)
        self._thread.start()

    def deliver(self, request_id: str, verdict: Verdict) -> None:
        """The final word on a held request; unknown ids are ignored."""
        self._ready.wait(_STOP_SECONDS)
        if self._serving is not None:
            self._serving.asking.deliver(request_id, verdict)

    def stop(self) -> None:
        """End every connection; returns when none is left."""
        if self._thread is None:
            for listener in self._listeners.values():
                listener.close()
            return
        self._ready.wait(_STOP_SECONDS)
        loop, serving = self._loop, self._serving
        if loop is not None and serving is not None and not loop.is_closed():
            loop.call_soon_threadsafe(serving.stop)
        self._thread.join(_STOP_SECONDS)

    def _run(self, desk: Desk) -> None:
        try:
            asyncio.run(self._serve(desk))
        except Exception as error:
            desk.fault("network", f"the gate stopped and nothing leaves the cell: {type(error).__name__}: {error}")
        finally:
            self._ready.set()
            for listener in self._listeners.values():
                listener.close()

    async def _serve(self, desk: Desk) -> None:
        asking = Asking(desk, self.name, reply_seconds=self._reply_seconds)
        self._loop = asyncio.get_running_loop()
        self._serving = Serving(
            Terms(asking, self._resolver, self._may_look_up, self._chain_of, self._cloud, self._denied_there),
            self._listeners,
            self._forwards,
            self._aws,
        )
        await self._serving.run(self._ready.set)
