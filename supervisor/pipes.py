"""An agent without a terminal: its three streams are copied to and from the command line's own.

The agent never holds a descriptor of the outside; what it prints may be a terminal's there, and stays out of its reach.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

CHUNK = 64 << 10
FINISH_SECONDS = 2.0


class Pipes:
    """Copies until each stream ends. `agent` and `outside` are (stdin, stdout, stderr); `record` gets all output."""

    def __init__(self, agent: tuple[int, int, int], outside: tuple[int, ...], record: Callable[[bytes], None]) -> None:
        self._lock = threading.Lock()
        self._record = record
        self._in = threading.Thread(target=self._copy_in, args=(outside[0], agent[0]), daemon=True)
        self._out = [
            threading.Thread(target=self._copy_out, args=(agent[number], outside[number]), daemon=True)
            for number in (1, 2)
        ]

    def start(self) -> None:
        """Copy from now on."""
        for thread in (self._in, *self._out):
            thread.start()

    def finish(self) -> None:
        """The agent has ended: wait for the rest of its output, for 2 s at most each."""
        for thread in self._out:
            thread.join(FINISH_SECONDS)

    def _copy_in(self, source: int, sink: int) -> None:
        try:
            while data := os.read(source, CHUNK):
                _write_all(sink, data)
        except OSError:
            return
        finally:
            os.close(sink)

    def _copy_out(self, source: int, sink: int) -> None:
        """When nobody reads outside any more the pipe is closed, so that the agent gets SIGPIPE as it would bare."""
        try:
            while data := os.read(source, CHUNK):
                with self._lock:
                    self._record(data)
                _write_all(sink, data)
        except OSError:
            return
        finally:
            os.close(source)


def _write_all(sink: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(sink, view) :]
