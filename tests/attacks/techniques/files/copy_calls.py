"""Have the kernel copy into read-only files: copy_file_range, sendfile, splice, clones and exchanges."""

# aims: secret
# control: harms
import fcntl
import os

from attack import attempt, target, tried

with open("data", "wb") as file:
    file.write(b"changed" * 100)
source = os.open("data", os.O_RDONLY)
tried()
for path in (target["destroyer"], target["secret"]):
    into = None
    for flags in (os.O_RDWR, os.O_WRONLY, os.O_RDONLY, os.O_PATH):
        into = attempt(os.open, path, flags)
        if into is not None:
            break
    if into is None:
        continue
    attempt(lambda into=into: os.copy_file_range(source, into, 7))
    attempt(lambda into=into: os.sendfile(into, source, 0, 7))
    attempt(lambda into=into: fcntl.ioctl(into, 0x40049409, source))
    attempt(lambda into=into: os.posix_fallocate(into, 0, 1 << 20))
