"""The signed statement of how far a journal had come: {chain, size, head}, which makes a cut-off end visible."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from supervisor.errors import JournalError
from supervisor.journal.keys import public_bytes, signature_holds
from supervisor.journal.private import FILE_MODE, open_private, sync_folder
from supervisor.model.codec import canonical


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`chain` is the session's id, `size` the number of lines, `head` the hash of the last, `closed` = the last one."""

    chain: str
    size: int
    head: str
    time: str
    closed: bool

    def message(self) -> bytes:
        """The bytes that are signed."""
        fields = {"chain": self.chain, "size": self.size, "head": self.head, "time": self.time, "closed": self.closed}
        return canonical(fields).encode()


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint as it was found on disk; `public` is the raw Ed25519 key that it names."""

    checkpoint: Checkpoint
    public: bytes
    signature: bytes

    @property
    def holds(self) -> bool:
        """Whether the signature fits the key that the file itself names (say nothing about whose key that is)."""
        return signature_holds(self.public, self.signature, self.checkpoint.message())


def write_checkpoint(path: Path, checkpoint: Checkpoint, key: Ed25519PrivateKey) -> None:
    """Replace the checkpoint at `path` in one step. Raises `OSError`."""
    body = {
        "chain": checkpoint.chain,
        "size": checkpoint.size,
        "head": checkpoint.head,
        "time": checkpoint.time,
        "closed": checkpoint.closed,
        "key": base64.b64encode(public_bytes(key)).decode(),
        "signature": base64.b64encode(key.sign(checkpoint.message())).decode(),
    }
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(canonical(body) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    if checkpoint.closed:
        sync_folder(path.parent)


def read_checkpoint(path: Path) -> SignedCheckpoint | None:
    """The checkpoint at `path`, `None` where there is none. Raises `JournalError` for one that cannot be read."""
    try:
        with os.fdopen(open_private(path), encoding="utf-8") as file:
            body = json.loads(file.read(1 << 16))
        checkpoint = Checkpoint(
            chain=str(body["chain"]),
            size=int(body["size"]),
            head=str(body["head"]),
            time=str(body["time"]),
            closed=body["closed"] is True,
        )
        return SignedCheckpoint(checkpoint, base64.b64decode(body["key"]), base64.b64decode(body["signature"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise JournalError(f"not a checkpoint: {error}", where=str(path)) from error
