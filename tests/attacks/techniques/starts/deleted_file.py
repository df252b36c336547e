"""The copy is deleted while its descriptor is kept, and that is started."""

# aims: marks
# control: harms
import os
import shutil

from attack import attempt, target, tried

shutil.copy(target["swift"], "program")
file = os.open("program", os.O_RDONLY)
os.unlink("program")
tried()
attempt(os.execve, file, ["harmless"], {})
