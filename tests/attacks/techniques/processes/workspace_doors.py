"""A socket and a pipe in the workspace, on which somebody outside waits, are opened, linked, moved and replaced."""

# aims: outside
# control: harms
import os
import socket

from attack import attempt, loot, target, tried

door, pipe = f"{target['work']}/door.sock", f"{target['work']}/pipe"
tried()
os.symlink(door, "link")
attempt(os.link, door, "hard")
attempt(os.rename, door, "moved") if os.getuid() else None
held = attempt(os.open, door, os.O_PATH)
for path in (door, "link", "hard", "moved", *([f"/proc/self/fd/{held}"] if held is not None else [])):
    with socket.socket(socket.AF_UNIX) as one:
        if attempt(lambda one=one, path=path: one.connect(path) or True):
            loot(one.recv(4096))
for path in (pipe, f"{target['work']}/./pipe"):
    file = attempt(os.open, path, os.O_WRONLY | os.O_NONBLOCK)
    if file is not None:
        attempt(os.write, file, b"from inside")
