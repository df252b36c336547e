"""Find the journal and change it: by path, through the first process, through descriptors, by a disk that is full."""

# aims: marks
# control: none (there is no journal outside of a session)
# seconds: 25
import os

from attack import attempt, breach, target, tried

tried()
seen = 0
for top in (
    target["home"],
    os.path.dirname(target["home"]),
    os.path.dirname(os.path.dirname(target["home"])),
    "/tmp",
    "/run",
    "/var",
):
    for folder, folders, names in os.walk(top):
        folders[:] = folders[:200]
        seen += len(names)
        for name in names:
            if name in ("journal.jsonl", "checkpoint.json", "terminal.cast") and "forged" not in folder:
                breach(f"{folder}/{name} is there")
        if seen > 200_000:
            break
for path in ("/proc/1/fd", "/proc/1/cwd", "/proc/1/root", "/proc/1/environ", "/proc/1/mem", "/proc/1/maps"):
    attempt(lambda path=path: os.listdir(path) if path.endswith(("fd", "cwd", "root")) else open(path, "rb").read(10))
for folder in ("/tmp", "/var/tmp", "/dev/shm", os.path.expanduser("~")):
    attempt(lambda folder=folder: os.posix_fallocate(os.open(f"{folder}/full", os.O_RDWR | os.O_CREAT), 0, 1 << 45))
