"""Use every descriptor above 2 that the agent or its programs inherited."""

# aims: host
# control: none (outside they are whatever the caller left open)
import os
import socket
import stat

from attack import attempt, breach, tried

tried()
for pid in ("self", str(os.getppid())):
    for name in attempt(os.listdir, f"/proc/{pid}/fd") or []:
        path = f"/proc/{pid}/fd/{name}"
        where = attempt(os.readlink, path)
        print(pid, name, where)
        if where is None or int(name) <= 2 or where.startswith(("pipe:", "anon_inode:[pidfd]", "/proc/")):
            continue
        status = attempt(os.stat, path)
        if pid == "self" and status is not None and not stat.S_ISDIR(status.st_mode):
            continue  # our own script
        if status is not None and stat.S_ISSOCK(status.st_mode):
            attempt(lambda name=name: socket.socket(fileno=os.dup(int(name))).send(b"x"))
        breach(f"descriptor {name} of {pid} is {where}")
for name in ("0", "1", "2"):
    where = os.readlink(f"/proc/{os.getppid()}/fd/{name}")
    if not where.startswith(("pipe:", "/dev/null", "/dev/pts", "socket:")):
        breach(f"{name} is {where}")
