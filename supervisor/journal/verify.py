"""Whether a session's record is as it was written: the chain, the checkpoint, receipts and the recording."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from supervisor.errors import JournalError
from supervisor.journal.chain import GENESIS, line_hash
from supervisor.journal.checkpoint import SignedCheckpoint, read_checkpoint
from supervisor.journal.private import open_private
from supervisor.journal.reader import raw_lines
from supervisor.journal.receipts import Recheck
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


@dataclass(slots=True)
class _Chain:
    """What was read so far: how many lines, the hash of the last, and of the one that the checkpoint signs."""

    lines: int = 0
    head: str = GENESIS
    signed_head: str = GENESIS
    first: dict[str, object] = field(default_factory=dict)
    last: dict[str, object] = field(default_factory=dict)
    torn: bool = False


def verify(folder: Path, *, trusted: bytes | None = None, session: str = "") -> Verification:
    """Check the session in `folder`, in bounded memory.

    `trusted` is this user's raw public key, if there is one. `session` is the id that the record must be of: without
    it, another whole record of the same user in this one's place is not noticed.
    """
    path = folder / "journal.jsonl"
    try:
        # Read first: a running session writes on, and lines beyond its checkpoint are no contradiction.
        signed = read_checkpoint(folder / "checkpoint.json")
        chain, receipts = _Chain(), Recheck(session or (signed.checkpoint.chain if signed is not None else ""))
        for text, whole in raw_lines(path):
            if not whole:
                chain.torn = True
                break
            line, why = _line(text, chain)
            why = why or receipts.take(line)
            if why:
                return Verification(Finding.CHANGED, why, chain.lines, chain.lines + 1)
            chain.head, chain.lines, chain.last = str(line["hash"]), chain.lines + 1, line
            chain.first = chain.first or line
            if signed is not None and chain.lines == signed.checkpoint.size:
                chain.signed_head = chain.head
        return _verify_end(folder, signed, trusted, session, chain)
    except (OSError, JournalError) as error:
        return Verification(Finding.UNREADABLE, str(error))


def _line(text: bytes, chain: _Chain) -> tuple[dict[str, object], str]:  # the line, and what is wrong with it
    try:
        line = json.loads(text)
        if not isinstance(line, dict):
            return {}, "not a journal line"
        if (canonical(line)).encode("utf-8", "surrogatepass") != text:
            return {}, "the line is not in canonical form"
        if line.get("seq") != chain.lines:
            return {}, f"expected seq {chain.lines}, found {line.get('seq')}"
        if line.get("prev") != chain.head:
            return {}, "the line does not follow from the one before"
        if line.get("hash") != line_hash(line):
            return {}, "the line does not fit its hash"
    except (ValueError, RecursionError, TypeError) as error:
        return {}, f"not a journal line: {error}"
    return line, ""


def _verify_end(
    folder: Path, signed: SignedCheckpoint | None, trusted: bytes | None, session: str, chain: _Chain
) -> Verification:
    count = chain.lines

    def changed(why: str, line: int) -> Verification:
        return Verification(Finding.CHANGED, why, count, max(line, 1))

    if signed is None:
        if count == 0:
            return Verification(Finding.UNREADABLE, f"{folder / 'journal.jsonl'}: the journal is empty")
        return changed("the checkpoint is missing: there is one from the first line on", count)
    checkpoint = signed.checkpoint
    if not signed.holds:
        return changed("the checkpoint does not fit its signature", count)
    if trusted is not None and signed.public != trusted:
        return changed("the checkpoint was signed by another key than this user's", count)
    if why := _other_session(session, checkpoint.chain, chain.first):
        return changed(why, 1)
    if checkpoint.size > count:
        missing = checkpoint.size - count
        return changed(f"{missing} {'line is' if missing == 1 else 'lines are'} missing at the end", count + 1)
    if chain.signed_head != checkpoint.head:
        return changed("the checkpoint is of another journal", checkpoint.size)
    if checkpoint.closed and (count > checkpoint.size or chain.torn):
        return changed("lines were added after the end", checkpoint.size + 1)
    if count == 0:
        return Verification(Finding.UNREADABLE, f"{folder / 'journal.jsonl'}: the journal is empty")
    if not checkpoint.closed:
        return Verification(Finding.OPEN, _open(checkpoint.size, chain), count)
    wanted = chain.last.get("cast_sha256", "")
    if wanted and _file_sha256(folder / "terminal.cast") != wanted:
        return changed("the recording of the terminal was changed", count)
    whose = "" if trusted is not None else " (signed by a key that this user does not know)"
    return Verification(Finding.GOOD, f"{count} lines, closed and signed{whose}", count)


def _open(size: int, chain: _Chain) -> str:
    torn = "; the last line was never finished and nothing acted upon it" if chain.torn else ""
    return f"not closed; the chain holds, {size} of {chain.lines} lines are signed{torn}"


def _other_session(wanted: str, signed: str, first: dict[str, object]) -> str:
    """Why this is the record of another session; empty if it is not."""
    written = first.get("session") if first.get("kind") == "session.started" else None
    if written is not None and written != signed:
        return f"the checkpoint is of session {signed}, the journal of {written}"
    if wanted and wanted != signed:
        return f"this is the record of session {signed}, put in the place of {wanted}"
    return ""


def _file_sha256(path: Path) -> str:
    try:
        with os.fdopen(open_private(path), "rb") as file:
            hasher = sha256()
            while block := file.read(1 << 20):
                hasher.update(block)
            return hasher.hexdigest()
    except (OSError, JournalError):
        return ""
