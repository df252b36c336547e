"""Which file a program start would run: resolved as the kernel would, known by its content, with its interpreters."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import struct
from dataclasses import dataclass
from typing import NamedTuple

from supervisor.cell import kernel
from supervisor.gates.exec.caller import Call, Standing, status_of
from supervisor.gates.exec.calls import descriptor_of
from supervisor.gates.exec.catalog import Catalog
from supervisor.gates.exec.golang import Reads, go_program
from supervisor.gates.exec.launched import Refused, is_launcher, launched
from supervisor.gates.exec.steady import Key, digest_of, is_steady, key_of
from supervisor.parse.names import is_loader

_AT_FDCWD = -100
_HEAD = 256
_DEEPEST = 4
"""Interpreters of interpreters that the kernel follows (fs/exec.c)."""
_OWN_DESCRIPTOR = re.compile(rb"(?:/dev/fd|/proc/(?:self|thread-self|(\d+))/fd)/(\d+)\Z")
_OWN_PROGRAM = re.compile(rb"/proc/(?:self|thread-self|(\d+))/exe\Z")
_MOST_CACHED = 4096
_LARGEST = 2 << 30
"""A file may be as long as it likes and hold nothing: reading it would keep all other starts waiting."""
_PROGRAM_HEADER, _PT_INTERP = 56, 3


class Image(NamedTuple):
    """What will run. `device`, `inode` are those of the last interpreter: what the kernel then calls the program.

    `argv` is what the new program will see. `first` is the file that was asked for: a script, or the program itself.
    `sha256` is known of what the cell can change. `key` is that of `first` when it was read, and empty where a change
    of its content would not show in it.
    """

    device: int
    inode: int
    path: str
    argv: tuple[bytes, ...]
    first: str
    script: bool
    sha256: str = ""
    known_as: tuple[str, ...] = ()
    key: Key | tuple[()] = ()


@dataclass(frozen=True, slots=True)
class _Content:
    """What is known of one file's bytes. `loader` is the file that the kernel runs in its place (elf(5), PT_INTERP)."""

    head: bytes
    sha256: str
    known_as: tuple[str, ...]
    key: Key | tuple[()] = ()
    loader: bytes = b""


class Images:
    """Resolves in the root of one cell, whose first process is `pid`; belongs to one thread. Raises `OSError`."""

    def __init__(self, pid: int, catalog: Catalog) -> None:
        self._root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._catalog = catalog
        # Told by its status: its files in /proc may be root's (proc(5), dumpable).
        self._owner = int(status_of(pid)[b"Uid"].split()[0])
        self._known: dict[Key, _Content] = {}

    def close(self) -> None:
        """Let go of the cell's root."""
        os.close(self._root)

    def of(self, call: Call, caller: Standing, cwd: str) -> Image:
        """The image behind a call. Raises `OSError` with the errno that the caller should get, `Gone`."""
        descriptor, name = self._open(call, caller, cwd)
        argv = call.argv or (b"",)  # Linux puts an empty word where there is none (5.18)
        try:
            return self._image(descriptor, name, argv, cwd, call.env)
        finally:
            os.close(descriptor)

    def _image(self, descriptor: int, name: bytes, argv: tuple[bytes, ...], cwd: str, env: tuple[bytes, ...]) -> Image:
        first, content, found = "", None, (0, 0)
        interpreter = descriptor
        opened: list[int] = []
        try:
            for depth in range(_DEEPEST + 2):
                status = os.fstat(interpreter)
                if not stat.S_ISREG(status.st_mode):
                    raise OSError(errno.EACCES, "not a file")
                path = os.readlink(f"/proc/self/fd/{interpreter}")  # noqa: PTH115
                this = self._content(interpreter, status, path)
                first, content = first or path, content or this
                found = (status.st_dev, status.st_ino)
                words = _interpreter(this.head)
                if words is None:
                    known = content.known_as + (self._loaded(this.loader, cwd) if this.loader else ())
                    if is_launcher(path, this.known_as):
                        known += launched(self._root, path, argv, env)
                    return Image(*found, path, argv, first, depth > 0, content.sha256, known, content.key)
                if depth > _DEEPEST:
                    raise OSError(errno.ELOOP, "interpreters of interpreters")
                argv = (*words, name, *argv[1:])
                name = words[0]
                interpreter = self._open_path(words[0], cwd)
                opened.append(interpreter)
            raise OSError(errno.ELOOP, "interpreters of interpreters")
        finally:
            for number in opened:
                os.close(number)

    def _loaded(self, loader: bytes, cwd: str) -> tuple[str, ...]:
        """What a program that names any other program as its loader is: that one, which the kernel then runs."""
        descriptor = self._open_path(loader, cwd)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EACCES, "a loader that is no file")
            path = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115
            content = self._content(descriptor, status, path)
        finally:
            os.close(descriptor)
        names = content.known_as or (os.path.basename(path),)  # noqa: PTH119
        return tuple(name for name in names if not is_loader(name))

    # ── which file ───────────────────────────────────────────────────────────────────────────────

    def _open(self, call: Call, caller: Standing, cwd: str) -> tuple[int, bytes]:
        """An O_PATH or other descriptor of the file, and the name that an interpreter will be given for it."""
        if call.of_descriptor:
            if call.folder == _AT_FDCWD:
                raise OSError(errno.EACCES, "a folder")
            return descriptor_of(caller.pid, call.folder), b"/dev/fd/%d" % call.folder
        path = call.path
        if not path:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        if not path.startswith(b"/") and call.folder != _AT_FDCWD:
            folder = descriptor_of(caller.pid, call.folder)
            try:
                base = os.readlink(f"/proc/self/fd/{folder}")  # noqa: PTH115
            finally:
                os.close(folder)
            return self._open_path(path, base), b"/dev/fd/%d/%s" % (call.folder, path)
        own = _OWN_DESCRIPTOR.match(path)
        if own is not None and own[1] in (None, b"%d" % caller.pid_inside):
            return descriptor_of(caller.pid, int(own[2])), path
        own = _OWN_PROGRAM.match(path)
        if own is not None and own[1] in (None, b"%d" % caller.pid_inside):
            return os.open(f"/proc/{caller.pid}/exe", os.O_PATH | os.O_CLOEXEC), path
        return self._open_path(path, cwd), path

    def _open_path(self, path: bytes, cwd: str) -> int:
        whole = path if path.startswith(b"/") else os.path.join(os.fsencode(cwd), path)  # noqa: PTH118
        return kernel.open_beneath(self._root, os.fsdecode(whole), follow=True)

    # ── which content ────────────────────────────────────────────────────────────────────────────

    def _content(self, descriptor: int, status: os.stat_result, path: str) -> _Content:
        key = key_of(status)
        content = self._known.get(key)
        if content is None:
            content = self._look(descriptor, status, path)
            if content.key or not content.sha256:
                if len(self._known) >= _MOST_CACHED:
                    self._known.clear()
                self._known[key] = content
        return content

    def _look(self, descriptor: int, status: os.stat_result, path: str) -> _Content:
        changeable = not os.fstatvfs(descriptor).f_flag & os.ST_RDONLY
        try:
            # A descriptor of the file itself, from the O_PATH one: no name is looked up again (open(2), O_PATH).
            file = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
        except PermissionError as error:
            if changeable and status.st_uid == self._owner:
                raise OSError(errno.EACCES, "a program that hides its content") from error
            return _Content(b"", "", ())
        try:
            head = os.pread(file, _HEAD, 0)
            if not changeable and not head.startswith(b"\x7fELF"):
                return _Content(head, "", ())
            if changeable and status.st_size > _LARGEST:
                raise Refused("agent-supervise: denied: a program of more than 2 GiB, which takes too long to look at")
            if not status.st_size:
                return _Content(head, hashlib.sha256().hexdigest(), ())
            # Before the content is read: a change while it is being read then shows too.
            told = key_of(status) if changeable and is_steady(file, status) else ()
            name = go_program(Reads(file, status.st_size)) if head.startswith(b"\x7fELF") else ""
            if not changeable:
                # The cell cannot write here: such a file is what its name says, unless it says otherwise itself.
                return _Content(head, "", (name,) if name and name != os.path.basename(path) else ())  # noqa: PTH119
            digest = digest_of(file)
            known = self._catalog.names(digest, status.st_size, path)
            names = tuple(dict.fromkeys((*((name,) if name else ()), *known)))
            return _Content(head, digest, names, told, _loader_of(file))
        finally:
            os.close(file)


def _interpreter(head: bytes) -> tuple[bytes, ...] | None:
    """The words of a `#!` line as the kernel takes them: the interpreter and at most one argument (execve(2))."""
    if not head.startswith(b"#!"):
        return None
    line = head[2:].split(b"\n", 1)[0].strip(b" \t")
    # NUL ends the line for the kernel too.
    line = line.split(b"\0", 1)[0].rstrip(b" \t")
    if not line:
        raise OSError(errno.ENOEXEC, "an empty #! line")
    cut = re.split(rb"[ \t]+", line, maxsplit=1)
    return tuple(cut)


def _loader_of(file: int) -> bytes:
    """The path in an ELF file's PT_INTERP, empty where there is none (elf(5), 64 bits)."""
    head = os.pread(file, 64, 0)
    if len(head) < 64 or not head.startswith(b"\x7fELF\x02"):
        return b""
    offset, size, count = *struct.unpack_from("<Q", head, 32), *struct.unpack_from("<2H", head, 54)
    table = os.pread(file, size * count, offset) if size == _PROGRAM_HEADER and offset < 1 << 62 else b""
    for at in range(0, len(table) - _PROGRAM_HEADER + 1, _PROGRAM_HEADER):
        kind, where, length = struct.unpack_from("<I4xQ16xQ", table, at)
        if kind == _PT_INTERP and where < 1 << 62:
            return os.pread(file, min(length, 4096), where).split(b"\0", 1)[0]
    return b""
