"""Hard links to the secret and to programs outside, by path, by descriptor and through /proc."""

# aims: secret
# control: harms
import os

from attack import attempt, loot, target, tried

tried()
for number, path in enumerate((target["secret"], target["destroyer"], f"{target['vault']}/other.txt")):
    attempt(os.link, path, f"link{number}")
    held = attempt(os.open, path, os.O_RDONLY)
    if held is not None:
        attempt(lambda held=held, number=number: os.link(f"/proc/self/fd/{held}", f"fd{number}", follow_symlinks=True))
for name in ("link0", "fd0"):
    data = attempt(lambda name=name: open(name).read())
    if data:
        loot(data)
