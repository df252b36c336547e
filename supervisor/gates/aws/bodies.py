"""What every request body passes through on its way to AWS: it is checked as it was signed, and cut off if it is not.

A body's end is kept back until the whole of it has proved right, so that AWS never completes a request with a body
that is not the signed one.
"""

from __future__ import annotations

import hashlib
import hmac
from abc import ABC, abstractmethod


class BadBody(Exception):
    """The body is not the one that was announced or signed: nothing more of it may be sent.

    `code` and `status` are those that S3 answers with.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


class Body(ABC):
    """A body on its way. A fault in it is final: every later call raises it again, nothing kept back comes out."""

    def __init__(self) -> None:
        self._bad: BadBody | None = None
        self._is_closed = False

    def feed(self, data: bytes) -> bytes:
        """Take what arrived, return what may be sent now. Raises `BadBody`."""
        if self._is_closed:
            raise self._final(BadBody("InvalidRequest", "the body goes on after its end"))
        if self._bad is not None:
            raise self._bad
        try:
            return self._take(data)
        except BadBody as bad:
            raise self._final(bad) from None

    def close(self) -> bytes:
        """The body has ended: return what was kept back. Raises `BadBody` if it is not whole or not right."""
        if self._bad is not None:
            raise self._bad
        try:
            rest = b"" if self._is_closed else self._end()
        except BadBody as bad:
            raise self._final(bad) from None
        self._is_closed = True
        return rest

    def _final(self, bad: BadBody) -> BadBody:
        self._bad = self._bad or bad
        return self._bad

    @abstractmethod
    def _take(self, data: bytes) -> bytes: ...

    @abstractmethod
    def _end(self) -> bytes: ...


class PlainBody(Body):
    """A body of which nothing was signed; its length is checked if it is known."""

    def __init__(self, length: int | None = None) -> None:
        """`length` is in bytes."""
        super().__init__()
        self._length = length
        self._seen = 0

    def _take(self, data: bytes) -> bytes:
        self._seen += len(data)
        if self._length is not None and self._seen > self._length:
            raise BadBody("InvalidRequest", "the body is longer than was announced")
        return data

    def _end(self) -> bytes:
        if self._length is not None and self._seen != self._length:
            raise incomplete()
        return b""


class HashedBody(PlainBody):
    """A body whose SHA-256 was signed. What came last is always kept back."""

    def __init__(self, sha256: str, length: int | None = None) -> None:
        """`sha256` is in hexadecimal, `length` in bytes."""
        super().__init__(length)
        self._expected = sha256
        self._hash = hashlib.sha256()
        self._kept = b""

    def _take(self, data: bytes) -> bytes:
        super()._take(data)
        if not data:
            return b""
        self._hash.update(data)
        ready, self._kept = self._kept, data
        return ready

    def _end(self) -> bytes:
        super()._end()
        if not hmac.compare_digest(self._hash.hexdigest(), self._expected):
            raise BadBody(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            )
        return self._kept


def incomplete() -> BadBody:
    """The body ended before its announced end."""
    return BadBody(
        "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header."
    )
