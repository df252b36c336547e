"""A caller's argument and environment strings, read in as few pieces as they lie in.

Programs start others from the same arrays again and again: where every string still stands where it stood, with the
same bytes and the same end, the strings are those that were read before. They are read to know that, each time.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from supervisor.gates.exec.calls import PAGE, Memory

LONGEST_STRING = 128 << 10
"""MAX_ARG_STRLEN of execve(2)."""
MOST_BYTES = 8 << 20
MOST_POINTERS = 1 << 18
_WINDOW = 4 * PAGE
_MOST_WINDOWS = 8
_FIRST = 1024
_APART, _LONGEST_PIECE = 4 * PAGE, 48 * PAGE
_MOST_KEPT, _MOST_KEPT_BYTES = 64, 64 << 10

_NULL = bytes(8)

Texts = tuple[bytes, ...]


class Pages:
    """A caller's memory in windows of some pages: most of a call lies in two of them, on a stack and on a heap.

    What stands at the addresses that are `wanted` is read at once.
    """

    def __init__(self, memory: Memory, tid: int, wanted: Sequence[int] = ()) -> None:
        self.memory, self.tid = memory, tid
        self._windows: list[tuple[int, bytes]] = []
        spans = [(address, _FIRST) for address in wanted if address]
        block = memory.gather(tid, spans)
        if block:
            self._windows = [(span[0], block[_FIRST * at : _FIRST * (at + 1)]) for at, span in enumerate(spans)]

    def at(self, address: int) -> tuple[bytes, int]:
        """A window and the place of `address` in it, at least one byte before its end. Raises `OSError`, `Gone`."""
        for start, window in self._windows:
            if 0 <= address - start < len(window):
                return window, address - start
        start = address - address % PAGE
        window = self.memory.read(self.tid, start, _WINDOW)
        if address - start >= len(window):
            raise OSError(errno.EFAULT, "an argument lies in unmapped memory")
        self._windows.insert(0, (start, window))
        del self._windows[_MOST_WINDOWS:]
        return window, address - start

    def string(self, address: int, longest: int, too_long: int) -> bytes:
        """The bytes up to a NUL; raises `OSError` with the errno `too_long` for more than `longest`, and as `at`."""
        parts: list[bytes] = []
        length = 0
        while length <= longest:
            window, place = self.at(address)
            end = window.find(b"\0", place)
            if end >= 0:
                return b"".join((*parts, window[place:end])) if parts else window[place:end]
            parts.append(window[place:])
            length += len(window) - place
            address += len(window) - place
        raise OSError(too_long, os.strerror(too_long))

    def array(self, address: int) -> bytes:
        """The pointers up to the NULL, as they stand there; a null array is an empty one (execve(2), Linux).

        Raises as `at`.
        """
        if not address:
            return b""
        data, most = b"", _FIRST
        while len(data) < 8 * MOST_POINTERS:
            window, place = self.at(address)
            taken = window[place : place + most]
            address += len(taken)
            # An array need not be aligned: a pointer may lie across two windows.
            done = len(data) // 8 * 8
            data = data + taken if data else taken
            end = data.find(_NULL, done)
            while end >= 0 and end % 8:
                end += 8 - end % 8
                if data[end : end + 8] != _NULL:
                    end = data.find(_NULL, end)
            if end >= 0:
                return data[:end]
            most = _WINDOW
        raise OSError(errno.E2BIG, "too many arguments")


@dataclass(slots=True)
class _Piece:
    """Memory that holds several strings: how it is cut into them, and what they were, each with its NUL.

    `seen` is how all of it looked when they last were that.
    """

    low: int
    cut: struct.Struct
    were: Texts
    seen: bytes = b""

    def is_same(self, block: bytes) -> bool:
        """Whether the strings are what they were, where the memory holds `block` now."""
        if block == self.seen:
            return True
        if self.cut.unpack(block) != self.were:
            return False
        self.seen = block
        return True


@dataclass(slots=True)
class _Known:
    texts: Texts
    pieces: tuple[_Piece, ...] = ()


_NOTHING = _Known(())


class Strings:
    """Reads the strings behind arrays of pointers; belongs to one thread."""

    def __init__(self) -> None:
        self._known: dict[bytes, _Known] = {}

    def of(self, pages: Pages, *arrays: bytes) -> list[Texts]:
        """The strings of each array in their order; the same tuple again where they are the same.

        Raises `OSError`, `Gone`.
        """
        known = [self._known.get(array, _NOTHING) for array in arrays]
        pieces = [piece for one in known for piece in one.pieces]
        if pieces and _same(pages, pieces) and all(map(_is_whole, known, arrays)):
            return [one.texts for one in known]
        return [self._read(pages, array) for array in arrays]

    def _read(self, pages: Pages, array: bytes) -> Texts:
        pointers = struct.unpack(f"{len(array) // 8}Q", array)
        found = _read(pages, pointers)
        texts = tuple([found[pointer] for pointer in pointers])
        size = sum(map(len, texts)) + len(texts)
        if size > MOST_BYTES:
            raise OSError(errno.E2BIG, f"arguments of more than {MOST_BYTES >> 20} MiB")
        known = self._known.get(array)
        if known is not None and known.texts == texts:
            known.pieces = known.pieces or _pieces(found)
            return known.texts
        if 0 < size <= _MOST_KEPT_BYTES:
            if len(self._known) >= _MOST_KEPT and known is None:
                self._known.clear()
            self._known[array] = _Known(texts)
        return texts


def _is_whole(known: _Known, array: bytes) -> bool:
    """Whether the pieces of what is known are all of it."""
    return bool(known.pieces) or not array


def _same(pages: Pages, pieces: Sequence[_Piece]) -> bool:
    """Whether every string still is what it was; false too where that cannot be seen at once."""
    block = pages.memory.gather(pages.tid, [(piece.low, piece.cut.size) for piece in pieces])
    at = 0
    for piece in pieces:
        size = piece.cut.size
        if not block or not piece.is_same(block[at : at + size]):
            return False
        at += size
    return True


def _read(pages: Pages, pointers: Sequence[int]) -> dict[int, bytes]:
    """The strings by where they begin."""
    found: dict[int, bytes] = {}
    total = 0
    for group in _groups(sorted(set(pointers))):
        low = group[0]
        block = pages.memory.read(pages.tid, low, group[-1] - low + PAGE)
        for pointer in group:
            end = block.find(b"\0", pointer - low)
            if 0 <= end - (pointer - low) <= LONGEST_STRING:
                text = block[pointer - low : end]
            else:
                text = pages.string(pointer, LONGEST_STRING, errno.E2BIG)
            found[pointer] = text
            total += len(text) + 1
        if total > MOST_BYTES:
            raise OSError(errno.E2BIG, f"arguments of more than {MOST_BYTES >> 20} MiB")
    return found


def _groups(ordered: Sequence[int]) -> list[list[int]]:
    """Pointers that are worth reading at once."""
    groups: list[list[int]] = []
    before = -_APART - 1
    for pointer in ordered:
        if pointer - before > _APART or pointer - groups[-1][0] > _LONGEST_PIECE:
            groups.append([pointer])
        else:
            groups[-1].append(pointer)
        before = pointer
    return groups


def _pieces(found: dict[int, bytes]) -> tuple[_Piece, ...]:
    """How these strings are read next time; nothing where one lies in another."""
    pieces = []
    for group in _groups(sorted(found)):
        layout, at = "=", group[0]
        for pointer in group:
            if pointer < at:
                return ()
            length = len(found[pointer]) + 1
            layout += f"{pointer - at}x{length}s"
            at = pointer + length
        pieces.append(_Piece(group[0], struct.Struct(layout), tuple([found[pointer] + b"\0" for pointer in group])))
    return tuple(pieces)
