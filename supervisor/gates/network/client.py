"""One client connection of the cell: read what it wants, have it decided, dial a checked address, relay."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from supervisor.gates.asking import Asking
from supervisor.gates.network.answers import ESTABLISHED, refusal
from supervisor.gates.network.cloud import MESSAGE as CLOUD
from supervisor.gates.network.cloud import is_cloud_endpoint
from supervisor.gates.network.lookup import NOTHING, Found, Resolver, look_up
from supervisor.gates.network.onerequest import OneRequest, Refused, connect_target, end_of_head, read_head, url_target
from supervisor.gates.network.relay import CHUNK, Relay, Stream
from supervisor.gates.network.target import Target
from supervisor.gates.offloop import off_loop
from supervisor.model.request import Connect, Process

HEAD_SECONDS = 20.0
"""From accept to the end of the request head."""
LOOKUP_SECONDS = 20.0
DIAL_SECONDS = 15.0
"""For each address."""
_EARLY_LIMIT = 64 * 1024
_LINGER_SECONDS = 2.0
_LINGER_BYTES = 1024 * 1024

Address = tuple[str, int]
ChainOf = Callable[[Address], tuple[Process, ...]]


def _nothing_denied(wanted: Connect) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Terms:
    """What every connection of a gate shares.

    `may_look_up`: may a name be resolved before anyone decided on it? `denied_there`: do rules deny a connection, now
    that its addresses are known?
    """

    asking: Asking
    resolver: Resolver
    may_look_up: Callable[[str, int], bool]
    chain_of: ChainOf
    cloud: frozenset[Address] = frozenset()
    denied_there: Callable[[Connect], bool] = _nothing_denied


@dataclass(frozen=True, slots=True)
class Allowed:
    """An allowed connection: the request it was allowed as, and the addresses that were checked."""

    request_id: str
    addresses: tuple[str, ...]


class Client:
    """A connection from the cell."""

    def __init__(self, terms: Terms, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._terms = terms
        self._stream = Stream(reader, writer)
        self._peer: Address = (writer.get_extra_info("peername") or ("", 0))[:2]

    async def proxy(self) -> None:
        """Serve one CONNECT or one absolute-form request."""
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await self._head()
        except TimeoutError:
            await self._say(408, "the request head did not arrive in time")
            return
        except Refused as refused:
            await self._refuse(refused)
            return
        if not head:
            return
        try:
            reader, request = read_head(head)
            if request.method == b"CONNECT":
                target, path, one = connect_target(request), "", None
            else:
                target, path = url_target(request)
                one = OneRequest(reader, request, path)
        except Refused as refused:
            await self._refuse(refused)
            return
        allowed = await self._decide(target, request.method.decode("ascii", "replace"), path)
        if allowed is not None:
            await self._serve(target, allowed, one)

    async def forward(self, target: Target) -> None:
        """Serve a port of the cell that leads to one port of the host, whatever it speaks."""
        found = Found((target.host,), "loopback")
        action = Connect(target.host, target.port, "FORWARD", addresses=found.addresses, zone=found.zone)
        request_id, verdict = await self._terms.asking.ask(action, await self._chain(), self._hung_up)
        if verdict is None or not verdict.allowed:
            return
        async with _Ending(self._terms.asking, request_id) as ending:
            server = await _dial(found.addresses, target.port)
            ending.relay = Relay(self._stream, server)
            await ending.relay.raw()

    async def _head(self) -> bytes:
        data = b""
        while not (length := end_of_head(data)):
            more = await self._stream.reader.read(CHUNK)
            if not more:
                return b""
            data += more
        self._stream.early = data[length:]
        return data[:length]

    async def _decide(self, target: Target, method: str, path: str) -> Allowed | None:
        """Have it decided and answer the client if it is not allowed."""
        chain = await self._chain()
        first = await self._look_up(target) if self._terms.may_look_up(target.host, target.port) else None
        allowed = await self._ask(target, method, path, first or NOTHING, chain)
        if allowed is None or first is not None:
            return allowed
        # The name was decided on before anyone outside heard of it; where it leads to is decided on now.
        found = await self._look_up(target)
        there = Connect(target.host, target.port, method, path, found.addresses, found.zone)
        if found.zone == "public" and not self._is_locked(there) and not await self._is_denied(there):
            return Allowed(allowed.request_id, found.addresses)
        await self._terms.asking.ended(allowed.request_id, detail=f"leads to {_where(found)}", sent=0, received=0)
        return await self._ask(target, method, path, found, chain)

    async def _ask(
        self, target: Target, method: str, path: str, found: Found, chain: tuple[Process, ...]
    ) -> Allowed | None:
        action = Connect(target.host, target.port, method, path, found.addresses, found.zone)
        request_id, verdict = await self._terms.asking.ask(action, chain, self._hung_up, locked=self._is_locked(action))
        if verdict is None:
            return None
        if not verdict.allowed:
            await self._say(403, verdict.message or f"{target.authority} is denied by the scope")
            return None
        return Allowed(request_id, found.addresses)

    def _is_locked(self, wanted: Connect) -> str:
        """Why no answer opens this, empty where one may."""
        if wanted.zone == "metadata":
            return "the metadata service hands out credentials and is never reached"
        is_cloud = any((host, wanted.port) in self._terms.cloud for host in (wanted.host, *wanted.addresses))
        return CLOUD if is_cloud or is_cloud_endpoint(wanted.host) else ""

    async def _is_denied(self, wanted: Connect) -> bool:
        try:
            return await off_loop(self._terms.denied_there, wanted)
        except Exception as error:
            await self._terms.asking.fault(f"{wanted.host} could not be judged again: {type(error).__name__}: {error}")
            return True

    async def _look_up(self, target: Target) -> Found:
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                return await off_loop(look_up, target, self._terms.resolver)
        except Exception as error:
            await self._terms.asking.fault(f"{target.host} could not be resolved: {type(error).__name__}: {error}")
            return NOTHING

    async def _chain(self) -> tuple[Process, ...]:
        # Who asks is said where it can be told; nothing is decided on it, so that a failure only leaves it out.
        with suppress(Exception):
            return await off_loop(self._terms.chain_of, self._peer)
        return ()

    async def _serve(self, target: Target, allowed: Allowed, request: OneRequest | None) -> None:
        async with _Ending(self._terms.asking, allowed.request_id) as ending:
            if not allowed.addresses:
                ending.error = "the name does not resolve"
                await self._say(502, f"{target.host} does not resolve")
                return
            try:
                server = await _dial(allowed.addresses, target.port)
            except OSError as error:
                ending.error = f"{target.authority} cannot be reached: {_why(error)}"
                await self._say(502, ending.error)
                return
            ending.relay = relay = Relay(self._stream, server)
            if request is None:
                await self._stream.send(ESTABLISHED)
                await relay.tunnel(target)
            else:
                await relay.request(request)

    async def _hung_up(self) -> None:
        """Return when the client is gone; what it sends meanwhile is kept, up to a limit."""
        with suppress(OSError):
            while len(self._stream.early) < _EARLY_LIMIT:
                data = await self._stream.reader.read(CHUNK)
                if not data:
                    return
                self._stream.early += data
            await asyncio.Event().wait()

    async def _refuse(self, refused: Refused) -> None:
        await self._terms.asking.fault(f"a request was refused unasked: {refused.why}")
        await self._say(refused.status, refused.why)

    async def _say(self, status: int, message: str) -> None:
        """Answer, then read on for a moment: closing over unread bytes would reset the connection under the answer."""
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                await self._stream.send(refusal(status, message))
                self._stream.end()
                left = _LINGER_BYTES
                while left > 0 and (data := await self._stream.reader.read(CHUNK)):
                    left -= len(data)


def _where(found: Found) -> str:
    return "an address that is denied" if found.zone == "public" else found.zone


class _Ending:
    """Tells the session how an allowed connection came to its end, whatever that was."""

    def __init__(self, asking: Asking, request_id: str) -> None:
        self._asking, self._request_id = asking, request_id
        self.relay: Relay | None = None
        self.error = ""

    async def __aenter__(self) -> _Ending:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        known = isinstance(error, Refused | OSError)
        if isinstance(error, Refused):
            self.error = f"refused: {error.why}"
        elif isinstance(error, asyncio.CancelledError):
            self.error = "the session ended"
        elif error is not None:
            self.error = _why(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        sent, received = (self.relay.sent, self.relay.received) if self.relay else (0, 0)
        if self.relay:
            for side in (self.relay.client, self.relay.server):
                side.abort() if error is not None else side.writer.close()
        await self._asking.ended(self._request_id, detail=self.error, sent=sent, received=received)
        return known


def _why(error: OSError) -> str:
    # asyncio words a refused connection by its address tuple; a timeout has no words at all.
    if error.errno is not None:
        return os.strerror(error.errno).lower()
    return str(error) or f"no answer in {DIAL_SECONDS:.0f} s"


async def _dial(addresses: tuple[str, ...], port: int) -> Stream:
    """Connect to the first address that answers; only what was checked is tried. Raises `OSError`."""
    failure: OSError = OSError("no address")
    loop = asyncio.get_running_loop()
    for address in addresses:
        connection = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            async with asyncio.timeout(DIAL_SECONDS):
                await loop.sock_connect(connection, (address, port))
            reader, writer = await asyncio.open_connection(sock=connection)
        except OSError as error:
            connection.close()
            failure = error
        except BaseException:
            connection.close()
            raise
        else:
            return Stream(reader, writer)
    raise failure
