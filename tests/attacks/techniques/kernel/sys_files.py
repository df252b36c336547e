"""Write files of /sys: uevent helper, power state, block devices, cgroups, debugfs and tracefs."""

# aims: host
# control: none (it would change the developer's kernel)
import glob

from attack import attempt, breach, tried

tried()
for path in (
    "/sys/kernel/uevent_helper",
    "/sys/power/state",
    "/sys/kernel/debug/sched/debug",
    "/sys/kernel/tracing/trace_marker",
    "/sys/module/kernel/parameters/panic",
    "/sys/kernel/mm/transparent_hugepage/enabled",
    *glob.glob("/sys/devices/system/cpu/cpu*/online"),
    *glob.glob("/sys/block/*/queue/scheduler"),
    *glob.glob("/sys/devices/**/uevent", recursive=True)[:20],
):
    if attempt(lambda path=path: open(path, "r+").write("")) is not None:
        breach(f"{path} can be opened for writing")
