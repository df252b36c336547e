"""Connections to the cloud: straight, or by the proxy that the developer goes by, with TLS where the URL says so."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import ssl
from collections.abc import Callable
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from supervisor.gates.aws.link import Broke, Link

CONNECT_SECONDS: Final = 15.0
_LONGEST_ANSWER: Final = 16 * 1024
_PORTS: Final = {"http": 80, "https": 443}
_ADDRESS_SECONDS: Final = 0.25
"""After which the next address of a name is tried as well (RFC 8305)."""


async def dial(url: SplitResult, proxy: str, tls: Callable[[], ssl.SSLContext], make: Callable[[], Link]) -> Link:
    """A connection to the host of `url`; `proxy` is a proxy's URL, empty = none. Raises `Broke`.

    A request of plain HTTP by a proxy has to name the whole URL and `proxy_authorization`.
    """
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            if not proxy:
                return await _straight(url, tls, make)
            if url.scheme == "http":
                return await _straight(urlsplit(proxy), tls, make)
            return await _tunnel(url, urlsplit(proxy), tls, make)
    except OSError as error:
        raise Broke(_why(error)) from error


def proxy_authorization(proxy: str) -> str:
    """The value of Proxy-Authorization for a proxy's URL, empty where it names nobody (RFC 7617)."""
    parts = urlsplit(proxy)
    if parts.username is None:
        return ""
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def address(url: SplitResult) -> tuple[str, int]:
    """Host and port. Raises `Broke` for a URL that has none."""
    try:
        host, port = url.hostname or "", url.port or _PORTS[url.scheme]
    except (KeyError, ValueError) as error:
        raise Broke(f"cannot be reached: {url.netloc!r} is no address") from error
    return host, port


async def _straight(url: SplitResult, tls: Callable[[], ssl.SSLContext], make: Callable[[], Link]) -> Link:
    host, port = address(url)
    context = tls() if url.scheme == "https" else None
    loop = asyncio.get_running_loop()
    _, link = await loop.create_connection(make, host, port, ssl=context, happy_eyeballs_delay=_ADDRESS_SECONDS)
    return link


class _Opening(asyncio.Protocol):
    """Waits for a proxy's answer to CONNECT."""

    def __init__(self) -> None:
        self.head: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if self.head.done() or (end < 0 and len(self._received) <= _LONGEST_ANSWER):
            return
        self.head.set_result(self._received)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.head.done():
            self.head.set_result(b"")


async def _tunnel(
    url: SplitResult, proxy: SplitResult, tls: Callable[[], ssl.SSLContext], make: Callable[[], Link]
) -> Link:
    loop = asyncio.get_running_loop()
    host, port = address(proxy)
    context = tls() if proxy.scheme == "https" else None
    transport, opening = await loop.create_connection(
        _Opening, host, port, ssl=context, happy_eyeballs_delay=_ADDRESS_SECONDS
    )
    try:
        host, port = address(url)
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        told = proxy_authorization(proxy.geturl())
        named = f"Proxy-Authorization: {told}\r\n" if told else ""
        transport.write(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{named}\r\n".encode("ascii"))
        said = await opening.head
        status = said.partition(b"\r\n")[0].split(b" ")[1:2]
        if not said.startswith(b"HTTP/1.") or not said.endswith(b"\r\n\r\n"):
            raise Broke("cannot be reached: the proxy does not answer in HTTP")
        if not status or not status[0].startswith(b"2"):
            raise Broke(f"cannot be reached: the proxy answers {status[0].decode('latin-1') if status else 'nothing'}")
        link = make()
        transport.set_protocol(link)
        inner = await loop.start_tls(transport, link, tls(), server_hostname=host)
        if inner is None:
            raise Broke("cannot be reached: the proxy hung up")
        link.connection_made(inner)
    except BaseException:
        transport.abort()
        raise
    return link


def _why(error: OSError) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return "cannot be reached: its certificate is not trusted here, look at AWS_CA_BUNDLE"
        case ssl.SSLError():
            return f"cannot be reached: TLS with it fails: {error.reason or error}"
        case socket.gaierror():
            return "cannot be reached: no such host is known here"
        case TimeoutError():
            return "does not answer"
        case _:
            return f"cannot be reached: {os.strerror(error.errno) if error.errno else error}"
