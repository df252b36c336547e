"""Sends a signed call to the cloud and gives back what it answers, while it arrives; nothing is buffered whole."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from typing import Final
from urllib.parse import SplitResult, urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

from supervisor.gates.aws.dial import dial, proxy_authorization
from supervisor.gates.aws.link import Answer, Body, Broke, Link

KEPT_SECONDS: Final = 15.0
"""For so long a connection is used again; AWS closes idle ones after 20 seconds at the earliest."""
_MOST_KEPT: Final = 64
_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
"""May be sent again where it is not known whether they arrived (RFC 9110, section 9.2.2)."""
_OWN: Final = ("127.0.0.1", "::1", "localhost")

Key = tuple[str, str]


class Upstream:
    """Connections to the cloud, of one event loop. `environment` names the proxies that the developer goes by."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._bundle = environment.get("AWS_CA_BUNDLE") or None
        self._proxies = {
            name.lower().removesuffix("_proxy"): value
            for name, value in sorted(environment.items())
            if name.lower().endswith("_proxy") and value
        }
        self._context: ssl.SSLContext | None = None
        self._kept: dict[Key, list[tuple[Link, float]]] = {}
        self._open: set[Link] = set()

    async def send(self, method: str, url: str, headers: list[tuple[str, str]], body: Body) -> Answer:
        """Send one request; the answer's head is there when this returns. Raises `Broke`, and what `body` raises.

        `url` is used as it is written, `headers` are all that are sent. A streamed body gets a connection of its own:
        it could not be sent twice, if a kept one turned out to be closed.
        """
        parts = urlsplit(url)
        proxy = self._proxy(parts)
        key = (f"{parts.scheme}://{parts.netloc}", proxy)
        if not isinstance(body, bytes) and not any(name == "content-length" for name, _ in headers):
            headers, body = [*headers, ("transfer-encoding", "chunked")], _in_chunks(body)
        head = _head(method, parts, headers, proxy)
        link = self._idle(key) if isinstance(body, bytes) else None
        if link is not None:
            try:
                return await link.send(method, head, body)
            except Broke:
                if link.told or method not in _IDEMPOTENT:
                    raise
        link = await dial(parts, proxy, self._tls, lambda: self._made(key))
        return await link.send(method, head, body)

    async def stop(self) -> None:
        """Close every connection."""
        for link in tuple(self._open):
            link.close()
        self._kept.clear()
        # A transport lets go of its socket in the loop's next turn.
        await asyncio.sleep(0)

    def _made(self, key: Key) -> Link:
        link = Link(lambda link: self._keep(key, link), self._open.discard)
        self._open.add(link)
        return link

    def _keep(self, key: Key, link: Link) -> None:
        kept = self._kept.setdefault(key, [])
        now = asyncio.get_running_loop().time()
        while kept and (len(kept) >= _MOST_KEPT or now - kept[0][1] > KEPT_SECONDS or not kept[0][0].is_open):
            kept.pop(0)[0].close()
        kept.append((link, now))

    def _idle(self, key: Key) -> Link | None:
        kept = self._kept.get(key)
        now = asyncio.get_running_loop().time()
        while kept:
            link, since = kept.pop()
            if link.is_open and now - since < KEPT_SECONDS:
                return link
            link.close()
        return None

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context(cafile=self._bundle)
        return self._context

    def _proxy(self, parts: SplitResult) -> str:
        if not self._proxies or parts.hostname in _OWN or proxy_bypass_environment(parts.netloc, self._proxies):
            return ""
        found = self._proxies.get(parts.scheme) or self._proxies.get("all") or ""
        return found if found.startswith("http") else ""


def _head(method: str, parts: SplitResult, headers: list[tuple[str, str]], proxy: str) -> bytes:
    """The request's head as it is sent. Raises `ValueError` where a line of it would be two."""
    target = parts.path or "/"
    if parts.query:
        target += f"?{parts.query}"
    if proxy and parts.scheme == "http":
        target = f"http://{parts.netloc}{target}"
        if told := proxy_authorization(proxy):
            headers = [*headers, ("proxy-authorization", told)]
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    text = "\r\n".join(lines)
    if text.count("\r") != len(headers) or text.count("\n") != len(headers) or "\0" in text:
        raise ValueError("a header has a line break")
    return f"{text}\r\n\r\n".encode("utf-8", "surrogateescape")


async def _in_chunks(body: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """A body whose length is not known; what breaks it off leaves it without its last chunk (RFC 9112, section 7.1)."""
    async for piece in body:
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"
