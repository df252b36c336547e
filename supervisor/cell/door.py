"""The session's way into a cell's network: sockets that the cell's first process makes and passes out."""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import Final

from supervisor.cell.first import DOOR_BYTES

ANSWER_SECONDS: Final = 5.0


class Door:
    """The outer end of the first process's door. `open` is for any thread."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._number = 0
        self._lock = threading.Lock()

    def open(self, family: socket.AddressFamily) -> socket.socket:
        """A fresh TCP socket: what it connects to lies in the cell. Raises `OSError`, after at most five seconds."""
        with self._lock:
            self._number += 1
            self._socket.settimeout(ANSWER_SECONDS)
            self._socket.send(b"%d %d" % (family, self._number))
            deadline = time.monotonic() + ANSWER_SECONDS
            while True:
                self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
                data, descriptors, _, _ = socket.recv_fds(self._socket, DOOR_BYTES, 1, socket.MSG_CMSG_CLOEXEC)
                if not data:
                    raise ConnectionError("the cell has ended")
                number, _, error = data.partition(b" ")
                # The answer to a request that was given up is for nobody.
                if number == b"%d" % self._number and (descriptors or error):
                    break
                for one in descriptors:
                    os.close(one)
        if descriptors:
            return socket.socket(fileno=descriptors[0])
        raise OSError(int(error), os.strerror(int(error)))

    def close(self) -> None:
        """Ask for nothing more."""
        self._socket.close()
