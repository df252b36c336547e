"""Swap to a file of ours, switch swap off, and have the kernel write its accounting into one."""

# aims: host
# control: none (it would change the developer's kernel)
import os

from attack import breach, call, said, tried

with open("swap", "wb") as file:
    file.write(bytes(40960))
path = os.fsencode(os.path.abspath("swap"))
tried()
results = [call("swapon", path, 0), call("swapoff", b"/swapfile"), call("acct", path), call("acct", 0)]
results.append(call("quotactl", 0x800002 << 8, b"/dev/root", 0, path))
print(*map(said, results))
if any(result not in (-1, -38) for result in results):
    breach("swap, accounting or quota")
