"""Enter a network that is not the cell's: that of the process outside, of the first process, or a new one."""

# aims: outside
# control: harms (root)
import os
import socket

from attack import attempt, libc, target, tried

CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000


def enter(path: str) -> None:
    file = os.open(path, os.O_RDONLY)
    if libc.setns(file, CLONE_NEWNET):
        raise OSError("setns refused")


port = int(target["tcp"])
tried()
for path in (f"/proc/{target['pid']}/ns/net", "/proc/1/ns/net", "/proc/self/ns/net", "/run/netns/default"):
    if os.fork() == 0:
        attempt(enter, path)
        attempt(lambda: socket.create_connection(("127.0.0.1", port), 0.3).recv(100))
        os._exit(0)
    os.wait()
if os.fork() == 0:
    libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)
    attempt(lambda: socket.create_connection(("127.0.0.1", port), 0.3).recv(100))
    os._exit(0)
os.wait()
