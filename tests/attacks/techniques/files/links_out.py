"""Links in the workspace to the secret, to its folder, to / and to /proc are read and written through."""

# aims: secret
# control: harms
import os

from attack import attempt, loot, target, tried

os.symlink(target["secret"], "file")
os.symlink(target["vault"], "folder")
os.symlink("/", "root")
os.symlink("/proc/1/root", "first")
os.symlink("../../../vault", "relative")
tried()
for path in ("file", "folder/secret.txt", f"root{target['secret']}", f"first{target['secret']}", "relative/secret.txt"):
    data = attempt(lambda path=path: open(path).read())
    if data:
        loot(data)
    attempt(lambda path=path: open(path, "a").write("changed"))
