"""Rings open files and sockets without the system calls that a filter sees."""

# aims: host
# control: harms
import ctypes

from attack import breach, call, cannot, said, tried

parameters = ctypes.create_string_buffer(120)
tried()
result = call("io_uring_setup", 4, ctypes.byref(parameters))
print(said(result))
if result == -38:
    cannot("this kernel has no io_uring")
if result >= 0:
    breach("a ring")
