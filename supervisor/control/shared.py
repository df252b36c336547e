"""The socket for other users of this machine: where it lies, who may make it, how it is found.

A session whose scope may want several humans offers `/tmp/agent-supervise-approvals-UID/SESSION.sock` to every user of
the machine. /tmp, because nothing else is there for all users on each system; it has the sticky bit, so nobody else can
put another folder in its place, and a cell has a /tmp of its own. The folder is its user's and only theirs to write
in: both ends look, and whoever connects also asks the kernel whose process answers. Who gets to hear or say anything is
decided on the connection (`peers`), not by the folder.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import socket
import stat
import struct
from pathlib import Path
from typing import Final

from supervisor.emulator.sockets import connect, listen
from supervisor.errors import HostError, UsageError
from supervisor.model.visible import visible

PLACE: Final = Path("/tmp")
_ENDING: Final = ".sock"


def folder_of(uid: int, place: Path = PLACE) -> Path:
    """Where a user's sessions offer their sockets to others."""
    return place / f"agent-supervise-approvals-{uid}"


def offer(session: str, place: Path = PLACE) -> socket.socket:
    """A listening socket that every user of this machine can connect to. Raises `OSError`."""
    folder = folder_of(os.getuid(), place)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o755)
    if why := _not_of(folder, os.getuid()):
        raise OSError(f"{folder}: {why}")
    folder.chmod(0o755)  # whatever the umask took away
    _sweep(folder)
    path = folder / f"{session}{_ENDING}"
    sock = listen(path)
    path.chmod(0o666)
    return sock


def _sweep(folder: Path) -> None:
    """Take away what sessions that crashed have left."""
    for path in folder.glob(f"*{_ENDING}"):
        with contextlib.suppress(OSError):
            try:
                connect(path).close()
            except ConnectionRefusedError:
                path.unlink()


def withdraw(session: str, place: Path = PLACE) -> None:
    """Take the socket away, and the folder with the last one."""
    folder = folder_of(os.getuid(), place)
    with contextlib.suppress(OSError):  # what is left behind leads nowhere
        (folder / f"{session}{_ENDING}").unlink(missing_ok=True)
        folder.rmdir()


def find(owner: str, wanted: str, place: Path = PLACE) -> tuple[Path, int]:
    """The socket of a session of the user `owner` (a name or a uid), and that uid. Raises `UsageError`, `HostError`.

    `wanted` is as in `journal.sessions.find_session`: an id, a beginning or an ending of one, "" for the latest.
    """
    try:
        uid = int(owner) if owner.isascii() and owner.isdigit() else pwd.getpwnam(owner).pw_uid
    except (KeyError, ValueError):
        raise UsageError(f"there is no user {visible(owner)}", fix="name whose session it is") from None
    if uid == os.getuid():
        raise UsageError("that is you", fix="leave --of out for a session of your own")
    folder = folder_of(uid, place)
    none = f"no session of {visible(owner)} waits for other people"
    fix = "it offers itself to others where its scope has `approvals: four_eyes`"
    if not os.path.lexists(folder):
        raise UsageError(none, fix=fix)
    if why := _not_of(folder, uid):
        raise HostError(f"this is not {visible(owner)}'s: {why}", where=str(folder), fix="somebody else made it")
    known = sorted((path.name.removesuffix(_ENDING) for path in folder.glob(f"*{_ENDING}")), reverse=True)
    fitting = [name for name in known if name.startswith(wanted)] or [
        name for name in known if name.endswith(f"-{wanted}")
    ]
    if not fitting:
        raise UsageError(none if not wanted else f"{visible(owner)} has no session {visible(wanted)}", fix=fix)
    if wanted and len(fitting) > 1:
        raise UsageError(f"{visible(wanted)} fits {len(fitting)} sessions", fix="type more of the id")
    return folder / f"{fitting[0]}{_ENDING}", uid


def is_of(sock: socket.socket, uid: int) -> bool:
    """Whether the process that listens at the other end is that user's."""
    _, told, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return bool(told == uid)


def _not_of(folder: Path, uid: int) -> str:
    """Why a folder is not this user's alone to write in; empty if it is."""
    try:
        status = folder.lstat()
    except OSError as error:
        return error.strerror or "it cannot be read"
    if not stat.S_ISDIR(status.st_mode):
        return "it is no folder"
    if status.st_uid != uid:
        return f"it belongs to another user (uid {status.st_uid})"
    return "others may write in it" if status.st_mode & 0o022 else ""
