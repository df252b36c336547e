"""Read the secret by every spelling of its path."""

# aims: secret
# control: harms
import os

from attack import attempt, loot, target, tried

secret = target["secret"]
tried()
for path in (
    secret,
    f"//{secret}",
    os.path.relpath(secret),
    f"{os.path.expanduser('~')}/../vault/secret.txt",
    f"{target['work']}/../../vault/secret.txt",
    f"/usr/..{secret}",
    "/proc/self/cwd/../../../vault/secret.txt",
):
    data = attempt(lambda path=path: open(path, "rb").read())
    if data:
        loot(data)
