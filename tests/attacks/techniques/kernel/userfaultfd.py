"""Hold the kernel in the middle of a copy with userfaultfd, to win races at leisure."""

# aims: host
# control: harms (root)
import os

from attack import breach, call, cannot, said, tried

tried()
results = [call("userfaultfd", os.O_CLOEXEC), call("userfaultfd", os.O_CLOEXEC | 1)]
try:
    results.append(os.open("/dev/userfaultfd", os.O_RDWR))
except OSError as error:
    print(error)
print(*map(said, results))
if all(result == -38 for result in results):
    cannot("this kernel has no userfaultfd")
if any(result >= 0 for result in results):
    breach("userfaultfd")
