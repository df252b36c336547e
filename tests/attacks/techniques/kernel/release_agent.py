"""A cgroup's release agent, as in the escape from containers."""

# aims: host
# control: none (it would run a program as the developer's root)
import os

from attack import attempt, breach, call, tried

tried()
os.makedirs("cgroup", exist_ok=True)
for kind, data in ((b"cgroup", b"rdma"), (b"cgroup", b"memory"), (b"cgroup2", b"")):
    if call("mount", kind, os.fsencode(os.path.abspath("cgroup")), kind, 0, data) == 0:
        breach("a cgroup was mounted")
for place in ("/sys/fs/cgroup/release_agent", "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/cgroup.subtree_control"):
    attempt(lambda place=place: open(place, "w").write("x"))
attempt(os.mkdir, "/sys/fs/cgroup/attack")
