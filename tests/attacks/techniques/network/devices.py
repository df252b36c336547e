"""Leave by a device: a tunnel interface, a raw disk, a serial line, the host's terminals."""

# aims: outside
# control: none (it would change the developer's machine)
import fcntl
import os
import struct

from attack import attempt, loot, tried


def tunnel() -> None:
    file = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(file, 0x400454CA, struct.pack("16sH22x", b"way0", 0x1001))
    loot("a tunnel interface")


def made(major: int, minor: int) -> None:
    path = f"device-{major}-{minor}"
    os.mknod(path, 0o666 | 0o020000, os.makedev(major, minor))
    os.open(path, os.O_RDWR)
    loot(f"device {major}:{minor}")


tried()
attempt(tunnel)
for path in ("/dev/kmsg", "/dev/mem", "/dev/sda", "/dev/vda", "/dev/vsock", "/dev/ppp", "/dev/ttyS0", "/dev/tty1"):
    attempt(lambda path=path: os.open(path, os.O_RDWR))
for major, minor in ((10, 200), (10, 229), (1, 1), (1, 11), (8, 0), (4, 1), (10, 241)):
    attempt(made, major, minor)
