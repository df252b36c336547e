"""Signals with forged senders and values, by process descriptors, to threads and by number."""

# aims: process
# control: harms
import ctypes
import os
import struct

from attack import attempt, call, said, target, tried

tried()
pid = int(target["pid"])
forged = ctypes.create_string_buffer(struct.pack("iiiiii", 10, 0, -1, 0, 0, 0), 128)
print(said(call("rt_tgsigqueueinfo", pid, pid, 10, forged)))
hold = call("pidfd_open", pid, 0)
if hold >= 0:
    print(said(call("pidfd_send_signal", hold, 12, 0, 0)))
file = attempt(os.open, f"/proc/{pid}", os.O_RDONLY)
if file is not None:
    print(said(call("pidfd_send_signal", file, 15, 0, 0)))
