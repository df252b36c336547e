"""The journal being written: each record is on disk before anything acts on it.

One `write` of one whole line under a lock. What a human or a credential has to do with is fsynced before `append`
returns; plain verdicts of the policy are fsynced by a thread at least every `SYNC_SECONDS`. The first failure ends
the journal: every later `append` fails too, and the session stops.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from supervisor.errors import JournalError
from supervisor.journal.chain import GENESIS, sealed
from supervisor.journal.checkpoint import Checkpoint, write_checkpoint
from supervisor.model.codec import Json, canonical, rfc3339, to_json
from supervisor.model.decision import By
from supervisor.model.effect import Effect
from supervisor.model.event import (
    AwsAnswered,
    DecisionRecord,
    ExecEnded,
    McpAnswered,
    NetClosed,
    Proposal,
    Record,
    VerdictRecord,
)

SYNC_SECONDS: Final = 0.1
CHECKPOINT_SECONDS: Final = 60.0
_RELAXED: Final = (ExecEnded, NetClosed, AwsAnswered, McpAnswered, Proposal)


def _must_sync(record: Record) -> bool:
    if isinstance(record, DecisionRecord):
        return record.effect is not Effect.ALLOW
    if isinstance(record, VerdictRecord):
        return record.effect is not Effect.ALLOW or record.by is not By.POLICY
    return not isinstance(record, _RELAXED)


class JournalWriter:
    """Appends to `journal.jsonl` of one new session; safe to call from any thread."""

    def __init__(
        self,
        folder: Path,
        *,
        session: str,
        key: Ed25519PrivateKey,
        redact: Callable[[Json], Json] = lambda fields: fields,
    ) -> None:
        """Create the journal in `folder`; raises `JournalError` where it exists already or cannot be made."""
        self._path, self._session, self._key, self._redact = folder / "journal.jsonl", session, key, redact
        self._lock = threading.Lock()
        self._seq, self._head, self._last_time = 0, GENESIS, ""
        self._dirty, self._closed = threading.Event(), threading.Event()
        self._broken: JournalError | None = None
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            self._file = os.open(self._path, flags, 0o600)
        except OSError as error:
            raise self._failure(error) from error
        self._syncer = threading.Thread(target=self._sync_loop, name="journal-sync", daemon=True)
        self._syncer.start()

    @property
    def next_seq(self) -> int:
        """The number that the next line gets."""
        return self._seq

    def append(self, record: Record, *, now: datetime) -> Json:
        """Write one record and return its line. Raises `JournalError`, from then on always."""
        fields = self._redact(to_json(record))
        with self._lock:
            if self._broken is not None:
                raise self._broken
            line = sealed(fields, seq=self._seq, time=rfc3339(now), prev=self._head)
            data = (canonical(line) + "\n").encode("utf-8", "surrogatepass")
            try:
                written = os.write(self._file, data)
                if written != len(data):
                    raise OSError(28, f"only {written} of {len(data)} bytes were written")
                if _must_sync(record):
                    os.fdatasync(self._file)
                else:
                    self._dirty.set()
            except OSError as error:
                self._broken = self._failure(error)
                raise self._broken from error
            self._seq, self._head, self._last_time = self._seq + 1, line["hash"], line["time"]
        return line

    def checkpoint(self, *, closed: bool = False) -> None:
        """Sign how far the journal has come. Raises `JournalError`."""
        with self._lock:
            if self._broken is not None:
                raise self._broken
            try:
                os.fdatasync(self._file)
                statement = Checkpoint(self._session, self._seq, self._head, self._last_time, closed)
                write_checkpoint(self._path.with_name("checkpoint.json"), statement, self._key)
            except OSError as error:
                self._broken = self._failure(error)
                raise self._broken from error

    def close(self) -> None:
        """Sign the end and let go of the file. Raises `JournalError` if the end could not be signed."""
        if self._closed.is_set():
            return
        self._closed.set()
        self._dirty.set()
        self._syncer.join(timeout=5)
        try:
            self.checkpoint(closed=True)
        finally:
            with self._lock:
                self._broken = self._broken or JournalError("the journal is closed", where=str(self._path))
                os.close(self._file)

    def _sync_loop(self) -> None:
        waited = 0.0
        while not self._closed.wait(SYNC_SECONDS):
            waited += SYNC_SECONDS
            try:
                if self._dirty.is_set():
                    self._dirty.clear()
                    os.fdatasync(self._file)
                if waited >= CHECKPOINT_SECONDS:
                    waited = 0.0
                    self.checkpoint()
            except (OSError, JournalError) as error:
                with self._lock:
                    self._broken = self._broken or self._failure(error)
                return

    def _failure(self, error: Exception) -> JournalError:
        fix = "free some disk space or make the sessions folder writable, then start a new session"
        return JournalError(f"the journal cannot be written: {error}", where=str(self._path), fix=fix)
