"""Load and unload modules, from memory and from a file."""

# aims: host
# control: none (it would change the developer's kernel)
import os

from attack import breach, call, said, tried

tried()
file = os.memfd_create("module")
os.write(file, b"\x7fELF")
results = [
    call("init_module", b"\x7fELF", 4, b""),
    call("finit_module", file, b"", 0),
    call("finit_module", file, b"", 3),
]
results.append(call("delete_module", b"nothing", os.O_NONBLOCK))
print(*map(said, results))
# EPERM comes before anything is looked at; whatever else the kernel answers, it went further than it may.
if any(result not in (-1, -38) for result in results):
    breach("a module was looked at")
