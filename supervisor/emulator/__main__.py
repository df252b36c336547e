"""`python -m supervisor.emulator LINK LISTENER COLUMNS ROWS THEME`: started by `handle.EmulatorHost` only."""

from __future__ import annotations

import gc
import signal
import socket
import sys

from supervisor.emulator.confine import confine
from supervisor.emulator.engine import Theme, open_engine
from supervisor.emulator.host import Host


def main(arguments: list[str]) -> int:
    """Run the host on two inherited descriptors until the other end closes."""
    link, listener, columns, rows = (int(argument) for argument in arguments[:4])
    theme = bytes.fromhex(arguments[4])
    # Ctrl-C in the console's terminal is the program's business; this process ends when its link does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    colours = Theme((theme[0], theme[1], theme[2]), (theme[3], theme[4], theme[5]))
    opened = open_engine(columns, rows, colours)
    host = Host(opened, socket.socket(fileno=link), socket.socket(fileno=listener))
    gc.freeze()
    confine()
    host.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
