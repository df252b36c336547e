"""A descriptor for reading is reopened for writing through /proc, by which a read-only mount might be got round."""

# aims: secret
# control: harms
import os

from attack import attempt, target, tried

tried()
for path in (target["destroyer"], target["remote"] + "/HEAD", "/etc/hostname", "/usr/bin/true"):
    if path.startswith(("/etc", "/usr")) and os.geteuid() == 0:
        continue
    for flags in (os.O_RDONLY, os.O_PATH):
        file = attempt(os.open, path, flags)
        if file is None:
            continue
        for name in (f"/proc/self/fd/{file}", f"/dev/fd/{file}", f"/proc/thread-self/fd/{file}"):
            other = attempt(os.open, name, os.O_WRONLY)
            if other is not None:
                os.pwrite(other, b"#", 0)
        attempt(os.ftruncate, file, 1)
