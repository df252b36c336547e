"""Sends a signed call to the cloud and gives back what it answers, while it arrives; nothing is buffered whole."""

from __future__ import annotations

import io
import ssl
from collections.abc import AsyncIterable, Mapping
from typing import Final
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

import aiohttp
from aiohttp import hdrs
from yarl import URL

CONNECT_SECONDS: Final = 15.0
ANSWER_SECONDS: Final = 960.0
"""Between two pieces of an answer: a synchronous Lambda call may say nothing for its whole 15 minutes."""
CHUNK: Final = 256 * 1024
_OWN: Final = frozenset({hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE})

Body = bytes | AsyncIterable[bytes]


class Upstream:
    """Connections to the cloud, of one event loop. `environment` names the proxies that the developer goes by."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._context: ssl.SSLContext | None = None
        self._kept: aiohttp.ClientSession | None = None
        self._once: aiohttp.ClientSession | None = None

    async def send(self, method: str, url: str, headers: list[tuple[str, str]], body: Body) -> aiohttp.ClientResponse:
        """Send one request; the answer's head is there when this returns. Raises `aiohttp.ClientError`, `OSError`.

        `url` is used as it is written. A streamed body gets a connection of its own: it could not be sent twice, if a
        kept one turned out to be closed.
        """
        streams = not isinstance(body, bytes)
        session = self._session(once=streams)
        return await session.request(
            method,
            URL(url, encoded=True),
            headers=headers,
            # Bytes would be written in one piece, however many they are.
            data=io.BytesIO(body) if isinstance(body, bytes) and len(body) > CHUNK else body or None,
            allow_redirects=False,
            proxy=self._proxy(url),
            ssl=self._tls() if url.startswith("https:") else False,
        )

    async def stop(self) -> None:
        """Close every connection."""
        for session in (self._kept, self._once):
            if session is not None:
                await session.close()

    def _session(self, *, once: bool) -> aiohttp.ClientSession:
        if self._kept is None or self._once is None:
            self._kept, self._once = (self._made(force_close=close) for close in (False, True))
        return self._once if once else self._kept

    def _made(self, *, force_close: bool) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=force_close),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=_OWN,
            read_bufsize=CHUNK,
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=ANSWER_SECONDS),
        )

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context(cafile=self._environment.get("AWS_CA_BUNDLE") or None)
        return self._context

    def _proxy(self, url: str) -> str | None:
        parts = urlsplit(url)
        named = {
            name.lower().removesuffix("_proxy"): value
            for name, value in sorted(self._environment.items())
            if name.lower().endswith("_proxy") and value
        }
        if parts.hostname in ("127.0.0.1", "::1", "localhost") or proxy_bypass_environment(parts.netloc, named):
            return None
        found = named.get(parts.scheme) or named.get("all")
        return found if found and found.startswith("http") else None
