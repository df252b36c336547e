"""The kernel sends the signal for us: F_SETOWN and F_SETSIG on a socket that becomes readable."""

# aims: process
# control: harms
import fcntl
import os
import signal
import socket
import time

from attack import attempt, target, tried

mine, other = socket.socketpair()
tried()
pid = int(target["pid"])
for owner in (pid, -pid):
    attempt(lambda owner=owner: fcntl.fcntl(mine, fcntl.F_SETOWN, owner))
    fcntl.fcntl(mine, fcntl.F_SETSIG, signal.SIGUSR1)
    fcntl.fcntl(mine, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    other.send(b"x")
    time.sleep(0.02)
