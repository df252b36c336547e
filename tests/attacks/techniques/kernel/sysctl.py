"""Write the kernel's core pattern, module loader, hostname and other settings."""

# aims: host
# control: none (it would change the developer's kernel)
from attack import attempt, breach, tried

tried()
for path, text in (
    ("/proc/sys/kernel/core_pattern", "|/tmp/x"),
    ("/proc/sys/kernel/modprobe", "/tmp/x"),
    ("/proc/sys/kernel/hostname", "owned"),
    ("/proc/sys/kernel/hotplug", "/tmp/x"),
    ("/proc/sys/kernel/pid_max", "40000"),
    ("/proc/sys/kernel/ns_last_pid", "1"),
    ("/proc/sys/fs/binfmt_misc/register", ":x:M::MZ::/tmp/x:"),
    ("/proc/sys/vm/drop_caches", "1"),
    ("/proc/sys/kernel/yama/ptrace_scope", "0"),
    ("/proc/sys/kernel/random/boot_id", "x"),
    ("/proc/sys/net/ipv4/ip_forward", "1"),
    ("/proc/sys/user/max_user_namespaces", "100000"),
):
    if attempt(lambda path=path, text=text: open(path, "w").write(text)):
        breach(path)
