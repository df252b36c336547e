"""Take descriptors of other processes by pidfd_getfd and through /proc/PID/fd."""

# aims: process
# control: harms (root)
import os

from attack import attempt, breach, call, said, target, tried

tried()
for pid in (int(target["pid"]), 1, os.getppid()):
    hold = call("pidfd_open", pid, 0)
    if hold >= 0:
        for number in range(3, 12):
            got = call("pidfd_getfd", hold, number, 0)
            print(pid, number, said(got))
            if got >= 0:
                breach(f"descriptor {number} of {pid}")
    if pid != os.getppid() and attempt(os.listdir, f"/proc/{pid}/fd"):
        breach(f"the descriptors of {pid} can be seen")
