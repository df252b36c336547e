"""Count and sample events of the whole machine (perf_event_open)."""

# aims: host
# control: harms (root)
import ctypes
import struct

from attack import breach, call, cannot, said, tried

tried()
attributes = ctypes.create_string_buffer(struct.pack("IIQ", 1, 128, 0), 128)
results = [call("perf_event_open", attributes, pid, processor, -1, 0) for pid, processor in ((-1, 0), (1, -1), (0, -1))]
print(*map(said, results))
if all(result == -38 for result in results):
    cannot("this kernel has no perf events")
if any(result >= 0 for result in results):
    breach("an event")
