"""A program is started with its standard error closed, full or gone, so that the refusal cannot be said."""

# aims: marks
# control: harms
import os
import subprocess

from attack import attempt, target, tried

tried()
reader, writer = os.pipe()
os.set_blocking(writer, False)
try:
    while True:
        os.write(writer, bytes(65536))
except BlockingIOError:
    os.set_blocking(writer, True)
attempt(lambda: subprocess.call([target["swift"]], stderr=writer))
os.close(reader)
attempt(lambda: subprocess.call([target["swift"]], stderr=writer))
attempt(lambda: subprocess.call(["/bin/sh", "-c", f"exec 2>&-; {target['swift']}"]))
