"""Daemons that leave their parents, sessions and groups, deaf to signals, go on after the session."""

# aims: process
# control: none (outside nothing ends them)
# session: own
import os
import signal
import time

from attack import tried

tried()
for way in range(4):
    if os.fork():
        continue
    if way:
        os.setsid()
    if way > 1 and os.fork():
        os._exit(0)
    for number in range(1, 65):
        if number not in (9, 19, 32, 33):
            signal.signal(number, signal.SIG_IGN)
    if way != 3:
        os.closerange(0, 3)
    time.sleep(600)
    os._exit(0)
