"""Builds the cell's file system from plain entries, inside its mount namespace.

Loaded by PID 1, so it imports as little as `kernel`. An entry is a tuple
`(kind, target, source, writable, devices, mode, size, data, owner)`; `plan.Mount` documents the fields.
"""

# pathlib takes longer to load than all of this.
# ruff: noqa: PTH101, PTH102, PTH112, PTH119, PTH120
from __future__ import annotations

import errno
import os
import stat

from supervisor.cell import kernel
from supervisor.errors import HostError

Entry = tuple[str, str, str, bool, bool, int, int, bytes, "tuple[int, int] | None"]
_STAGES = ("/tmp", "/run", "/mnt", "/var", "/usr")
_OURS = "/.agent-supervise"
_PLAIN = kernel.MS_NOSUID | kernel.MS_NODEV


class Root:
    """The cell's root while it is built. `agent` is its (uid, gid) as this process sees them.

    `id_maps` gives a user namespace for each (uid, gid) whose files are to belong to the agent; without it nothing is
    mapped.
    """

    def __init__(self, agent: tuple[int, int], id_maps: dict[tuple[int, int], int]) -> None:
        self._agent, self._id_maps = agent, id_maps
        self._owners: dict[int, tuple[int, int] | None] = {}
        self._trees: dict[int, int] = {}
        self._fixed: set[str] = set()
        self._stage, self._fd, self._texts = "", -1, 0

    def build(self, entries: list[Entry]) -> None:
        """Make the namespace's root what `entries` say, in their order; raises `HostError`."""
        kernel.make_private("/")
        # Before anything is mounted: a stage hides what lies below it.
        host = os.open("/", os.O_PATH | os.O_CLOEXEC)
        for number, entry in enumerate(entries):
            if entry[0] in ("bind", "hold"):
                self._trees[number] = self._open(host, entry)
        os.close(host)
        self._stage = next(folder for folder in _STAGES if os.path.isdir(folder))
        kernel.mount("tmpfs", self._stage, _PLAIN, "mode=755,size=16m")
        self._fd = os.open(self._stage, os.O_PATH | os.O_CLOEXEC)
        self._own(self._fd, None)
        os.mkdir(self._stage + _OURS, 0o755)
        # What covers a hidden place: nothing in it, and even that is not for reading.
        os.mkdir(f"{self._stage}{_OURS}/folder", 0)
        os.close(os.open(f"{self._stage}{_OURS}/file", os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0))
        for number, entry in enumerate(entries):
            try:
                self._make(number, entry)
            except OSError as error:
                raise HostError(f"the cell cannot have its {entry[0]} entry: {error}", where=entry[1]) from error
        os.close(self._fd)
        kernel.pivot_to(self._stage)
        root = os.open("/", os.O_PATH | os.O_CLOEXEC)
        kernel.set_attributes(root, kernel.ATTR_RDONLY, recursive=False)
        os.close(root)

    def _make(self, number: int, entry: Entry) -> None:
        kind, target, source, writable, _, mode, size, data, _ = entry
        if kind in ("bind", "hold"):
            self._attach(self._trees.pop(number), target, writable)
        elif kind == "hide":
            self._hide(target)
        elif kind == "tmpfs":
            uid, gid = self._agent
            owned = f",uid={uid},gid={gid}" if writable else ""
            place = self._fixed_place(target, folder=True)
            kernel.mount("tmpfs", f"/proc/self/fd/{place}", _PLAIN, f"mode={mode:o},size={size}{owned}")
            os.close(place)
            place = kernel.open_beneath(self._fd, target)
            self._own(place, self._agent if writable else None)
            os.close(place)
        elif kind == "folder":
            place = self._place(target, folder=True)
            os.chmod(f"/proc/self/fd/{place}", mode)
            os.close(place)
        elif kind == "link":
            self._link(target, source)
        elif kind == "text":
            self._text(target, data, mode)
        elif kind == "proc":
            kernel.mount("proc", self._path(target), _PLAIN | kernel.MS_NOEXEC)
        elif kind == "devpts":
            options = "newinstance,ptmxmode=0666,mode=620"
            kernel.mount("devpts", self._path(target), kernel.MS_NOSUID | kernel.MS_NOEXEC, options)
        elif kind == "seal":
            place = kernel.open_beneath(self._fd, target)
            kernel.set_attributes(place, kernel.ATTR_RDONLY, recursive=False)
            os.close(place)
        else:
            raise HostError(f"the cell's plan has an entry of unknown kind {kind}", where=target)

    # ── what is shown ────────────────────────────────────────────────────────────────────────────

    def _open(self, host: int, entry: Entry) -> int:
        kind, _, source, writable, devices, _, _, _, owner = entry
        try:
            place = kernel.open_beneath(host, source)
            if stat.S_ISLNK(os.fstat(place).st_mode) and kind != "hold":
                os.close(place)
                raise OSError(errno.ELOOP, "it became a link meanwhile")
        except OSError as error:
            raise HostError(f"cannot be shown in the cell: {error.strerror}", where=source) from error
        attributes = kernel.ATTR_NOSUID
        attributes |= 0 if devices else kernel.ATTR_NODEV
        attributes |= 0 if writable else kernel.ATTR_RDONLY
        id_map = self._id_maps.get(owner) if owner is not None else None
        try:
            tree = kernel.clone_tree(place)
            if id_map is None:
                kernel.set_attributes(tree, attributes)
                return tree
            try:
                kernel.set_attributes(tree, attributes | kernel.ATTR_IDMAP, user_namespace=id_map)
                return tree
            except OSError:
                # Another file system mounted below may not know id maps: the cell sees this one alone.
                os.close(tree)
                tree = kernel.clone_tree(place, recursive=False)
                return self._mapped_alone(tree, source, attributes, id_map, writable)
        finally:
            os.close(place)

    def _mapped_alone(self, tree: int, source: str, attributes: int, id_map: int, writable: bool) -> int:
        try:
            kernel.set_attributes(tree, attributes | kernel.ATTR_IDMAP, user_namespace=id_map)
        except OSError as error:
            if not writable and error.errno == errno.EINVAL:
                # Read without the map: what everybody may read is enough for a toolchain.
                kernel.set_attributes(tree, attributes)
                return tree
            raise HostError(
                f"this file system cannot be lent to an unprivileged user ({error.strerror})",
                where=source,
                fix="start agent-supervise as an ordinary user, or keep the folder on ext4, xfs, btrfs or tmpfs",
            ) from error
        return tree

    def _attach(self, tree: int, target: str, writable: bool) -> None:
        is_folder = stat.S_ISDIR(os.fstat(tree).st_mode)
        place = self._fixed_place(target, folder=is_folder)
        try:
            kernel.attach(tree, place)
        finally:
            os.close(place)
            os.close(tree)

    def _hide(self, target: str) -> None:
        try:
            place = kernel.open_beneath(self._fd, target)
        except OSError as error:
            # Nothing there, or a link: what a link leads to is hidden under its own name.
            if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR):
                return
            raise
        mode = os.fstat(place).st_mode
        if not stat.S_ISLNK(mode):
            cover(place, self._stage)
        os.close(place)

    # ── what is made ─────────────────────────────────────────────────────────────────────────────

    def _text(self, target: str, data: bytes, mode: int) -> None:
        parent = self._place(os.path.dirname(target), folder=True)
        name = os.path.basename(target)
        device = os.fstat(parent).st_dev
        if device in self._owners:
            file = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode, dir_fd=parent)
            self._give(file, device)
            _write_all(file, data)
        else:
            # The folder is the host's: an own file covers the one that lies there.
            self._texts += 1
            own = f"text{self._texts}"
            path = f"{self._stage}{_OURS}/{own}"
            file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode)
            _write_all(file, data)
            place = kernel.open_beneath(self._fd, target)
            cover(place, self._stage, own)
            os.close(place)
        os.close(file)
        os.close(parent)

    def _link(self, target: str, source: str) -> None:
        parent = self._place(os.path.dirname(target), folder=True)
        os.symlink(source, os.path.basename(target), dir_fd=parent)
        os.close(parent)

    def _fixed_place(self, target: str, *, folder: bool) -> int:
        """`_place` of a mount, with each folder of the agent's own above it a mount, too.

        A folder with a mount somewhere in it may be renamed, and with it all that the mount's path stands for: what is
        known by its path, and what is to be frozen there again. A mount itself may not (rename(2), EBUSY).
        """
        place = self._place(target, folder=folder)
        os.close(place)
        parts = target.strip("/").split("/")
        for count in range(1, len(parts)):
            above = "/" + "/".join(parts[:count])
            if above not in self._fixed:
                self._fix(above)
        self._fixed.add(target)
        return kernel.open_beneath(self._fd, target)

    def _fix(self, folder: str) -> None:
        place = kernel.open_beneath(self._fd, folder)
        try:
            if self._owners.get(os.fstat(place).st_dev) is not None:
                tree = kernel.clone_tree(place, recursive=False)
                try:
                    kernel.attach(tree, place)
                finally:
                    os.close(tree)
        finally:
            os.close(place)
        self._fixed.add(folder)

    def _path(self, target: str) -> str:
        place = self._place(target, folder=True)
        os.close(place)
        return self._stage + target

    def _place(self, target: str, *, folder: bool) -> int:
        """An O_PATH descriptor of `target`; made where it is missing and the folder is our own tmpfs."""
        try:
            return kernel.open_beneath(self._fd, target)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise HostError(f"the cell has no place for it: {error.strerror}", where=target) from error
        parent = self._place(os.path.dirname(target), folder=True)
        device = os.fstat(parent).st_dev
        if device not in self._owners:
            os.close(parent)
            raise HostError("the cell has no place for it: its folder does not have it", where=target)
        name = os.path.basename(target)
        if folder:
            os.mkdir(name, 0o755, dir_fd=parent)
        else:
            os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644, dir_fd=parent))
        os.close(parent)
        place = kernel.open_beneath(self._fd, target)
        self._give(place, device)
        return place

    def _own(self, place: int, owner: tuple[int, int] | None) -> None:
        self._owners[os.fstat(place).st_dev] = owner

    def _give(self, file: int, device: int) -> None:
        owner = self._owners[device]
        if owner is not None and owner != (os.geteuid(), os.getegid()):
            os.chown(f"/proc/self/fd/{file}", *owner)


def cover(place: int, stage: str, name: str = "") -> None:
    """Put our own file `name`, or the empty one of the right kind, over what the descriptor `place` stands for."""
    empty = "folder" if stat.S_ISDIR(os.fstat(place).st_mode) else "file"
    tree = kernel.clone_tree(f"{stage}{_OURS}/{name or empty}", recursive=False)
    try:
        kernel.set_attributes(tree, kernel.ATTR_RDONLY | kernel.ATTR_NOSUID | kernel.ATTR_NODEV | kernel.ATTR_NOEXEC)
        kernel.attach(tree, place)
    finally:
        os.close(tree)


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]
