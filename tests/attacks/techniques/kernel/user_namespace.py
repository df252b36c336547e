"""A new user namespace gives every capability: with unshare, clone, clone3 and setns."""

# aims: host
# control: harms
import os

from attack import attempt, breach, call, said, tried

FLAGS = {
    "user": 0x10000000,
    "mount": 0x20000,
    "pid": 0x20000000,
    "net": 0x40000000,
    "ipc": 0x8000000,
    "uts": 0x4000000,
    "cgroup": 0x2000000,
    "time": 0x80,
}
tried()
for name, flag in FLAGS.items():
    for flags in (flag, flag | FLAGS["user"]):
        pid = os.fork()
        if pid == 0:
            result = call("unshare", flags)
            print(name, said(result))
            if result == 0:
                breach(f"unshare {name}")
            os._exit(0)
        os.waitpid(pid, 0)
for kind in ("user", "mnt", "net", "pid"):
    for pid in ("1", "self", str(os.getppid())):
        file = attempt(os.open, f"/proc/{pid}/ns/{kind}", os.O_RDONLY)
        if file is not None and pid != "self" and call("setns", file, 0) == 0:
            breach(f"setns {kind} of {pid}")
