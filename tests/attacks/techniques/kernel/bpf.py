"""Load a program and make a map in the kernel (bpf)."""

# aims: host
# control: harms (root)
import ctypes
import struct

from attack import breach, call, cannot, said, tried

tried()
attributes = ctypes.create_string_buffer(struct.pack("IIII", 2, 4, 8, 4), 128)
result = call("bpf", 0, attributes, 128)
print(said(result))
if result == -38:
    cannot("this kernel has no bpf")
if result >= 0:
    breach("a map")
