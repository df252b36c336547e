"""The cell's system-call filter: every program start is handed to the exec gate, and what would undo the cell fails.

Static rules follow seccomp(2); numbers and flags are those of the kernel's uapi headers. Numbers from 424 on are the
same on every architecture. Nothing but `ctypes`, `os` and `struct` is imported: PID 1 of a cell loads this.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000
_KILL, _NOTIFY, _ALLOW, _ERRNO = 0x80000000, 0x7FC00000, 0x7FFF0000, 0x00050000
_NR, _ARCH, _ARG0, _ARG1, _ARG2 = 0, 4, 16, 24, 32
_SET_MODE_FILTER, NEW_LISTENER, WAIT_KILLABLE_RECV = 1, 8, 32
_NEW_ANY = 0x7E020000
"""CLONE_NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET."""
_CLONE_NEWTIME = 0x80
_PR_SET_MM, _PR_SET_NO_NEW_PRIVS = 35, 38
_INJECTING = (0x5412, 0x541C, 0x5423, 0x541D)
"""TIOCSTI, TIOCLINUX, TIOCSETD, TIOCCONS: input or output put into a terminal that others read."""
_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16
_SOCK_RAW, _SOCK_TYPE = 3, 0xF

# name: x86_64, aarch64 (-1: there is none)
_NUMBERS = {
    "execve": (59, 221), "execveat": (322, 281), "clone": (56, 220), "clone3": (435, 435), "unshare": (272, 97),
    "ioctl": (16, 29), "socket": (41, 198), "prctl": (157, 167), "seccomp": (317, 277),
    "memfd_secret": (447, 447),
}  # fmt: skip
_SPACES = {
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "setns": (308, 268), "chroot": (161, 51),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442), "open_tree_attr": (467, 467),
}  # fmt: skip
_REFUSED = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440), "kcmp": (312, 272), "move_pages": (279, 239), "migrate_pages": (256, 238),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "create_module": (174, -1),
    "acct": (163, 89), "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142),
    "quotactl": (179, 60), "quotactl_fd": (443, 443), "open_by_handle_at": (304, 265), "fanotify_init": (300, 262),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "clock_adjtime": (305, 266), "syslog": (103, 116),
    "vhangup": (153, 58), "iopl": (172, -1), "ioperm": (173, -1), "lookup_dcookie": (212, 18),
    "nfsservctl": (180, 42), "uselib": (134, -1), "_sysctl": (156, -1), "get_kernel_syms": (177, -1),
    "query_module": (178, -1), "sysfs": (139, -1), "ustat": (136, -1),
}  # fmt: skip


class _Program:
    """Classic BPF with names for the places that are jumped to; see bpf(4)."""

    def __init__(self) -> None:
        self._lines: list[tuple[int, str, str, int]] = []
        self._places: dict[str, int] = {}

    def load(self, offset: int) -> None:
        """A ← the 32-bit word at `offset` of `struct seccomp_data`."""
        self._lines.append((0x20, "", "", offset))

    def mask(self, bits: int) -> None:
        """A ← A & bits."""
        self._lines.append((0x54, "", "", bits))

    def if_equal(self, value: int, then: str, otherwise: str = "") -> None:
        self._lines.append((0x15, then, otherwise, value))

    def if_any(self, bits: int, then: str, otherwise: str = "") -> None:
        self._lines.append((0x45, then, otherwise, bits))

    def if_at_least(self, value: int, then: str) -> None:
        self._lines.append((0x35, then, "", value))

    def place(self, name: str) -> None:
        self._places[name] = len(self._lines)

    def give(self, action: int) -> None:
        self._lines.append((0x06, "", "", action))

    def assembled(self) -> bytes:
        """Eight bytes an instruction; raises `OverflowError` where a jump is too far."""
        code = []
        for at, (operation, then, otherwise, value) in enumerate(self._lines):
            jumps = [self._places[name] - at - 1 if name else 0 for name in (then, otherwise)]
            if any(not 0 <= jump < 256 for jump in jumps):
                raise OverflowError(f"a jump of {jumps} instructions")
            code.append(struct.pack("HBBI", operation, jumps[0], jumps[1], value))
        return b"".join(code)


def program(machine: str, *, strict: bool = True) -> bytes:
    """The filter for `machine`, assembled. Without `strict`, namespaces and mounts are left to the kernel's rules.

    Raises `OSError` for an architecture that it is not made for.
    """
    if machine not in _AUDIT_ARCH:
        raise OSError(errno.ENOSYS, f"the exec gate is not built for {machine}")
    column = list(_AUDIT_ARCH).index(machine)

    def number(name: str) -> int:
        return _NUMBERS[name][column]

    out = _Program()
    out.load(_ARCH)
    out.if_equal(_AUDIT_ARCH[machine], "native")
    out.give(_KILL)
    out.place("native")
    out.load(_NR)
    if machine == "x86_64":
        out.if_at_least(_X32_BIT, "unknown")
    for name in ("execve", "execveat"):
        out.if_equal(number(name), "start")
    for name in ("ioctl", "socket", "prctl", "seccomp"):
        out.if_equal(number(name), name)
    out.if_equal(number("memfd_secret"), "unknown")
    refused = dict(_REFUSED)
    if strict:
        out.if_equal(number("clone"), "clone")
        out.if_equal(number("clone3"), "unknown")
        out.if_equal(number("unshare"), "unshare")
        refused |= _SPACES
    for numbers in refused.values():
        if numbers[column] >= 0:
            out.if_equal(numbers[column], "refused")
    out.give(_ALLOW)
    out.place("start")
    out.give(_NOTIFY)
    out.place("unknown")
    out.give(_ERRNO | errno.ENOSYS)
    out.place("refused")
    out.give(_ERRNO | errno.EPERM)

    def ending(prefix: str, number_of_error: int) -> None:
        out.place(f"{prefix} yes")
        out.give(_ALLOW)
        out.place(f"{prefix} no")
        out.give(_ERRNO | number_of_error)

    out.place("ioctl")
    # The kernel reads 32 bits of the request (ioctl(2)); what stands above them is no other request.
    out.load(_ARG1)
    for request in _INJECTING:
        out.if_equal(request, "ioctl no")
    ending("ioctl", errno.EPERM)
    out.place("prctl")
    out.load(_ARG0)
    out.if_equal(_PR_SET_MM, "prctl no")
    ending("prctl", errno.EPERM)
    out.place("seccomp")
    # A second listener could answer program starts itself: of two filters with one action the newest wins.
    out.load(_ARG0)
    out.if_equal(_SET_MODE_FILTER, "flags", "seccomp yes")
    out.place("flags")
    out.load(_ARG1)
    out.if_any(NEW_LISTENER, "seccomp no")
    ending("seccomp", errno.EPERM)
    out.place("socket")
    out.load(_ARG0)
    out.if_equal(_AF_UNIX, "socket yes")
    for family in (_AF_INET, _AF_INET6):
        out.if_equal(family, "inet")
    out.if_equal(_AF_NETLINK, "netlink", "socket no")
    out.place("inet")
    out.load(_ARG1)
    out.mask(_SOCK_TYPE)
    out.if_equal(_SOCK_RAW, "socket no", "socket yes")
    out.place("netlink")
    out.load(_ARG2)
    out.if_equal(0, "socket yes", "socket no")
    ending("socket", errno.EAFNOSUPPORT)
    if strict:
        for name, bits in (("clone", _NEW_ANY), ("unshare", _NEW_ANY | _CLONE_NEWTIME)):
            out.place(name)
            out.load(_ARG0)
            out.if_any(bits, f"{name} no")
            ending(name, errno.EPERM)
    return out.assembled()


class _SockFprog(ctypes.Structure):
    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_char_p))


_libc = ctypes.CDLL(None, use_errno=True)


def install(*, strict: bool = True) -> int:
    """Filter this process and all that it starts from now on; returns the listener's descriptor. Raises `OSError`.

    The process has to have `no_new_privs`, which is set here. It cannot be undone.
    """
    machine = os.uname().machine
    code = program(machine, strict=strict)
    zero = ctypes.c_ulong(0)
    if _libc.prctl(ctypes.c_int(_PR_SET_NO_NEW_PRIVS), ctypes.c_ulong(1), zero, zero, zero) != 0:
        raise OSError(ctypes.get_errno(), "prctl no_new_privs")
    fprog = _SockFprog(len(code) // 8, code)
    number = ctypes.c_long(_NUMBERS["seccomp"][list(_AUDIT_ARCH).index(machine)])
    for flags in (NEW_LISTENER | WAIT_KILLABLE_RECV, NEW_LISTENER):
        listener = int(_libc.syscall(number, ctypes.c_uint(1), ctypes.c_uint(flags), ctypes.byref(fprog)))
        if listener >= 0:
            return listener
        if ctypes.get_errno() != errno.EINVAL:
            break
    code_of_error = ctypes.get_errno()
    raise OSError(code_of_error, f"seccomp listener: {os.strerror(code_of_error)}")
