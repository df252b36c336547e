"""Take what an ordinary user has not: real-time priority, negative niceness, more core, a lower out-of-memory score."""

# aims: host
# control: harms (root)
import os
import resource

from attack import attempt, breach, tried

tried()
if attempt(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)) or True):
    breach("real-time priority")
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
if attempt(lambda: os.setpriority(os.PRIO_PROCESS, 0, -20) or True):
    breach("negative niceness")
for limit in (resource.RLIMIT_CORE, resource.RLIMIT_NPROC, resource.RLIMIT_MEMLOCK):
    if attempt(lambda limit=limit: resource.setrlimit(limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)) or True):
        breach(f"limit {limit}")
if attempt(lambda: open("/proc/self/oom_score_adj", "w").write("-900")):
    breach("out-of-memory score")
