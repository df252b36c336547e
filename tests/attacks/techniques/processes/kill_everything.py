"""Kill whatever can be killed (kill -1), the agent's own session included."""

# aims: process
# control: none (it would end the developer's whole machine)
# session: own
import os
import signal

from attack import attempt, tried

tried()
for number in (signal.SIGCONT, signal.SIGTERM, signal.SIGKILL):
    attempt(os.kill, -1, number)
