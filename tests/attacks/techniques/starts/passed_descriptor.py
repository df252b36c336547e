"""A path-only descriptor of the denied program is handed over a socket to a process that starts it by that alone."""
# aims: marks
# control: harms

import array
import os
import socket

here, there = socket.socketpair()
path = os.open(os.environ["ATTACK_DESTROYER"], os.O_PATH)
child = os.fork()
if not child:
    here.close()
    os.close(path)
    _, anc, _, _ = there.recvmsg(1, socket.CMSG_SPACE(4))
    got = array.array("i", anc[0][2])[0]
    print("tried", flush=True)
    try:
        os.execve(got, ["ls"], dict(os.environ))
    except OSError:
        os.execve(f"/proc/self/fd/{got}", ["ls"], dict(os.environ))
there.close()
here.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [path]))])
os.waitpid(child, 0)
