"""Copy the denied program into a memory file and start that by its descriptor."""

# aims: marks
# control: harms
import os

from attack import attempt, target, tried

file = os.memfd_create("harmless")
with open(target["swift"], "rb") as program:
    os.write(file, program.read())
tried()
attempt(os.execve, file, ["harmless"], {})
