"""Change the limits, processors, priority and out-of-memory score of the process outside."""

# aims: process
# control: harms (root)
import os
import resource

from attack import attempt, target, tried

pid = int(target["pid"])
tried()
attempt(lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE, (20, 20)))
attempt(os.sched_setaffinity, pid, {0})
attempt(os.setpriority, os.PRIO_PROCESS, pid, 19)
attempt(lambda: open(f"/proc/{pid}/oom_score_adj", "w").write("999"))
attempt(lambda: open(f"/proc/{pid}/clear_refs", "w").write("1"))
