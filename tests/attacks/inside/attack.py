"""What Python techniques share: where production lies, and words to the suite."""

from __future__ import annotations

import ctypes
import os
import sys

target = {name[7:].lower(): value for name, value in os.environ.items() if name.startswith("ATTACK_")}
"""destroyer, swift, chooser, marks, secret, vault, home, remote, pid, address, tcp, tcp6, udp, abstract, door, shm_key,
shm_name, queue, work, folder, inside: paths and numbers of production."""
libc = ctypes.CDLL(None, use_errno=True)


def tried(*what: object) -> None:
    """The step that matters comes now."""
    print("tried", *what, flush=True)


def breach(what: object) -> None:
    """What must not be possible was possible, although nothing of production shows it."""
    print("breach:", what, flush=True)


def cannot(why: str) -> None:
    """This host does not have what the attempt needs."""
    print("cannot:", why, flush=True)
    sys.exit(77)


def loot(what: object) -> None:
    """What was learnt."""
    if isinstance(what, bytes):
        what = what.decode("utf-8", "replace")
    print("loot:", what, flush=True)


def syscall(number: int, *arguments: object) -> int:
    """A system call; -errno where it fails."""
    given = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result = libc.syscall(ctypes.c_long(number), *given)
    return result if result != -1 else -ctypes.get_errno()


NUMBERS = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424), "kcmp": (312, 272), "process_madvise": (440, 440),
    "move_pages": (279, 239), "migrate_pages": (256, 238), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "acct": (163, 89),
    "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142), "quotactl": (179, 60), "syslog": (103, 116),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263), "clock_settime": (227, 112), "settimeofday": (164, 170), "clock_adjtime": (305, 266),
    "sethostname": (170, 161), "setdomainname": (171, 162), "unshare": (272, 97), "setns": (308, 268),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "mount_setattr": (442, 442), "prctl": (157, 167), "seccomp": (317, 277), "personality": (135, 92),
    "mknodat": (259, 33), "prlimit64": (302, 261), "memfd_secret": (447, 447), "landlock_create_ruleset": (444, 444),
    "process_mrelease": (448, 448), "statmount": (457, 457), "listmount": (458, 458), "vhangup": (153, 58),
    "mq_open": (240, 180), "shmget": (29, 194), "clone3": (435, 435), "lookup_dcookie": (212, 18),
    "set_mempolicy_home_node": (450, 450), "rt_tgsigqueueinfo": (297, 240), "ioprio_set": (251, 30),
    "sched_setaffinity": (203, 122), "openat2": (437, 437),
}  # fmt: skip
"""System calls by name: x86_64, aarch64."""


def call(name: str, *arguments: object) -> int:
    """A system call by its name; -errno where it fails."""
    return syscall(NUMBERS[name][os.uname().machine == "aarch64"], *arguments)


def said(result: int) -> str:
    """A system call's result in words."""
    return os.strerror(-result) if result < 0 else str(result)


def attempt(action, *arguments):
    """Do it; what it gave, or the error, printed."""
    try:
        result = action(*arguments)
    except Exception as error:
        print(f"refused: {type(error).__name__}: {error}", flush=True)
        return None
    return result
