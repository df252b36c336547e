"""Write the kernel's core pattern, module loader and other settings, and pull the magic SysRq."""

# aims: host
# control: none (it would change the developer's kernel)
from attack import attempt, tried

tried()
for path, text in (
    ("/proc/sys/kernel/core_pattern", "|/tmp/x"),
    ("/proc/sys/kernel/modprobe", "/tmp/x"),
    ("/proc/sys/kernel/hostname", "owned"),
    ("/proc/sys/kernel/hotplug", "/tmp/x"),
    ("/sys/kernel/uevent_helper", "/tmp/x"),
    ("/proc/sys/kernel/pid_max", "301"),
):
    attempt(lambda path=path, text=text: open(path, "w").write(text))
