"""CBOR bodies (RFC 8949), as far as Smithy's RPC v2 protocol uses them and no further."""

from __future__ import annotations

import base64
import math
import struct
from typing import Any

DEEPEST = 64
MOST_ITEMS = 2_000_000


class Blob(str):
    """A byte string as base64 text: where the model has text, it does not fit."""

    __slots__ = ()


_BREAK = object()
_EPOCH = 1


class _Unreadable(Exception):
    pass


def read_cbor(body: bytes) -> tuple[Any, str]:
    """The value and "", or `None` and in words why the body is refused. Never raises.

    Blobs come out as base64 text and times as numbers, as JSON would have them. Refused are keys that are no text or
    stand twice, tags but that of a time, and what follows the one value.
    """
    reader = _Reader(body)
    try:
        value = reader.value(0)
        if reader.at != len(body):
            return None, "the body goes on after its CBOR value"
    except _Unreadable as unreadable:
        return None, str(unreadable)
    return value, ""


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body = body
        self._items = 0
        self.at = 0

    def _take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self._body):
            raise _Unreadable("the CBOR body is cut short")
        taken = self._body[self.at : end]
        self.at = end
        return taken

    def _argument(self, low: int) -> int:
        if low < 24:
            return low
        if low > 27:
            raise _Unreadable("the CBOR body has a reserved length")
        return int.from_bytes(self._take(1 << (low - 24)), "big")

    def value(self, depth: int, *, may_break: bool = False) -> Any:
        self._items += 1
        if depth > DEEPEST or self._items > MOST_ITEMS:
            raise _Unreadable("the body is nested too deeply, or has too many items")
        first = self._take(1)[0]
        kind, low = first >> 5, first & 31
        if kind == 7:
            return self._simple(low, may_break)
        if kind == 0:
            return self._argument(low)
        if kind == 1:
            return -1 - self._argument(low)
        if kind == 6:
            return self._time(low, depth)
        if kind in (2, 3):
            return self._string(kind, low)
        if kind == 4:
            return self._list(low, depth)
        return self._map(low, depth)

    def _string(self, kind: int, low: int) -> str:
        if low == 31:
            parts = []
            while (first := self._take(1)[0]) != 0xFF:
                if first >> 5 != kind or first & 31 == 31:
                    raise _Unreadable("the CBOR body has a string in pieces of another kind")
                parts.append(self._take(self._argument(first & 31)))
            data = b"".join(parts)
        else:
            data = self._take(self._argument(low))
        if kind == 2:
            return Blob(base64.b64encode(data).decode("ascii"))
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise _Unreadable("the body has text that is not UTF-8") from None

    def _list(self, low: int, depth: int) -> list[Any]:
        found = []
        if low == 31:
            while (item := self.value(depth + 1, may_break=True)) is not _BREAK:
                found.append(item)
            return found
        for _ in range(self._argument(low)):
            found.append(self.value(depth + 1))
        return found

    def _map(self, low: int, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        left = -1 if low == 31 else self._argument(low)
        while left != 0:
            start = self.at
            key = self.value(depth + 1, may_break=left < 0)
            if key is _BREAK:
                break
            if self._body[start] >> 5 != 3:
                raise _Unreadable("the CBOR body has a key that is no text")
            if key in found:
                raise _Unreadable("the body has a key twice in one map")
            found[key] = self.value(depth + 1)
            left -= 1
        return found

    def _time(self, low: int, depth: int) -> int | float:
        if self._argument(low) != _EPOCH:
            raise _Unreadable("the CBOR body has a tag that the protocol does not use")
        seconds = self.value(depth + 1)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise _Unreadable("the CBOR body has a time that is no number")
        return seconds

    def _simple(self, low: int, may_break: bool) -> Any:
        if low == 20:
            return False
        if low == 21:
            return True
        if low in (22, 23):
            return None
        if low == 31 and may_break:
            return _BREAK
        if low not in (25, 26, 27):
            raise _Unreadable("the CBOR body has a simple value that the protocol does not use")
        layout = {25: ">e", 26: ">f", 27: ">d"}[low]
        number: float = struct.unpack(layout, self._take(struct.calcsize(layout)))[0]
        if math.isnan(number):
            return "NaN"
        if math.isinf(number):
            return "Infinity" if number > 0 else "-Infinity"
        return number
