"""Compare kernel objects with those of process 1 and move its pages."""

# aims: host
# control: none (it only learns of the kernel's addresses)
import os

from attack import breach, call, said, tried

tried()
for kind in range(7):
    result = call("kcmp", os.getpid(), 1, kind, 0, 0)
    print(said(result))
    if result >= 0:
        breach("kcmp")
for name in ("move_pages", "migrate_pages"):
    print(said(call(name, 1, 0, 0, 0, 0, 0)))
