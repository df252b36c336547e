"""The system calls that build a cell, as functions that raise `OSError` naming the call.

Nothing but `ctypes` and `os` is imported: PID 1 of a cell loads this, and its start is what a person waits for.
Numbers from 424 on are the same on every architecture; flags are those of the kernel's uapi headers.
"""

from __future__ import annotations

import ctypes
import os

_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x02000000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 2, 4, 8, 0x4000, 0x40000
MS_SLAVE = 0x80000
MNT_DETACH = 2
ATTR_RDONLY, ATTR_NOSUID, ATTR_NODEV, ATTR_NOEXEC, ATTR_IDMAP = 1, 2, 4, 8, 0x100000
AT_FDCWD = -100
_AT_EMPTY_PATH, _AT_RECURSIVE, _AT_SYMLINK_NOFOLLOW = 0x1000, 0x8000, 0x100
_OPEN_TREE_CLONE = 1
_MOVE_FROM_EMPTY, _MOVE_TO_EMPTY = 0x4, 0x40
_RESOLVE_NO_MAGICLINKS, _RESOLVE_NO_SYMLINKS, _RESOLVE_IN_ROOT = 2, 4, 0x10
_OPEN_TREE, _MOVE_MOUNT, _OPENAT2, _MOUNT_SETATTR = 428, 429, 437, 442
_BY_MACHINE = {"x86_64": (155, 250, 126), "aarch64": (41, 219, 91)}
_MACHINE = os.uname().machine
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 4, 24, 38, 47
_EINVAL = 22


class CallError(OSError):
    """A system call that failed; `call` names it and what it was for."""

    def __init__(self, number: int, call: str) -> None:
        super().__init__(number, f"{call}: {os.strerror(number)}")
        self.call = call


def _check(result: int, call: str) -> int:
    if result < 0:
        raise CallError(ctypes.get_errno(), call)
    return result


def _numbers() -> tuple[int, int, int]:
    if _MACHINE not in _BY_MACHINE:
        raise CallError(38, f"the cell is not built for {_MACHINE}")
    return _BY_MACHINE[_MACHINE]


def unshare(flags: int) -> None:
    """Leave the namespaces named by CLONE_NEW* flags for fresh ones; see unshare(2)."""
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def enter(namespace: int, kind: int) -> None:
    """Join the namespace behind a descriptor, which is of `kind` CLONE_NEW*; see setns(2)."""
    _check(_libc.setns(ctypes.c_int(namespace), ctypes.c_int(kind)), "setns")


def mount(kind: str, target: str, flags: int, options: str = "") -> None:
    """Mount a fresh file system of `kind` at `target`; see mount(2)."""
    data = os.fsencode(options) if options else None
    name = kind.encode()
    result = _libc.mount(name, os.fsencode(target), name, ctypes.c_ulong(flags), data)
    _check(result, f"mount {kind} at {target}")


def make_private(target: str) -> None:
    """Keep the mounts below `target` from being told to any other namespace."""
    result = _libc.mount(b"none", os.fsencode(target), None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None)
    _check(result, f"make {target} private")


def make_slave(target: str) -> None:
    """Hear of mounts that are made or ended below `target` elsewhere, and tell of none; see mount_namespaces(7)."""
    result = _libc.mount(b"none", os.fsencode(target), None, ctypes.c_ulong(MS_REC | MS_SLAVE), None)
    _check(result, f"make {target} a slave")


def detach(target: str) -> None:
    """Take the mount at `target` away, whoever still uses it; see umount2(2)."""
    _check(_libc.umount2(os.fsencode(target), MNT_DETACH), f"unmount {target}")


def pivot_to(folder: str) -> None:
    """Make the mount at `folder` this namespace's root; the old one is gone afterwards; see pivot_root(2)."""
    os.chdir(folder)
    _check(_syscall(ctypes.c_long(_numbers()[0]), b".", b"."), "pivot_root")
    detach(".")
    os.chdir("/")


def clone_tree(source: int | str, *, recursive: bool = True) -> int:
    """A detached copy of the mount that `source` (a path, or an O_PATH descriptor) lies in, beginning there.

    A last component that is a link is not followed. Returns a descriptor; see open_tree(2).
    """
    flags = _OPEN_TREE_CLONE | os.O_CLOEXEC | _AT_SYMLINK_NOFOLLOW | (_AT_RECURSIVE if recursive else 0)
    if isinstance(source, int):
        folder, path, flags = source, b"", flags | _AT_EMPTY_PATH
    else:
        folder, path = AT_FDCWD, os.fsencode(source)
    result = _syscall(ctypes.c_long(_OPEN_TREE), ctypes.c_int(folder), path, ctypes.c_uint(flags))
    return _check(result, f"open_tree {source}")


class _MountAttr(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


def set_attributes(tree: int, attributes: int, *, recursive: bool = True, user_namespace: int = 0) -> None:
    """Set ATTR_* on a mount, and on those below it; `user_namespace` belongs to ATTR_IDMAP; see mount_setattr(2)."""
    attr = _MountAttr(attributes, 0, 0, user_namespace)
    flags = _AT_EMPTY_PATH | (_AT_RECURSIVE if recursive else 0)
    result = _syscall(
        ctypes.c_long(_MOUNT_SETATTR),
        ctypes.c_int(tree),
        b"",
        ctypes.c_uint(flags),
        ctypes.byref(attr),
        ctypes.c_size_t(ctypes.sizeof(attr)),
    )
    _check(result, "mount_setattr")


def clear_attributes(tree: int, attributes: int) -> None:
    """Take ATTR_* off a mount, not off those below it; see mount_setattr(2)."""
    attr = _MountAttr(0, attributes, 0, 0)
    result = _syscall(
        ctypes.c_long(_MOUNT_SETATTR),
        ctypes.c_int(tree),
        b"",
        ctypes.c_uint(_AT_EMPTY_PATH),
        ctypes.byref(attr),
        ctypes.c_size_t(ctypes.sizeof(attr)),
    )
    _check(result, "mount_setattr")


def attach(tree: int, target: int) -> None:
    """Attach a detached mount onto the file or folder behind the O_PATH descriptor `target`; see move_mount(2)."""
    flags = _MOVE_FROM_EMPTY | _MOVE_TO_EMPTY
    result = _syscall(
        ctypes.c_long(_MOVE_MOUNT), ctypes.c_int(tree), b"", ctypes.c_int(target), b"", ctypes.c_uint(flags)
    )
    _check(result, "move_mount")


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def open_beneath(root: int, path: str, *, follow: bool = False) -> int:
    """An O_PATH descriptor of `path` with `root` as `/`; a link is an error unless `follow`; see openat2(2)."""
    resolve = _RESOLVE_IN_ROOT | _RESOLVE_NO_MAGICLINKS | (0 if follow else _RESOLVE_NO_SYMLINKS)
    how = _OpenHow(os.O_PATH | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW), 0, resolve)
    result = _syscall(
        ctypes.c_long(_OPENAT2),
        ctypes.c_int(root),
        os.fsencode(path),
        ctypes.byref(how),
        ctypes.c_size_t(ctypes.sizeof(how)),
    )
    return _check(result, f"open {path} in the cell")


def prctl(option: int, argument: int = 0, second: int = 0) -> None:
    """See prctl(2); the arguments that are not given are zero."""
    zero = ctypes.c_ulong(0)
    result = _libc.prctl(ctypes.c_int(option), ctypes.c_ulong(argument), ctypes.c_ulong(second), zero, zero)
    _check(result, f"prctl {option}")


def drop_all_capabilities() -> None:
    """No capability in any set, and none to come back by an exec; see capabilities(7)."""
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except CallError as error:
            if error.errno != _EINVAL:
                raise
            break
    prctl(PR_CAP_AMBIENT, 4)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    none = (ctypes.c_uint32 * 6)()
    _check(_syscall(ctypes.c_long(_numbers()[2]), header, none), "capset")


def join_fresh_keyring() -> None:
    """An empty session keyring instead of the inherited one; a kernel without keyrings has nothing to leave."""
    result = _syscall(ctypes.c_long(_numbers()[1]), ctypes.c_long(1), ctypes.c_void_p(None))
    if result < 0 and ctypes.get_errno() not in (38, 1):
        raise CallError(ctypes.get_errno(), "keyctl")


def set_hostname(name: str) -> None:
    """Name this UTS namespace."""
    encoded = os.fsencode(name)
    _check(_libc.sethostname(encoded, ctypes.c_size_t(len(encoded))), "sethostname")
