"""The frames between session process, emulator host and consoles: one type byte, a u32 length, a payload."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Final

HEAD: Final = struct.Struct("!BI")
MAX_PAYLOAD: Final = 64 << 20
"""Bytes; a longer frame is a broken peer."""


class ToHost(IntEnum):
    """Session process → host."""

    DATA = ord("d")  # bytes of the PTY
    RESIZE = ord("r")  # u16 columns, u16 rows
    RESTORE = ord("s")  # u64 quiet: that many of the coming bytes were answered before; then a snapshot or nothing
    RESET = ord("x")  # forget everything (a player seeks back)
    THEME = ord("t")  # 6 bytes: foreground and background RGB
    CLOSE = ord("q")  # the program has ended: tell the consoles and exit


class FromHost(IntEnum):
    """Host → session process."""

    READY = ord("y")  # the engine's name; consoles can connect
    INPUT = ord("i")  # bytes for the PTY: keys, pastes, replies to queries
    EVENT = ord("e")  # JSON object
    CONSUMED = ord("a")  # u64: bytes of DATA parsed since the host started
    SNAPSHOT = ord("s")  # u64 bytes parsed when it was taken, then the snapshot


class ToScreen(IntEnum):
    """Console → host."""

    HELLO = ord("h")  # u16 version
    KEY = ord("k")  # JSON: key, mods, text, shifted
    MOUSE = ord("m")  # MOUSE struct
    PASTE = ord("p")  # UTF-8
    FOCUS = ord("f")  # u8
    SCROLL = ord("w")  # i32 rows, positive = back in time; 0 = to the live screen
    NEXT = ord("n")  # the last frame is drawn: the next may come


class FromScreen(IntEnum):
    """Host → console."""

    FRAME = ord("F")
    EVENT = ord("E")  # JSON object
    CLOSED = ord("Q")  # the program has ended; nothing more will come


VERSION: Final = 1
MOUSE: Final = struct.Struct("!BBBhh")  # action, button, mods, column, row (0-based)
SIZE: Final = struct.Struct("!HH")
OFFSET: Final = struct.Struct("!Q")
SCROLL: Final = struct.Struct("!i")
_FRAME: Final = struct.Struct("!HHHHHBIIH")
_ROW: Final = struct.Struct("!HHI")


class State(IntFlag):
    """What a console must know beyond the rows."""

    CURSOR = 1  # the cursor is visible
    BLINK = 2
    ALTERNATE = 4  # alternate screen
    MOUSE = 8  # the program asked for the mouse
    MOTION = 16  # and for movement without a button
    FOCUS = 32  # the program wants focus events


@dataclass(frozen=True, slots=True)
class Row:
    """One row: SGR text (`emulator.rows`), and how many cells it covers from the left."""

    text: bytes
    cells: int


@dataclass(frozen=True, slots=True)
class Frame:
    """Changed rows of one console's view, and the state around them. `back`: rows scrolled back, 0 = live."""

    columns: int
    rows: int
    cursor: tuple[int, int]
    shape: int
    state: State
    history: int
    back: int
    changed: tuple[tuple[int, Row], ...]


BAR, BLOCK, UNDERLINE = 0, 1, 2
"""Cursor shapes."""


def pack(kind: int, payload: bytes = b"") -> bytes:
    """One frame as bytes."""
    return HEAD.pack(kind, len(payload)) + payload


def pack_frame(frame: Frame) -> bytes:
    """A `Frame` as a FRAME frame."""
    parts = [
        _FRAME.pack(
            frame.columns,
            frame.rows,
            *frame.cursor,
            len(frame.changed),
            frame.shape,
            frame.history,
            frame.back,
            int(frame.state),
        )
    ]
    for y, row in frame.changed:
        parts.append(_ROW.pack(y, row.cells, len(row.text)))
        parts.append(row.text)
    return pack(FromScreen.FRAME, b"".join(parts))


def unpack_frame(payload: bytes) -> Frame:
    """The inverse of `pack_frame`; `ValueError` if the payload is not one."""
    try:
        columns, rows, x, y, count, shape, history, back, state = _FRAME.unpack_from(payload)
        at, changed = _FRAME.size, []
        for _ in range(count):
            line, cells, length = _ROW.unpack_from(payload, at)
            at += _ROW.size
            if at + length > len(payload) or line >= rows or cells > columns:
                raise ValueError("a row lies outside its frame")
            changed.append((line, Row(payload[at : at + length], cells)))
            at += length
    except struct.error as error:
        raise ValueError(f"not a frame: {error}") from None
    return Frame(columns, rows, (x, y), shape, State(state), history, back, tuple(changed))


class Unframer:
    """Cuts a byte stream into frames."""

    def __init__(self, limit: int = MAX_PAYLOAD) -> None:
        self._buffer = bytearray()
        self._limit = limit

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The frames that are complete with `data`; `ValueError` if one claims more than the limit."""
        buffer = self._buffer
        buffer += data
        at = 0
        try:
            while len(buffer) - at >= HEAD.size:
                kind, length = HEAD.unpack_from(buffer, at)
                if length > self._limit:
                    raise ValueError(f"a frame of {length} bytes")
                end = at + HEAD.size + length
                if end > len(buffer):
                    break
                payload = bytes(memoryview(buffer)[at + HEAD.size : end])
                at = end
                yield kind, payload
        finally:
            del buffer[:at]
