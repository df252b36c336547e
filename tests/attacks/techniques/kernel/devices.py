"""Make device files for the disks, the memory and consoles, and open those that exist."""

# aims: host
# control: none (it would reach the developer's disks)
import glob
import os
import stat

from attack import attempt, breach, tried

tried()
for place in (".", "/tmp", "/dev/shm", os.path.expanduser("~")):
    for kind, major, minor in (
        (stat.S_IFBLK, 8, 0),
        (stat.S_IFBLK, 259, 0),
        (stat.S_IFBLK, 254, 0),
        (stat.S_IFCHR, 1, 1),
        (stat.S_IFCHR, 4, 1),
        (stat.S_IFCHR, 5, 1),
    ):
        path = f"{place}/device-{major}-{minor}"
        if attempt(
            lambda path=path, kind=kind, major=major, minor=minor: (
                os.mknod(path, kind | 0o666, os.makedev(major, minor)) or True
            )
        ):
            breach(path)
for path in [
    *glob.glob("/dev/[shvn][dvm]*"),
    "/dev/console",
    "/dev/tty1",
    "/dev/fuse",
    "/dev/kvm",
    "/dev/vsock",
    "/dev/net/tun",
    "/dev/loop-control",
]:
    if attempt(os.open, path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK) is not None:
        breach(path)
