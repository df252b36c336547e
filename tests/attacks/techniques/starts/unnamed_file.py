"""A file that never had a name (O_TMPFILE) holds the denied program and is started by descriptor."""

# aims: marks
# control: harms
import os

from attack import attempt, cannot, target, tried

try:
    file = os.open("/tmp", os.O_TMPFILE | os.O_RDWR, 0o755)
except OSError as error:
    cannot(str(error))
with open(target["swift"], "rb") as program:
    os.write(file, program.read())
reading = os.open(f"/proc/self/fd/{file}", os.O_RDONLY)
os.close(file)
tried()
attempt(os.execve, reading, ["harmless"], {})
