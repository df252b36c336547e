"""A sealed memory file is started through its name below /proc, by a child that inherited it."""

# aims: marks
# control: harms
import fcntl
import os
import subprocess

from attack import attempt, target, tried

file = os.memfd_create("harmless", os.MFD_ALLOW_SEALING)
with open(target["destroyer"], "rb") as program:
    os.write(file, program.read())
fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
tried()
for name in (
    f"/proc/{os.getpid()}/fd/{file}",
    f"/proc/self/fd/{file}",
    f"/proc/{os.getppid()}/../{os.getpid()}/fd/{file}",
):
    attempt(lambda name=name: subprocess.call([name], pass_fds=[file]))
