"""Who is at the other end of a unix socket, on the kernel's word: unix(7) SO_PEERCRED, SO_PEERGROUPS.

A user's word is worth what the kernel can tell of it. Root can be any user of this machine: it is nobody's second pair
of eyes, and a session of root's has none but by an identity provider. The overflow user stands for everybody whom this
user namespace does not know.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from supervisor.model.grant import Approver

ROOT: Final = 0
OVERFLOW: Final = 65534
_SO_PEERGROUPS: Final = 59  # asm-generic/socket.h, Linux 4.13; not in Python's socket module
_MOST_BYTES: Final = 1024
"""What Python takes for an option: 256 groups. A process that has more has those that the user database knows."""

ROOT_IS_ANYBODY: Final = "root can be any user of this machine: it does not count as another human"
OF_ROOT: Final = (
    "this session runs as root, who can be any user of this machine, so no user of it can be a second pair of eyes: "
    "run it as another user, or have an identity provider vouch for people"
)
NOBODY: Final = "the kernel does not know which user this is: it does not count as a human"


@dataclass(frozen=True, slots=True)
class Peer:
    """A process at the other end. `groups` are the names of the groups that it had when it connected."""

    uid: int
    user: str
    groups: tuple[str, ...]

    @property
    def name(self) -> str:
        """Whom a record names: our own user by name, another one with the number that the name may hide."""
        number = f"uid {self.uid}"
        return self.user if self.uid == os.getuid() or self.user == number else f"{self.user} ({number})"


def peer_of(sock: socket.socket) -> Peer | None:
    """Who is there; `None` for what comes from inside a cell, or cannot be told."""
    pid, uid, gid = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    if pid <= 0 or not _is_outside(pid, uid):
        return None
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = f"uid {uid}"
    return Peer(uid, user, _groups(sock, user, gid))


def approver_of(peer: Peer, owner: int) -> Approver:
    """Whose answer it is, in a session of the user `owner`."""
    if owner == ROOT:
        doubt = OF_ROOT
    elif peer.uid == ROOT:
        doubt = ROOT_IS_ANYBODY
    else:
        doubt = NOBODY if peer.uid == OVERFLOW else ""
    return Approver(f"uid:{peer.uid}", "kernel", peer.groups, owner=peer.uid == owner, doubt=doubt)


def _is_outside(pid: int, uid: int) -> bool:
    """Whether a process is in our own pid namespace: whoever is in a cell has another one."""
    try:
        if uid == os.getuid():
            return Path(f"/proc/{pid}/ns/pid").readlink() == Path("/proc/self/ns/pid").readlink()
        # Another user's namespaces are not ours to look at (ptrace(2)); their number is: proc(5), NSpid.
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    ids = next((line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:")), [])
    return ids == [str(pid)]


def _groups(sock: socket.socket, user: str, gid: int) -> tuple[str, ...]:
    try:
        told = sock.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _MOST_BYTES)
        ids = {gid, *(number for (number,) in struct.iter_unpack("I", told))}
    except OSError as error:
        ids = {gid, *(os.getgrouplist(user, gid) if error.errno == errno.ERANGE else ())}
    names = []
    for each in sorted(ids):
        try:
            names.append(grp.getgrgid(each).gr_name)
        except KeyError:
            continue  # a group without a name is no role
    return tuple(names)
