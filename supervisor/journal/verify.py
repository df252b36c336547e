"""Whether a session's record is as it was written: the chain, the signed checkpoint and the recording."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from supervisor.errors import JournalError
from supervisor.journal.chain import GENESIS, line_hash
from supervisor.journal.checkpoint import SignedCheckpoint, read_checkpoint
from supervisor.model.codec import canonical


class Finding(StrEnum):
    """What `verify` comes to."""

    GOOD = "good"
    OPEN = "open"  # nothing was changed, but no closing checkpoint: it runs still, or crashed
    CHANGED = "changed"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Verification:
    """`line` counts from 1 and names the first bad line (0: none); `lines` is how many were read."""

    finding: Finding
    detail: str
    lines: int = 0
    line: int = 0


def verify(folder: Path, *, trusted: bytes | None = None) -> Verification:
    """Check the session in `folder`; `trusted` is this user's raw public key, if there is one."""
    path = folder / "journal.jsonl"
    try:
        signed = read_checkpoint(folder / "checkpoint.json")
        with path.open("rb") as file:
            return _verify_lines(file.read().split(b"\n"), folder, signed, trusted)
    except (OSError, JournalError) as error:
        return Verification(Finding.UNREADABLE, str(error))


def _verify_lines(
    texts: list[bytes], folder: Path, signed: SignedCheckpoint | None, trusted: bytes | None
) -> Verification:
    torn = texts.pop() != b""
    prev, count, size_head = GENESIS, 0, ""
    last: dict[str, object] = {}
    for number, text in enumerate(texts, start=1):
        line, why = _line(text, number, prev)
        if why:
            return Verification(Finding.CHANGED, why, count, number)
        prev, count, last = str(line["hash"]), number, line
        if signed is not None and number == signed.checkpoint.size:
            size_head = prev
    if torn:
        return Verification(Finding.CHANGED, "the last line is incomplete", count, count + 1)
    if not count:
        return Verification(Finding.UNREADABLE, f"{folder / 'journal.jsonl'}: the journal is empty")
    return _verify_end(folder, signed, trusted, count, size_head, last)


def _line(text: bytes, number: int, prev: str) -> tuple[dict[str, object], str]:  # the line, and what is wrong with it
    try:
        line = json.loads(text)
        if not isinstance(line, dict):
            return {}, "not a journal line"
        if (canonical(line)).encode("utf-8", "surrogatepass") != text:
            return {}, "the line is not in canonical form"
        if line.get("seq") != number - 1:
            return {}, f"expected seq {number - 1}, found {line.get('seq')}"
        if line.get("prev") != prev:
            return {}, "the line does not follow from the one before"
        if line.get("hash") != line_hash(line):
            return {}, "the line does not fit its hash"
    except (ValueError, RecursionError, TypeError) as error:
        return {}, f"not a journal line: {error}"
    return line, ""


def _verify_end(
    folder: Path, signed: SignedCheckpoint | None, trusted: bytes | None, count: int, head: str, last: dict[str, object]
) -> Verification:
    ended = last.get("kind") == "session.ended"
    if signed is None:
        if ended:
            return Verification(Finding.CHANGED, "the session ended, but its checkpoint is missing", count, count)
        return Verification(Finding.OPEN, "no checkpoint yet: the session has just begun, or crashed", count)
    if not signed.holds:
        return Verification(Finding.CHANGED, "the checkpoint does not fit its signature", count, count)
    if trusted is not None and signed.public != trusted:
        return Verification(Finding.CHANGED, "the checkpoint was signed by another key than this user's", count, count)
    if signed.checkpoint.size > count:
        missing = signed.checkpoint.size - count
        return Verification(Finding.CHANGED, f"{missing} lines are missing at the end", count, count + 1)
    if head != signed.checkpoint.head:
        return Verification(Finding.CHANGED, "the checkpoint is of another journal", count, signed.checkpoint.size)
    if not signed.checkpoint.closed:
        return Verification(Finding.OPEN, "the session was not closed: it runs still, or crashed", count)
    if signed.checkpoint.size != count:
        return Verification(Finding.CHANGED, "lines were added after the end", count, signed.checkpoint.size + 1)
    wanted = last.get("cast_sha256", "")
    if wanted and _file_sha256(folder / "terminal.cast") != wanted:
        return Verification(Finding.CHANGED, "the recording of the terminal was changed", count, count)
    whose = "" if trusted is not None else " (signed by a key that this user does not know)"
    return Verification(Finding.GOOD, f"{count} lines, closed and signed{whose}", count)


def _file_sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            hasher = sha256()
            while block := file.read(1 << 20):
                hasher.update(block)
            return hasher.hexdigest()
    except OSError:
        return ""
