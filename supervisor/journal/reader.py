"""The lines of a session's journal as objects, in their order and in bounded memory.

Reading shows what is there; whether it is as it was written is what `journal.verify` says. A last line without its line
feed was being written when the session died: it is left out, because nothing acted upon it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from supervisor.errors import JournalError
from supervisor.journal.private import open_private
from supervisor.model.codec import Json

LONGEST_LINE: Final = 64 << 20
"""Bytes. The kernel limits a program start to a few megabytes; what is longer than this was not written by us."""


def raw_lines(path: Path) -> Iterator[tuple[bytes, bool]]:
    """Each line without its line feed, and whether it had one. Raises `JournalError` for a file that cannot be read."""
    try:
        with os.fdopen(open_private(path), "rb") as file:
            while text := file.readline(LONGEST_LINE + 1):
                whole = text.endswith(b"\n")
                if not whole and len(text) > LONGEST_LINE:
                    raise JournalError(f"a line is longer than {LONGEST_LINE >> 20} MiB", where=str(path))
                yield (text[:-1] if whole else text), whole
    except OSError as error:
        raise JournalError(f"the journal cannot be read: {error.strerror or error}", where=str(path)) from error


def parse_line(text: bytes) -> Json | None:
    """The object that a line holds; `None` if it holds none."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return line if isinstance(line, dict) else None


def read(folder: Path) -> Iterator[Json]:
    """The journal lines of the session in `folder`; one that is no object is `{"seq": N, "kind": "unreadable"}`.

    Raises `JournalError` for a journal that is missing or cannot be read.
    """
    for seq, (text, whole) in enumerate(raw_lines(folder / "journal.jsonl")):
        if not whole:
            return
        line = parse_line(text)
        yield {"seq": seq, "kind": "unreadable"} if line is None else line


def first_and_last(folder: Path, most: int = 1 << 16) -> tuple[list[Json], Json]:
    """Up to two first lines and the last whole one, without reading what is between. Raises `JournalError`.

    A listing of many sessions reads this; only the last `most` bytes are looked at for the end, and {} stands for a
    last line that is longer.
    """
    path = folder / "journal.jsonl"
    try:
        with os.fdopen(open_private(path), "rb") as file:
            first = [line for line in (parse_line(file.readline(LONGEST_LINE)) for _ in range(2)) if line is not None]
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - most))
            texts = file.read(most).split(b"\n")[:-1]
    except OSError as error:
        raise JournalError(f"the journal cannot be read: {error.strerror or error}", where=str(path)) from error
    return first, next((line for text in reversed(texts) if (line := parse_line(text)) is not None), {})
