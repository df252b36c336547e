"""The journal being written: each record is on disk before anything acts on it.

One `write` of one whole line under a lock. What a human or a credential has to do with is fsynced before `append`
returns; plain verdicts of the policy are fsynced by a thread within `SYNC_SECONDS`. The first failure ends the
journal: what was half written is taken back, every later `append` fails too, and the session stops. An fsync that
failed is never tried again: the kernel may have dropped what it could not write (fsync(2), EIO).
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from supervisor.errors import JournalError
from supervisor.journal.chain import GENESIS, sealed
from supervisor.journal.checkpoint import Checkpoint, write_checkpoint
from supervisor.journal.lines import Fields
from supervisor.journal.private import FILE_MODE, sync_folder
from supervisor.model.codec import Json, rfc3339
from supervisor.model.decision import By
from supervisor.model.effect import Effect
from supervisor.model.event import (
    AwsAnswered,
    DecisionRecord,
    ExecEnded,
    GatesChecked,
    McpAnswered,
    NetClosed,
    Proposal,
    Record,
    VerdictRecord,
)

SYNC_SECONDS: Final = 0.1
CHECKPOINT_SECONDS: Final = 60.0
_RELAXED: Final = (ExecEnded, NetClosed, AwsAnswered, McpAnswered, Proposal, GatesChecked)


def _must_sync(record: Record) -> bool:
    if isinstance(record, DecisionRecord):
        return record.effect is not Effect.ALLOW
    if isinstance(record, VerdictRecord):
        return record.effect is not Effect.ALLOW or record.by is not By.POLICY
    return not isinstance(record, _RELAXED)


class JournalWriter:
    """Appends to `journal.jsonl` of one new session; safe to call from any thread.

    `redact` takes secrets out of a record's fields, of each for itself, before they are written. `on_broken` is told
    once, from whatever thread finds out, when the disk fails between two records; without it the next `append` says so.
    """

    def __init__(
        self,
        folder: Path,
        *,
        session: str,
        key: Ed25519PrivateKey,
        redact: Callable[[Json], Json] = lambda fields: fields,
        on_broken: Callable[[JournalError], None] | None = None,
    ) -> None:
        """Create the journal in `folder`; raises `JournalError` where it exists already or cannot be made.

        The first checkpoint, of no lines, is written here: from then on a missing checkpoint is a removed one.
        """
        self._path, self._session, self._key = folder / "journal.jsonl", session, key
        self._fields = Fields(redact)
        self._on_broken = on_broken
        self._lock = threading.Lock()
        self._seq, self._head, self._last_time, self._size, self._signed = 0, GENESIS, "", 0, -1
        self._dirty, self._closing = threading.Event(), threading.Event()
        self._broken: JournalError | None = None
        self._syncer = threading.Thread(target=self._sync_loop, name="journal-sync", daemon=True)
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            self._file = os.open(self._path, flags, FILE_MODE)
        except OSError as error:
            raise self._failure(error) from error
        try:
            self.checkpoint()
            sync_folder(folder)
        except (OSError, JournalError) as error:
            os.close(self._file)
            raise (error if isinstance(error, JournalError) else self._failure(error)) from error
        self._syncer.start()

    @property
    def next_seq(self) -> int:
        """The number that the next line gets."""
        return self._seq

    @property
    def broken(self) -> JournalError | None:
        """Why nothing can be appended any more; `None` while all is well."""
        return self._broken

    def append(self, record: Record, *, now: datetime) -> bytes:
        """Write one record and return its line. Raises `JournalError`, from then on always."""
        with self._lock:
            if self._broken is not None:
                raise self._broken
            try:
                time = rfc3339(now)
                found, line = sealed(self._fields(record), seq=self._seq, time=time, prev=self._head)
                self._check_file()
                self._write(line)
                self._seq, self._head, self._last_time = self._seq + 1, found, time
                if _must_sync(record):
                    os.fdatasync(self._file)
                elif not self._dirty.is_set():
                    self._dirty.set()
            except (OSError, TypeError, ValueError, RecursionError) as error:
                # What cannot be cleaned of secrets or encoded is not recorded; what is not recorded must not happen.
                raise self._break(error) from error
            except BaseException:
                # An interrupt between the write and the count would make the next line a second one of this number.
                self._break(InterruptedError("it was interrupted"))
                raise
        return line

    def sync(self) -> None:
        """Make everything appended so far durable now. Raises `JournalError`."""
        with self._lock:
            if self._broken is not None:
                raise self._broken
            try:
                self._dirty.clear()
                os.fdatasync(self._file)
                self._check_file()
            except OSError as error:
                raise self._break(error) from error

    def checkpoint(self, *, closed: bool = False) -> None:
        """Sign how far the journal has come. Raises `JournalError`."""
        with self._lock:
            if self._broken is not None:
                raise self._broken
            if self._signed == self._seq and not closed:
                return
            try:
                self._check_file()
                os.fdatasync(self._file)
                statement = Checkpoint(self._session, self._seq, self._head, self._last_time, closed)
                write_checkpoint(self._path.with_name("checkpoint.json"), statement, self._key)
                self._signed = self._seq
            except OSError as error:
                raise self._break(error) from error

    def close(self) -> None:
        """Sign the end and let go of the file. Raises `JournalError` if the end could not be signed."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._dirty.set()
        self._syncer.join(timeout=5)
        try:
            self.checkpoint(closed=True)
        finally:
            with self._lock:
                self._broken = self._broken or JournalError("the journal is closed", where=str(self._path))
                if not self._syncer.is_alive():  # else it hangs in the kernel, on a descriptor that must stay its own
                    os.close(self._file)

    def _check_file(self) -> None:
        """The file is still there and ends where we left it. Raises `OSError`."""
        status = os.fstat(self._file)
        if status.st_nlink == 0:
            raise OSError(errno.ESTALE, "somebody removed it")
        if status.st_size != self._size:
            raise OSError(errno.ESTALE, f"somebody changed it: {status.st_size} bytes instead of {self._size}")

    def _write(self, data: bytes) -> None:
        """One whole line or nothing. Raises `OSError`."""
        rest = memoryview(data)
        try:
            while rest:
                written = os.write(self._file, rest)  # a short write is followed by one that says why
                if not written:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                rest = rest[written:]
        except BaseException:
            with contextlib.suppress(OSError):  # a rest that stays has no line feed, so it is never taken for a line
                os.ftruncate(self._file, self._size)
            raise
        self._size += len(data)

    def _sync_loop(self) -> None:
        last = time.monotonic()
        while not self._closing.is_set():
            self._dirty.wait(CHECKPOINT_SECONDS)
            known = self._broken
            try:
                if self._dirty.is_set() and not self._closing.wait(SYNC_SECONDS / 2):
                    # Outside the lock: an append need not wait for the disk, and clearing first loses no line.
                    self._dirty.clear()
                    os.fdatasync(self._file)
                if time.monotonic() - last >= CHECKPOINT_SECONDS and not self._closing.is_set():
                    last = time.monotonic()
                    self.checkpoint()
            except (OSError, JournalError) as error:
                with self._lock:
                    broken = self._break(error)
                if known is None and self._on_broken is not None:
                    self._on_broken(broken)
                return

    def _break(self, error: BaseException) -> JournalError:
        """End the journal for good; the lock is held."""
        if self._broken is None:
            self._broken = error if isinstance(error, JournalError) else self._failure(error)
        return self._broken

    def _failure(self, error: BaseException) -> JournalError:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        fix = "free some disk space or make the sessions folder writable, then start a new session"
        return JournalError(f"the journal cannot be written: {why}", where=str(self._path), fix=fix)
