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
_FIRST_POINTERS = 1024
_APART, _LONGEST_PIECE = 4 * PAGE, 48 * PAGE
_MOST_KEPT, _MOST_KEPT_BYTES = 64, 64 << 10

Texts = tuple[bytes, ...]


class Pages:
    """A caller's memory in windows of some pages: most of a call lies in two of them, on a stack and on a heap."""

    def __init__(self, memory: Memory, tid: int) -> None:
        self.memory, self.tid = memory, tid
        self._windows: list[tuple[int, bytes]] = []

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

    def pointers(self, address: int) -> tuple[int, ...]:
        """The array up to its NULL; a null array is an empty one (execve(2), Linux). Raises as `at`."""
        if not address:
            return ()
        found: list[int] = []
        rest = b""
        most = _FIRST_POINTERS
        while len(found) < MOST_POINTERS:
            window, place = self.at(address)
            taken = window[place : place + most]
            address += len(taken)
            data = rest + taken if rest else taken
            values = struct.unpack_from(f"{len(data) // 8}Q", data)
            if 0 in values:
                return (*found, *values[: values.index(0)])
            found += values
            rest = data[len(data) // 8 * 8 :]  # an array need not be aligned: an element may lie across two windows
            most = _WINDOW
        raise OSError(errno.E2BIG, "too many arguments")


@dataclass(frozen=True, slots=True)
class _Piece:
    """Memory that holds several strings: how it is cut into them, and what they were, each with its NUL."""

    low: int
    cut: struct.Struct
    were: Texts


@dataclass(slots=True)
class _Known:
    texts: Texts
    pieces: tuple[_Piece, ...] = ()


class Strings:
    """Reads the strings behind arrays of pointers; belongs to one thread."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, ...], _Known] = {}

    def of(self, pages: Pages, pointers: tuple[int, ...]) -> Texts:
        """The strings in their order; the same tuple again where they are the same. Raises `OSError`, `Gone`."""
        known = self._known.get(pointers)
        if known is not None and known.pieces and _same(pages, known.pieces):
            return known.texts
        found = _read(pages, pointers)
        texts = tuple([found[pointer] for pointer in pointers])
        size = sum(map(len, texts)) + len(texts)
        if size > MOST_BYTES:
            raise OSError(errno.E2BIG, f"arguments of more than {MOST_BYTES >> 20} MiB")
        if known is not None and known.texts == texts:
            known.pieces = known.pieces or _pieces(found)
            return known.texts
        if 0 < size <= _MOST_KEPT_BYTES:
            if len(self._known) >= _MOST_KEPT and known is None:
                self._known.clear()
            self._known[pointers] = _Known(texts)
        return texts


def _same(pages: Pages, pieces: Sequence[_Piece]) -> bool:
    try:
        for piece in pieces:
            block = pages.memory.read(pages.tid, piece.low, piece.cut.size)
            if len(block) != piece.cut.size or piece.cut.unpack(block) != piece.were:
                return False
    except OSError:
        return False  # something is not mapped any more: which string it is tells who reads them one by one
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
