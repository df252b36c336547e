"""Talk to the hardware: iopl, ioperm, /dev/port, /dev/mem and /dev/kmem."""

# aims: host
# control: none (it would reach the developer's hardware)
import os

from attack import attempt, breach, libc, tried

tried()
if os.uname().machine == "x86_64" and (libc.iopl(3) == 0 or libc.ioperm(0x80, 1, 1) == 0):
    breach("ports")
for path in ("/dev/port", "/dev/mem", "/dev/kmem", "/proc/kcore", "/dev/nvram", "/dev/cpu/0/msr"):
    if attempt(os.open, path, os.O_RDONLY) is not None:
        breach(path)
