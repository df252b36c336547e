"""A crash runs the machine's core handler, outside of the cell."""

# aims: host
# control: none (it would run the developer's core handler)
import glob
import os
import resource
import signal

from attack import attempt, breach, tried

tried()
attempt(lambda: resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)))
soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
if hard == 0 or hard > 1:
    # With none at all the handler runs all the same where it is a program (core(5)): one byte is what stops it.
    breach(f"limit of core files: {soft}, {hard}")
pid = os.fork()
if pid == 0:
    os.kill(os.getpid(), signal.SIGSEGV)
print(os.waitpid(pid, 0)[1])
if glob.glob("core*"):
    breach("a core file")
