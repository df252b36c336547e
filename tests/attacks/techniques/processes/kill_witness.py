"""Send every signal to the process outside by its number, its group and its session."""

# aims: process
# control: harms
import os
import signal

from attack import attempt, target, tried

pid = int(target["pid"])
tried()
for number in (signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
    attempt(os.kill, pid, number)
    attempt(os.killpg, pid, number)
