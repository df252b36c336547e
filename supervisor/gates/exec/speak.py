"""One line on a program's standard error, written from outside and without ever waiting for a reader."""

from __future__ import annotations

import fcntl
import os
import socket
import stat

from supervisor.gates.exec.calls import Gone, descriptor_of

_STDERR = 2


def say(pid: int, line: str) -> None:
    """Write `line` where the process would write its errors. What cannot take it now does not get it."""
    try:
        theirs = descriptor_of(pid, _STDERR)
    except (OSError, Gone):
        return
    try:
        _write(theirs, (line + "\n").encode("utf-8", "replace"))
    except OSError:
        return  # a reader that is gone, a full pipe: the errno of the start says no all the same
    finally:
        os.close(theirs)


def _write(theirs: int, data: bytes) -> None:
    # What the program may not write itself is not written for it.
    if fcntl.fcntl(theirs, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        return
    mode = os.fstat(theirs).st_mode
    if stat.S_ISSOCK(mode):
        with socket.socket(fileno=os.dup(theirs)) as sock:
            sock.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
    elif stat.S_ISREG(mode):
        os.write(theirs, data)
    elif stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        # Not waiting is a property of the open file, which the program shares: so this is another one.
        ours = os.open(f"/proc/self/fd/{theirs}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            os.write(ours, data)
        finally:
            os.close(ours)
