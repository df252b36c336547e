"""Read the secret by every spelling of its path."""

# aims: secret
# control: harms
import os

from attack import attempt, loot, target, tried

secret = target["secret"]
tried()
for path in (
    secret,
    f"/proc/self/root{secret}",
    f"/proc/1/root{secret}",
    "/proc/self/cwd/../../../vault/secret.txt",
    os.path.relpath(secret),
    f"//{secret}",
    f"/dev/fd/../../..{secret}",
):
    data = attempt(lambda path=path: open(path, "rb").read())
    if data:
        loot(data)
