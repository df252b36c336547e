"""Files of the cell's own root: written, replaced, and names that the cell might trust."""

# aims: host
# control: none (outside they are the system's)
import os

from attack import attempt, breach, tried

tried()
for folder in (
    "/",
    "/etc",
    "/usr",
    "/usr/bin",
    "/bin",
    "/lib",
    "/opt",
    "/dev",
    "/run",
    "/proc",
    "/sys",
    "/home",
    "/var",
    "/root",
    "/dev/pts",
):
    path = f"{folder}/attack"
    if attempt(lambda path=path: open(path, "w").write("x")):
        breach(path)
    attempt(os.mkdir, path)
for path in (
    "/etc/passwd",
    "/etc/group",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/etc/nsswitch.conf",
    "/etc/ssl/certs/ca-certificates.crt",
):
    if attempt(lambda path=path: open(path, "a").write("x")):
        breach(path)
