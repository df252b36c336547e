"""Change the programs that a scope speaks of: write, map, truncate, chmod, rename, delete, attributes."""

# aims: secret
# control: harms
import fcntl
import mmap
import os
import shutil

from attack import attempt, target, tried

program = target["destroyer"]
tried()
attempt(lambda: open(program, "r+b").write(b"x"))
attempt(os.truncate, program, 0)
attempt(os.chmod, program, 0o777)
attempt(os.chown, program, os.getuid(), os.getgid())
attempt(os.setxattr, program, "user.x", b"x")
attempt(os.rename, program, program + "x")
attempt(os.unlink, program + "x")
attempt(lambda: shutil.copy("/bin/true", program))
attempt(lambda: mmap.mmap(os.open(program, os.O_RDWR), 1))
attempt(os.mkdir, os.path.dirname(program) + "/planted")
reading = attempt(os.open, os.path.dirname(program), os.O_RDONLY)
if reading is not None:
    attempt(fcntl.ioctl, reading, 0x40086602, b"\x40\0\0\0\0\0\0\0")
