"""Set the clock, by each call that there is."""

# aims: host
# control: none (it would set the developer's clock)
import ctypes
import struct

from attack import breach, call, said, tried

at = ctypes.create_string_buffer(struct.pack("qq", 4_000_000_000, 0))
tried()
results = [
    call("clock_settime", 0, at),
    call("settimeofday", at, 0),
    call("clock_adjtime", 0, ctypes.create_string_buffer(b"\x01", 256)),
]
print(*map(said, results))
if any(result == 0 for result in results[:2]):
    breach("the clock was set")
