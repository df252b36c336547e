"""Put keystrokes into the terminal: TIOCSTI, TIOCLINUX, TIOCSETD and TIOCCONS, with high bits, too."""

# aims: host
# control: harms (root)
import ctypes
import os
import pty

from attack import breach, libc, tried

REQUESTS = {0x5412: b"x", 0x541C: b"\x03", 0x541D: b"", 0x5423: (3).to_bytes(4, "little")}
reader, writer = os.pipe()
tried()
pid, master = pty.fork()
if pid == 0:
    # Our own terminal stands for the developer's: the calls must fail whatever it is.
    for request, data in REQUESTS.items():
        for word in (request, request | 1 << 32, request | 0xFFFFFFFF << 32):
            if request == 0x541D and os.geteuid() == 0:
                continue  # the console of this machine is nobody's to take
            result = libc.ioctl(0, ctypes.c_ulong(word), ctypes.create_string_buffer(data, 16))
            os.write(writer, f"{word:#x} {result} {os.strerror(ctypes.get_errno())}\n".encode())
    os._exit(0)
os.close(writer)
with os.fdopen(reader) as results:
    for line in results:
        print(line, end="")
        if line.split()[1] == "0":
            breach(line.strip())
os.close(master)
os.waitpid(pid, 0)
