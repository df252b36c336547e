"""Watch and answer for every file access of the machine (fanotify)."""

# aims: host
# control: harms (root)
from attack import breach, call, cannot, said, tried

tried()
results = [call("fanotify_init", flags, 0) for flags in (0x0, 0x4, 0x8, 0x200)]
print(*map(said, results))
if all(result == -38 for result in results):
    cannot("this kernel has no fanotify")
if any(result >= 0 for result in results):
    breach("fanotify")
