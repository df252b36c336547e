"""Shows paths in a running cell and takes them away again, from the cell's builder, which nobody in the cell reaches.

Requests come on a socket that only the session and the builder hold. A request is a marshalled tuple: `("show", id,
path, (device, inode), writable, owner, pins, covered)` or `("end", id)`; the reply is `("done", id, how many programs
were ended)` or `("error", id, what)`. `pins` are absolute paths below `path` that get a mount of their own so that
nothing replaces them, each with whether it is for reading only; `covered` are those that are not seen.

A tree is cloned in a copy of the host's mount namespace that was made before the builder went into the cell's, because
a process without rights on the host has none over the host's own (open_tree(2)). The builder imports as little as
`kernel`.
"""

# pathlib takes longer to load than all of this.
# ruff: noqa: PTH119, PTH120
from __future__ import annotations

import _socket
import errno
import marshal
import os
import select
import stat

from supervisor.cell import kernel
from supervisor.cell.granted_holders import writers
from supervisor.cell.mounts import cover

MOST_BYTES = 256 * 1024
_OURS = "/.agent-supervise"
_PLAIN = kernel.ATTR_NOSUID | kernel.ATTR_NODEV
_SEAL_TRIES = 40
_SEAL_PAUSE = 0.05
_WORDS = {
    errno.ELOOP: "a link lies on the way to it",
    errno.ENOTDIR: "a file lies on the way to it",
    errno.ENOENT: "it does not exist any more",
}

TYPE_CHECKING = False  # as `typing` has it, without loading `typing`
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from supervisor.cell.mounts import Entry


class HostMounts:
    """The host's mounts, kept to clone trees of them; made while the builder still stands outside of the cell."""

    def __init__(self) -> None:
        kernel.unshare(kernel.CLONE_NEWNS)
        kernel.make_slave("/")
        self.space = os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        self.root = os.open("/", os.O_PATH | os.O_CLOEXEC)
        self.descriptors = os.open("/proc/self/fd", os.O_PATH | os.O_CLOEXEC)
        self.proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


class Shown:
    """A path that the cell sees because of a grant."""

    def __init__(self, path: str, tree: int, made: list[tuple[int, str]]) -> None:
        self.path, self.tree, self.made = path, tree, made


class GrantedMounts:
    """Serves the socket `channel`; made in the cell's mount namespace, whose root is `/` then.

    `lend` gives a user namespace that lends files of (uid, gid) to the agent (only where root started the cell), and
    `agent` is whose what is made in the cell becomes.
    """

    def __init__(
        self,
        channel: _socket.socket,
        host: HostMounts,
        cell_space: int,
        entries: Sequence[Entry],
        lend: Callable[[tuple[int, int]], int],
        agent: tuple[int, int] | None,
    ) -> None:
        self._channel, self._host, self._space, self._lend, self._agent = channel, host, cell_space, lend, agent
        self._root = os.open("/", os.O_PATH | os.O_CLOEXEC)
        own = {os.fstat(self._root).st_dev: False}
        for entry in entries:
            if entry[0] == "tmpfs":
                place = kernel.open_beneath(self._root, entry[1])
                own[os.fstat(place).st_dev] = entry[3]
                os.close(place)
        self._own = own
        """Devices of the cell's own file systems: whether the agent can write there."""
        self._shown: dict[str, Shown] = {}
        self._made: list[tuple[int, str]] = []
        self._ended = 0
        self._make_hold()

    def fileno(self) -> int:
        """The socket to wait for."""
        return self._channel.fileno()

    def serve(self) -> bool:
        """Do one request; false when the session is gone."""
        try:
            data = self._channel.recv(MOST_BYTES)
        except OSError:
            return False
        if not data:
            return False
        verb, name, *rest = marshal.loads(data)
        self._ended = 0
        try:
            if verb == "show":
                self._show(name, *rest)
            else:
                self._end(name)
            reply: tuple[str | int, ...] = ("done", name, self._ended)
        except OSError as error:
            said = error.strerror or str(error)
            reply = ("error", name, _WORDS.get(error.errno or 0, said) if isinstance(error, kernel.CallError) else said)
        try:
            self._channel.send(marshal.dumps(reply))
        except OSError:
            return False
        return True

    def _make_hold(self) -> None:
        """A folder that nobody in the cell may enter: a tree gets its pins and covers there before it is seen."""
        ours = kernel.clone_tree(_OURS, recursive=False)
        kernel.clear_attributes(ours, kernel.ATTR_RDONLY)
        os.mkdir("hold", 0o700, dir_fd=ours)
        hold = kernel.open_beneath(ours, "hold")
        os.mkdir("folder", 0o700, dir_fd=hold)
        os.close(os.open("file", os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0, dir_fd=hold))
        os.close(hold)
        os.chmod("hold", 0, dir_fd=ours)
        os.close(ours)

    # ── showing ──────────────────────────────────────────────────────────────────────────────────

    def _show(
        self,
        name: str,
        path: str,
        wanted: tuple[int, int],
        writable: bool,
        owner: tuple[int, int] | None,
        pins: Sequence[tuple[str, bool]],
        covered: Sequence[str],
    ) -> None:
        tree = self._tree(path, wanted, writable, owner)
        made: list[tuple[int, str]] = []
        held = False
        try:
            folder = stat.S_ISDIR(os.fstat(tree).st_mode)
            self._attach(tree, f"{_OURS}/hold/{'folder' if folder else 'file'}")
            held = True
            for inner, frozen in pins:
                self._pin(tree, path, inner, frozen)
            for inner in covered:
                self._cover(tree, path, inner)
            os.close(self._place(path, folder, made))
            self._attach(tree, path)
        except BaseException:
            if held:
                self._detach(tree)
            os.close(tree)
            self._unmake(made)
            raise
        self._shown[name] = Shown(path, tree, made)

    def _attach(self, tree: int, path: str) -> None:
        place = kernel.open_beneath(self._root, path)
        try:
            kernel.attach(tree, place)
        finally:
            os.close(place)

    def _tree(self, path: str, wanted: tuple[int, int], writable: bool, owner: tuple[int, int] | None) -> int:
        """The path as a detached mount, from outside of the cell."""
        kernel.enter(self._host.space, kernel.CLONE_NEWNS)
        id_map = -1
        try:
            place = kernel.open_beneath(self._host.root, path)
            try:
                status = os.fstat(place)
                if (status.st_dev, status.st_ino) != wanted:
                    raise OSError(errno.ESTALE, "it became another one meanwhile")
                attributes = _PLAIN | (0 if writable else kernel.ATTR_RDONLY)
                tree = kernel.clone_tree(place)
                try:
                    if owner is not None:
                        id_map = self._lend(owner)
                        attributes |= kernel.ATTR_IDMAP
                    kernel.set_attributes(tree, attributes, user_namespace=max(id_map, 0))
                except BaseException:
                    os.close(tree)
                    raise
                return tree
            finally:
                os.close(place)
        finally:
            if id_map >= 0:
                os.close(id_map)
            kernel.enter(self._space, kernel.CLONE_NEWNS)

    def _place(self, path: str, folder: bool, made: list[tuple[int, str]]) -> int:
        """Where it goes in the cell; made where it is missing and its folder is one of the cell's own."""
        try:
            place = kernel.open_beneath(self._root, path)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
        else:
            mode = os.fstat(place).st_mode
            if stat.S_ISLNK(mode) or stat.S_ISDIR(mode) != folder:
                os.close(place)
                what = "a link" if stat.S_ISLNK(mode) else "something else"
                raise OSError(errno.EEXIST, f"the cell has {what} in its place")
            return place
        parent = self._place(os.path.dirname(path), True, made)
        try:
            device = os.fstat(parent).st_dev
            if device not in self._own:
                raise OSError(errno.EROFS, "the cell has no place for it: the folder that it lies in is shown already")
            self._make(parent, os.path.basename(path), folder, made, self._own[device])
        finally:
            os.close(parent)
        return kernel.open_beneath(self._root, path)

    def _make(self, parent: int, name: str, folder: bool, made: list[tuple[int, str]], agents: bool) -> None:
        # Our own file systems are mounted for reading; through another mount of the same folder we can write.
        writable = kernel.clone_tree(parent, recursive=False)
        try:
            kernel.clear_attributes(writable, kernel.ATTR_RDONLY)
            if folder:
                os.mkdir(name, 0o755, dir_fd=writable)
            else:
                os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644, dir_fd=writable))
            if agents and self._agent is not None:
                os.chown(name, *self._agent, dir_fd=writable, follow_symlinks=False)
        except BaseException:
            os.close(writable)
            raise
        made.append((writable, name))

    def _pin(self, tree: int, path: str, inner: str, frozen: bool) -> None:
        place = self._inside(tree, path, inner)
        try:
            copy = kernel.clone_tree(place)
            try:
                kernel.set_attributes(copy, _PLAIN | (kernel.ATTR_RDONLY if frozen else 0))
                kernel.attach(copy, place)
            finally:
                os.close(copy)
        finally:
            os.close(place)

    def _cover(self, tree: int, path: str, inner: str) -> None:
        place = self._inside(tree, path, inner)
        try:
            cover(place, "")
        finally:
            os.close(place)

    def _inside(self, tree: int, path: str, inner: str) -> int:
        return kernel.open_beneath(tree, inner[len(path) :]) if inner != path else os.dup(tree)

    # ── taking away ──────────────────────────────────────────────────────────────────────────────

    def _end(self, name: str) -> None:
        shown = self._shown.pop(name, None)
        if shown is None:
            return
        try:
            self._seal(shown)
        except BaseException:
            self._shown[name] = shown
            raise
        try:
            self._detach(shown.tree)
        finally:
            os.close(shown.tree)
            self._unmake(shown.made)

    def _seal(self, shown: Shown) -> None:
        """What is open keeps its mount, so that is made one for reading first; who still writes there is ended."""
        for _ in range(_SEAL_TRIES):
            try:
                kernel.set_attributes(shown.tree, kernel.ATTR_RDONLY)
                return
            except OSError as error:
                if error.errno == errno.EINVAL:
                    return  # It is no mount any more, see `_detach`.
                if error.errno != errno.EBUSY:
                    raise
            for pid in writers(self._host.proc, self._space, shown.path):
                try:
                    os.kill(pid, 9)
                except ProcessLookupError:
                    continue
                self._ended += 1
            select.select((), (), (), _SEAL_PAUSE)
        raise OSError(errno.EBUSY, "a program of the cell goes on writing there")

    def _detach(self, tree: int) -> None:
        """By descriptor: the agent may have renamed what the mount lies in."""
        os.fchdir(self._host.descriptors)
        try:
            kernel.detach(str(tree))
        except OSError as error:
            # Replaced outside by a rename: the kernel has taken the mount on it away (mount_namespaces(7)).
            if error.errno != errno.EINVAL:
                raise
        finally:
            os.chdir("/")

    def _unmake(self, made: list[tuple[int, str]]) -> None:
        """Take away the folders that were made, with those that other grants kept so far."""
        self._made += made
        made.clear()
        for entry in self._made[::-1]:
            folder, name = entry
            try:
                if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                    os.rmdir(name, dir_fd=folder)
                else:
                    os.unlink(name, dir_fd=folder)
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EBUSY):
                    continue  # Another grant lies below it, or the agent has put something there.
                if error.errno != errno.ENOENT:
                    raise
            os.close(folder)
            self._made.remove(entry)
