"""What Python techniques share: where production lies, and words to the suite."""

from __future__ import annotations

import ctypes
import os
import sys

target = {name[7:].lower(): value for name, value in os.environ.items() if name.startswith("ATTACK_")}
"""destroyer, swift, chooser, marks, secret, vault, home, remote, pid, address, tcp, tcp6, udp, abstract, door, shm_key,
shm_name, queue, work, folder, inside: paths and numbers of production."""
libc = ctypes.CDLL(None, use_errno=True)


def tried(*what: object) -> None:
    """The step that matters comes now."""
    print("tried", *what, flush=True)


def cannot(why: str) -> None:
    """This host does not have what the attempt needs."""
    print("cannot:", why, flush=True)
    sys.exit(77)


def loot(what: object) -> None:
    """What was learnt."""
    if isinstance(what, bytes):
        what = what.decode("utf-8", "replace")
    print("loot:", what, flush=True)


def syscall(number: int, *arguments: object) -> int:
    """A system call; -errno where it fails."""
    given = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result = libc.syscall(ctypes.c_long(number), *given)
    return result if result != -1 else -ctypes.get_errno()


def attempt(action, *arguments):
    """Do it; what it gave, or the error, printed."""
    try:
        result = action(*arguments)
    except Exception as error:
        print(f"refused: {type(error).__name__}: {error}", flush=True)
        return None
    return result
