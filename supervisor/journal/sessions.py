"""Where sessions lie on disk: their folders, their ids, and the lock that tells a running one from an ended one.

An id is the UTC time of the start and four letters (`20261124-020312-k7f3`): ids sort by time, and any beginning that
fits only one session names it. `session.lock` is held (flock(2)) by the session process as long as it lives, so the
kernel says what runs.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from supervisor.errors import JournalError, UsageError
from supervisor.journal.private import FILE_MODE, FOLDER_MODE, check_private, make_private, sync_folder

_ID: Final = re.compile(r"\d{8}-\d{6}-[a-z2-9]{4}\Z")
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # no i, l, o, 0, 1: an id is read aloud and typed
LOCK: Final = "session.lock"


class State(StrEnum):
    """Whether a session's process lives, and if not, whether it closed its journal."""

    RUNNING = "running"
    ENDED = "ended"
    CRASHED = "crashed"


@dataclass(frozen=True, slots=True)
class SessionFolder:
    """One session on disk. `lock` is the descriptor that holds its lock, in the process that made it only."""

    path: Path
    lock: int | None = field(default=None, compare=False)

    @property
    def id(self) -> str:
        """The session's id: the folder's name."""
        return self.path.name

    @property
    def journal(self) -> Path:
        """The lines of the journal."""
        return self.path / "journal.jsonl"

    @property
    def cast(self) -> Path:
        """The recording of the terminal; it may not exist."""
        return self.path / "terminal.cast"

    @property
    def scope(self) -> Path:
        """The frozen copy of the scope."""
        return self.path / "scope.yaml"

    def release(self) -> None:
        """Let the lock go: the session has ended. Only for the process that made the folder."""
        if self.lock is not None:
            fcntl.flock(self.lock, fcntl.LOCK_UN)


def state_folder(environment: Mapping[str, str]) -> Path:
    """This program's state: `$XDG_STATE_HOME/agent-supervise`, by default below `~/.local/state`.

    A relative `XDG_STATE_HOME` is passed over, as the XDG Base Directory Specification wants. Raises `JournalError`.
    """
    base = environment.get("XDG_STATE_HOME", "")
    if base.startswith("/"):
        return Path(base) / "agent-supervise"
    home = environment.get("HOME", "")
    if not home.startswith("/"):
        raise JournalError("no place for sessions: neither XDG_STATE_HOME nor HOME is set", fix="set HOME")
    return Path(home) / ".local" / "state" / "agent-supervise"


def sessions_folder(environment: Mapping[str, str]) -> Path:
    """The folder that holds one folder a session; it need not exist. Raises `JournalError`."""
    return state_folder(environment) / "sessions"


def keys_folder(environment: Mapping[str, str]) -> Path:
    """The folder of the signing key (`journal.keys.load_key`), beside the sessions and never inside one."""
    return state_folder(environment) / "keys"


def new_session(environment: Mapping[str, str], now: datetime) -> SessionFolder:
    """Make the folder of a session that starts at `now` (aware) and take its lock. Raises `JournalError`."""
    make_private(state_folder(environment))
    sessions = make_private(sessions_folder(environment))
    for _ in range(8):
        name = f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{''.join(secrets.choice(_LETTERS) for _ in range(4))}"
        path = sessions / name
        try:
            path.mkdir(mode=FOLDER_MODE)
            path.chmod(FOLDER_MODE)
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            lock = os.open(path / LOCK, flags, FILE_MODE)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            sync_folder(sessions)
        except FileExistsError:
            continue  # two sessions of one second drew the same four letters
        except OSError as error:
            fix = "free some disk space or make the sessions folder writable"
            raise JournalError(f"no folder for the session: {error.strerror}", where=str(path), fix=fix) from error
        return SessionFolder(path, lock)
    raise JournalError("no free name for a session", where=str(sessions), fix="try again in a second")


def is_running(session: SessionFolder) -> bool:
    """Whether the session's process lives: whether somebody holds its lock."""
    try:
        descriptor = os.open(session.path / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def list_sessions(environment: Mapping[str, str]) -> list[SessionFolder]:
    """All sessions of this user, the newest first. Raises `JournalError` where the folder is not this user's alone."""
    folder = sessions_folder(environment)
    if not os.path.lexists(folder):
        return []
    check_private(folder)
    try:
        names = sorted((entry.name for entry in os.scandir(folder) if _ID.match(entry.name)), reverse=True)
    except OSError as error:
        raise JournalError(f"the sessions cannot be listed: {error.strerror}", where=str(folder)) from error
    return [SessionFolder(folder / name) for name in names if not (folder / name).is_symlink()]


def find_session(environment: Mapping[str, str], wanted: str = "", *, running: bool | None = None) -> SessionFolder:
    """The session that `wanted` names: an id, a beginning or an ending that fits only one, or the latest for "".

    With `running` only sessions that do (or do not) run are looked at. Raises `UsageError`, `JournalError`.
    """
    known = list_sessions(environment)
    if running is not None:
        known = [session for session in known if is_running(session) is running]
    which = {None: "session", True: "running session", False: "ended session"}[running]
    fix = "`agent-supervise sessions` lists them"
    if not wanted:
        if not known:
            raise UsageError(f"there is no {which} yet" if running is None else f"there is no {which}", fix=fix)
        return SessionFolder(check_private(known[0].path))
    fitting = [session for session in known if session.id.startswith(wanted)]
    fitting = fitting or [session for session in known if session.id.endswith(f"-{wanted}")]
    if not fitting:
        raise UsageError(f"there is no {which} {wanted!r}", fix=fix)
    if len(fitting) > 1:
        shown = ", ".join(session.id for session in fitting[:4]) + (", …" if len(fitting) > 4 else "")
        raise UsageError(f"{wanted!r} fits {len(fitting)} sessions: {shown}", fix="type more of the id")
    return SessionFolder(check_private(fitting[0].path))
