"""Request bodies that are read whole, within limits for one and for all of them together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import StreamReader

BODY_LIMIT: Final = 72 * 1024 * 1024
"""Bytes of one request: a Lambda function's ZIP file has up to 50 MB, in base64."""
BODIES_LIMIT: Final = 96 * 1024 * 1024
"""Bytes of all requests at once."""


class TooLarge(ValueError):
    """A body that does not fit; the text says which limit."""


class Budget:
    """The bytes that may be held for all requests together."""

    def __init__(self, limit: int = BODIES_LIMIT) -> None:
        self._left = limit

    def share(self) -> Share:
        """One request's share; what it took is given back at the end of its block."""
        return Share(self)


class Share:
    """What one request takes of a budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget, self.taken = budget, 0

    def __enter__(self) -> Share:
        return self

    def __exit__(self, *raised: object) -> None:
        self._budget._left += self.taken
        self.taken = 0

    def take(self, count: int) -> None:
        """Hold `count` more bytes. Raises `TooLarge`."""
        if self.taken + count > BODY_LIMIT:
            raise TooLarge(f"the request's body is longer than {BODY_LIMIT >> 20} MiB, and it has to be read to decide")
        if count > self._budget._left:
            raise TooLarge("too many large requests at once; try again in a moment")
        self._budget._left -= count
        self.taken += count


async def read_whole(
    content: StreamReader, length: int | None, share: Share, go_on: Callable[[], Awaitable[None]]
) -> bytes:
    """The whole body; `length` is its Content-Length in bytes, and is taken before `go_on` has the client send it.

    Raises `TooLarge`, and what reading raises.
    """
    if length is not None:
        share.take(length)
    await go_on()
    if length is not None:
        return await content.readexactly(length) if length else b""
    pieces = []
    async for piece in content.iter_any():
        share.take(len(piece))
        pieces.append(piece)
    return b"".join(pieces)
