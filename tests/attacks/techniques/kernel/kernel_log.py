"""Read and clear the kernel's log."""

# aims: host
# control: harms (root)
import ctypes
import os

from attack import attempt, breach, call, said, tried

buffer = ctypes.create_string_buffer(4096)
tried()
results = [call("syslog", 3, buffer, 4096), call("syslog", 10, 0, 0)]
print(*map(said, results))
if any(result >= 0 for result in results):
    breach("the kernel's log")
for path in ("/dev/kmsg", "/proc/kmsg"):
    if attempt(os.open, path, os.O_RDONLY | os.O_NONBLOCK) is not None:
        breach(path)
