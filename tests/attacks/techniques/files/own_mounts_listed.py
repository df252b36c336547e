"""Folders that are mounted in the cell are written where they come from: sources told by mountinfo."""

# aims: secret
# control: harms
import os

from attack import attempt, target, tried

tried()
for line in open("/proc/self/mountinfo"):
    fields = line.split(" ")
    source, place = fields[3], fields[4]
    if "vault" in source or source.startswith("/tmp") or source == "/":
        attempt(lambda source=source: open(f"{source}/attack", "w").close()) if "tools" in source else None
attempt(lambda: open(f"{os.path.dirname(target['destroyer'])}/attack", "w").close())
attempt(lambda: open(f"{target['vault']}/attack", "w").close())
