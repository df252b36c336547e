"""A headless session on a terminal: the terminal is raw while it runs, its keys and sizes go to the session."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import selectors
import shutil
import signal
import socket
import termios
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

from supervisor.console.link import short_path

CHUNK = 4096


@contextlib.contextmanager
def passing(control: Path) -> Iterator[None]:
    """Pass the terminal on stdin through to the session at `control`; restores the terminal at the end."""
    before = termios.tcgetattr(0)
    stop_here, stop_there = socket.socketpair()
    with socket.socket(socket.AF_UNIX) as link:
        with short_path(control) as path:
            link.connect(path)
        columns, rows = shutil.get_terminal_size()
        _send(
            link, {"type": "hello", "console": f"headless-{os.getpid()}", "columns": columns, "rows": rows, "since": 0}
        )

        def resized(*_: object) -> None:
            columns, rows = shutil.get_terminal_size()
            _send(link, {"type": "resize", "columns": columns, "rows": rows})

        signal.signal(signal.SIGWINCH, resized)
        keys = threading.Thread(target=_keys, args=(link, stop_there), daemon=True)
        try:
            tty.setraw(0)
            keys.start()
            yield
        finally:
            stop_here.close()
            keys.join(2)
            termios.tcsetattr(0, termios.TCSADRAIN, before)
            signal.signal(signal.SIGWINCH, signal.SIG_DFL)


def _keys(link: socket.socket, stop: socket.socket) -> None:
    with selectors.DefaultSelector() as ready:
        for source in (0, link, stop):
            ready.register(source, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.fileobj is stop:
                    return
                if key.fileobj is link:
                    if not link.recv(1 << 16):  # the journal's lines: nobody reads them here
                        return
                elif data := os.read(0, CHUNK):
                    _send(link, {"type": "input", "data": base64.b64encode(data).decode()})
                else:
                    ready.unregister(0)


def _send(link: socket.socket, message: dict[str, object]) -> None:
    with contextlib.suppress(OSError):
        link.sendall(json.dumps(message).encode() + b"\n")
