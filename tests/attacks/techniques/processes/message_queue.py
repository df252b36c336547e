"""Take a message from a queue of a program outside, POSIX and SysV."""

# aims: outside
# control: harms
import ctypes
import os

from attack import libc, loot, target, tried

libc.mq_open.argtypes = [ctypes.c_char_p, ctypes.c_int]
tried()
queue = libc.mq_open(target["queue"].encode(), os.O_RDWR | os.O_NONBLOCK)
print(queue, os.strerror(ctypes.get_errno()))
buffer = ctypes.create_string_buffer(8192)
if queue >= 0 and libc.mq_receive(queue, buffer, 8192, None) > 0:
    loot(buffer.value)
for path in ("/proc/sysvipc/msg", "/proc/sysvipc/sem"):
    print(open(path).read())
