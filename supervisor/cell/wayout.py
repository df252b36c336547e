"""How to get a part of the cell that this host does not give: the exact setting that forbids it, where one does."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_FIXES: Final = {
    "lent files": "start agent-supervise as an ordinary user, or keep the project on ext4, xfs, btrfs or tmpfs",
    "exec gate": "a kernel from 5.19 on whose seccomp listener and ptrace are free: not inside WSL's own container, "
    "another supervisor, or a container without `--security-opt seccomp=unconfined`",
    "process limit": "a kernel from 5.14 on; before, the limit of a scope is one of all that this user runs",
    "terminal": "allow devpts mounts in user namespaces",
    "process namespace": "in a container: show it an unmasked /proc (`--security-opt systempaths=unconfined`)",
}
_SETTINGS: Final = (
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor forbids user namespaces: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor "
        "profile with `userns,` for this Python (Ubuntu ships one for bwrap)",
    ),
    (
        "/proc/sys/kernel/unprivileged_userns_clone",
        "0",
        "this distribution forbids them: sudo sysctl kernel.unprivileged_userns_clone=1",
    ),
    (
        "/proc/sys/user/max_user_namespaces",
        "0",
        "their number is limited to 0: sudo sysctl user.max_user_namespaces=15000",
    ),
)
_NAMESPACES: Final = "allow unprivileged user namespaces"
_CONTAINER_MARKS: Final = ("/.dockerenv", "/run/.containerenv")


def way_out(feature: str, *, root: Path = Path("/")) -> str:
    """What to do about a feature (`doctor`'s names) that was tried and did not work; empty where nothing needs doing.

    `root` is where /proc and the marks of containers lie.
    """
    if feature == "landlock":
        return ""
    if feature in _FIXES:
        return _FIXES[feature]
    for path, value, fix in _SETTINGS:
        try:
            if (root / path[1:]).read_text("ascii").strip() == value:
                return fix
        except OSError:
            continue
    if any((root / mark[1:]).exists() for mark in _CONTAINER_MARKS):
        return "this is a container that may not make namespaces: start it with `--privileged`, or use the host itself"
    return _NAMESPACES
