"""The name that a Go program was built under, from the build information that the linker leaves in it.

A renamed copy of terraform or kubectl still says which package it is. Source: Go's debug/buildinfo, the inline format
of Go 1.18 and later.
"""

from __future__ import annotations

import os
import re
import struct

_MAGIC = b"\xff Go buildinf:"
_INLINE = 2
_HEADER = 32
_GUARD = 16
_MOST = 1 << 16
_SECTION = b".go.buildinfo"
_VERSION = re.compile(r"v\d+\Z")
_CHUNK = 1 << 20


class Reads:
    """A file's bytes, read where they are asked for: one that shrinks meanwhile ends early, a mapping would kill us."""

    def __init__(self, file: int, size: int) -> None:
        self._file, self._size = file, size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        return os.pread(self._file, part.stop - part.start, part.start) if part.stop > part.start >= 0 else b""

    def find(self, word: bytes) -> int:
        """Where `word` begins, -1 if nowhere."""
        at, kept = 0, b""
        while data := os.pread(self._file, _CHUNK, at):
            found = (kept + data).find(word)
            if found >= 0:
                return at - len(kept) + found
            at += len(data)
            kept = (kept + data)[-len(word) + 1 :]
        return -1


def go_program(data: Reads) -> str:
    """The last element of the main package's path (`terraform`, `tofu`, `kubectl`); empty for what is no Go program."""
    at = _where(data)
    if at < 0 or not (flags := data[at + 15 : at + 16]) or flags[0] & _INLINE == 0:
        return ""
    at += _HEADER
    _, at = _text(data, at)
    modules, _ = _text(data, at)
    for line in modules[_GUARD:-_GUARD].split(b"\n"):
        if line.startswith(b"path\t"):
            parts = line[5:].decode("utf-8", "replace").split("/")
            while len(parts) > 1 and _VERSION.match(parts[-1]):
                parts.pop()
            return "" if parts[-1] == "command-line-arguments" else parts[-1]
    return ""


def _where(data: Reads) -> int:
    """Where the build information begins: in its own section, else at an aligned place near the data's start."""
    head = data[0:64]
    if len(head) < 64 or head[4] != 2 or head[5] != 1:
        return -1
    try:
        table, size, count, names = (
            struct.unpack_from("<Q", head, 40)[0],
            *struct.unpack_from("<HHH", head, 58),
        )
        if 0 < count < 4096 and names < count and size >= 64 and table + size * count <= len(data):
            sections = data[table : table + size * count]
            strings = struct.unpack_from("<Q", sections, size * names + 24)[0]
            for number in range(count):
                offset, start = struct.unpack_from("<I20xQ", sections, size * number)
                if data[strings + offset : strings + offset + len(_SECTION)] == _SECTION:
                    at = int(start)
                    return at if data[at : at + len(_MAGIC)] == _MAGIC else data.find(_MAGIC)
            # Sections with names and none of Go's: no Go program, unless somebody took the name away.
            return data.find(_MAGIC) if len(data) > 1 << 20 and b"Go build ID" in data[0 : 1 << 16] else -1
    except (struct.error, OverflowError):
        return -1
    return data.find(_MAGIC)


def _text(data: Reads, at: int) -> tuple[bytes, int]:
    """A string behind its length as a varint, and where the next begins."""
    length = shift = 0
    for byte in data[at : at + 5]:
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return (b"", at) if length > _MOST else (data[at : at + length], at + length)
