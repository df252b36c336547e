"""Reach abstract sockets of programs outside, which have no place in any file system."""

# aims: outside
# control: harms
import socket

from attack import attempt, loot, target, tried

tried()
with socket.socket(socket.AF_UNIX) as one:
    if attempt(lambda: one.connect("\0" + target["abstract"]) or True):
        loot(one.recv(4096))
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
    one.bind("")
    one.settimeout(1)
    if attempt(lambda: one.sendto(b"x", "\0" + target["abstract"] + "-datagram")):
        loot(one.recv(4096))
