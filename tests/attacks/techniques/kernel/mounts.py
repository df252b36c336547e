"""Mount, bind, move, remount and unmount, by the old calls and by the new ones."""

# aims: host
# control: harms (root)
import os

from attack import breach, call, said, target, tried

os.makedirs("place", exist_ok=True)
here, place = os.fsencode(os.getcwd()), os.fsencode(os.path.abspath("place"))
tried()
results = {
    "tmpfs": call("mount", b"x", place, b"tmpfs", 0, 0),
    "bind": call("mount", here, place, 0, 4096, 0),
    "remount": call("mount", 0, b"/usr", 0, 32 | 4096, 0) if target["pid"] == "" else -1,
    "proc": call("mount", b"proc", place, b"proc", 0, 0),
    "overlay": call("mount", b"x", place, b"overlay", 0, b"lowerdir=/usr,upperdir=/tmp,workdir=/tmp"),
    "umount": call("umount2", place, 2),
    "open_tree": call("open_tree", -100, here, 1),
    "fsopen": call("fsopen", b"tmpfs", 0),
    "setattr": call("mount_setattr", -1, b"", 0x1000, b"\0" * 32, 32),
}
print({name: said(result) for name, result in results.items()})
while call("umount2", place, 2) == 0:
    continue
for name, result in results.items():
    if result >= 0 and name != "umount":
        breach(name)
