"""The dynamic loader lies in a memory file, and what it starts in another."""

# aims: marks
# control: harms
import glob
import os

from attack import attempt, target, tried


def held(path: str) -> int:
    """A memory file with what is in `path`."""
    file = os.memfd_create("x", 0)
    with open(path, "rb") as data:
        os.write(file, data.read())
    return file


loader = glob.glob("/lib*/ld-linux-*.so.*")[0]
tried()
for start in (held(loader), os.open(loader, os.O_RDONLY)):
    for program in (target["destroyer"], f"/proc/self/fd/{held(target['destroyer'])}"):
        if os.fork() == 0:
            attempt(os.execve, start, ["x", program], {})
            os._exit(1)
        os.wait()
