"""The workspace's .git: its configuration and hooks are replaced, moved, linked over and redirected."""

# aims: host
# control: none (it is about what is frozen in a cell)
import os
import shutil

from attack import attempt, breach, target, tried

work = target["work"]
tried()
for name in (".git", ".git/config", ".git/hooks", ".git/commondir"):
    path = f"{work}/{name}"
    if not os.path.lexists(path):
        continue
    if attempt(lambda path=path: os.rename(path, f"{work}/moved") or True):
        breach(f"{name} was moved")
        os.rename(f"{work}/moved", path)
    if os.path.isfile(path):
        if attempt(lambda path=path: open(path, "a").write("#\n")):
            breach(f"{name} was written")
        attempt(os.unlink, path)
        attempt(lambda path=path: os.link(path, "linked"))
        attempt(lambda: open("linked", "a").write("#\n"))
    elif name == ".git/hooks" and attempt(lambda path=path: open(f"{path}/pre-commit", "w").write("x")):
        breach("a hook was written")
    attempt(shutil.rmtree, path) if name == ".git/hooks" else None
