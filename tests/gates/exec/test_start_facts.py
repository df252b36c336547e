"""What is known about a start besides its words: who led to it, which variables count, which file would run."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from supervisor.gates.exec import family as families
from supervisor.gates.exec.caller import Call, Standing
from supervisor.gates.exec.catalog import Catalog
from supervisor.gates.exec.family import Ancestry, Family
from supervisor.gates.exec.image import Image, Images
from supervisor.gates.exec.watched import Watched
from supervisor.model.request import Process

# ── family ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def waits() -> Iterator[Callable[..., int]]:
    """Starts programs that wait for the end of the test; gives their pids."""
    with ExitStack() as stack:

        def start(*argv: str) -> int:
            child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            stack.callback(child.wait)
            stack.callback(child.communicate)
            assert child.stdin is not None and child.stdout is not None
            child.stdin.write("up\n")
            child.stdin.flush()
            child.stdout.readline()
            return child.pid

        yield start


def program(pid: int, name: str) -> Process:
    return Process(pid, name, (name,))


def test_a_program_is_found_by_the_processes_below_it(waits: Callable[..., int]) -> None:
    """What was only forked is no link of its own: its chain is that of the program above it."""
    family, pid = Family(1), waits("cat")
    family.started(program(os.getpid(), "agent"), family.of(os.getpid()))
    assert [link.program for link in family.of(pid).chain] == ["agent"]
    family.started(program(pid, "shell"), family.of(pid))
    assert [link.program for link in family.of(pid).chain] == ["shell", "agent"]
    assert [link.program for link in family.of(os.getpid()).chain] == ["agent"]


def test_a_program_in_anothers_place_replaces_it(waits: Callable[..., int]) -> None:
    """`exec` in a shell is one link, not two."""
    family, pid = Family(1), waits("cat")
    family.started(program(os.getpid(), "agent"), family.of(os.getpid()))
    for name in ("shell", "cat"):
        family.started(program(pid, name), family.of(pid))
    assert [link.program for link in family.of(pid).chain] == ["cat", "agent"]


def test_another_process_with_an_old_pid_is_not_the_old_program(waits: Callable[..., int]) -> None:
    """A pid that was given out again is told apart by when its process began."""
    family, pid = Family(os.getpid()), waits("cat")
    family.started(program(pid, "old"), Ancestry(pid, b"1", ()))
    assert family.of(pid).chain == ()


def test_the_cells_first_process_is_no_link(waits: Callable[..., int]) -> None:
    """A chain ends below the first process of the cell."""
    family, pid = Family(os.getpid()), waits("cat")
    family.started(program(os.getpid(), "first"), Ancestry(os.getpid(), family.of(os.getpid()).born, ()))
    assert family.of(pid).chain == ()


def test_a_process_that_is_gone_has_no_chain() -> None:
    """Nothing is told of it, and nothing is raised."""
    with subprocess.Popen(["true"]) as child:
        child.wait()
    assert Family(1).of(child.pid) == Ancestry(child.pid, b"", ())


def test_a_name_that_looks_like_a_status_changes_nothing(waits: Callable[..., int], tmp_path: Path) -> None:
    """A program that is called `) S 1 (` has its own parent all the same."""
    shutil.copy("/bin/cat", tmp_path / ") S 1 1 (")
    family, pid = Family(1), waits(str(tmp_path / ") S 1 1 ("))
    family.started(program(os.getpid(), "agent"), family.of(os.getpid()))
    assert [link.program for link in family.of(pid).chain] == ["agent"]


def test_a_chain_and_the_memory_of_programs_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a long chain nor many programs cost ever more."""
    monkeypatch.setattr(families, "_MOST", 3)
    family = Family(1)
    before = Ancestry(9, b"9", tuple(program(number, "deep") for number in range(1000, 1200)))
    for pid in range(2000, 2010):
        family.started(program(pid, "next"), before)
    assert len(family._programs) == 3
    assert {len(known.chain) for known in family._programs.values()} == {64}


# ── watched ──────────────────────────────────────────────────────────────────────────────────────

NAMES = frozenset({"ENV", "TF_CLI_ARGS*"})


def test_only_watched_variables_are_picked() -> None:
    """A name is a whole name, a prefix any that begins so; what has no `=` is no variable."""
    entries = (b"ENV=a", b"ENVY=b", b"TF_CLI_ARGS=c=d", b"TF_CLI_ARGS_apply=", b"TF_CLI=x", b"ENV", b"", b"=ENV")
    assert Watched(NAMES)(entries) == (("ENV", "a"), ("TF_CLI_ARGS", "c=d"), ("TF_CLI_ARGS_apply", ""))


def test_a_name_that_occurs_twice_is_told_twice() -> None:
    """Programs differ in which of the two counts, so neither hides the other."""
    assert Watched(NAMES)((b"ENV=b", b"ENV=a")) == (("ENV", "a"), ("ENV", "b"))


def test_bytes_are_kept() -> None:
    """What is no text comes back as the same bytes."""
    ((_, value),) = Watched(NAMES)((b"ENV=\xff\n",))
    assert os.fsencode(value) == b"\xff\n"


def test_what_is_kept_has_an_end() -> None:
    """Neither many entries nor long ones stay in memory, and all are picked the same again."""
    watched = Watched(NAMES)
    entries = (*(b"ENV=%d" % number for number in range(5000)), b"ENV=" + b"x" * 100_000)
    assert watched(entries) == watched(entries) and len(watched(entries)) == 5001
    assert len(watched._seen) <= 4096 and max(map(len, watched._seen)) <= 4096


# ── image ────────────────────────────────────────────────────────────────────────────────────────


class Finder:
    """Finds what this very process would start, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.images = Images(os.getpid(), Catalog("/", []))

    def __call__(self, path: str, *words: str, folder: int = -100, by_descriptor: bool = False) -> Image:
        argv = tuple(map(os.fsencode, words))
        call = Call(os.fsencode(path), argv, (), folder, by_descriptor)
        return self.images.of(call, Standing(os.getpid()), str(self.folder))

    def refused(self, path: str, number: int, folder: int = -100) -> bool:
        with pytest.raises(OSError) as caught:
            self(path, "x", folder=folder)
        return caught.value.errno == number


@pytest.fixture
def find(tmp_path: Path) -> Iterator[Finder]:
    """A finder in a folder of its own."""
    shutil.copy("/usr/bin/uname", tmp_path / "tool")
    find = Finder(tmp_path)
    yield find
    find.images.close()


def script(file: Path, line: bytes) -> str:
    file.write_bytes(line)
    file.chmod(0o755)
    return str(file)


def test_a_file_is_found_however_it_is_named(find: Finder) -> None:
    """By a relative path, links, a folder's descriptor, its own descriptor or a name of that in /proc: one file."""
    tool = find.folder / "tool"
    (find.folder / "link").symlink_to("tool")
    folder, own = os.open(find.folder, os.O_PATH), os.open(tool, os.O_PATH)
    found = [
        find("./tool"), find("link"), find(str(tool)), find("tool", folder=folder),
        find("", folder=own, by_descriptor=True),
        find(f"/proc/self/fd/{own}"), find(f"/dev/fd/{own}"), find(f"/proc/{os.getpid()}/fd/{own}"),
    ]  # fmt: skip
    os.close(folder)
    os.close(own)
    assert {(image.inode, image.path, image.sha256) for image in found} == {
        (tool.stat().st_ino, str(tool), found[0].sha256)
    }
    assert len(found[0].sha256) == 64 and not found[0].script


def test_the_kernels_errors_are_the_callers(find: Finder) -> None:
    """What cannot be started is refused with the kernel's own error, and a FIFO is not waited for."""
    os.mkfifo(find.folder / "fifo")
    (find.folder / "loop").symlink_to("loop")
    assert find.refused("missing", errno.ENOENT) and find.refused("", errno.ENOENT)
    assert find.refused("tool/x", errno.ENOTDIR) and find.refused("loop", errno.ELOOP)
    assert find.refused(".", errno.EACCES) and find.refused("fifo", errno.EACCES)
    assert find.refused("x", errno.EBADF, folder=9999)


def test_a_script_is_its_interpreter_with_the_kernels_words(find: Finder) -> None:
    """The interpreter, the one argument of its line, the script, and the caller's words without their first."""
    inner = script(find.folder / "inner", b"#! ./tool  one  two \n")
    outer = script(find.folder / "outer", b"#!./inner\n")
    image = find("./inner", "called", "x")
    assert image.argv == (b"./tool", b"one  two", b"./inner", b"x")
    assert (image.path, image.first, image.script) == (str(find.folder / "tool"), inner, True)
    image = find("./outer", "called", "x")
    assert image.argv == (b"./tool", b"one  two", b"./inner", b"./outer", b"x")
    assert (image.first, image.path) == (outer, str(find.folder / "tool"))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"#!./tool", (b"./tool",)),
        (b"#!\t ./tool\t-a b\t\nrest", (b"./tool", b"-a b")),
        (b"#!./tool\0hidden\n", (b"./tool",)),
        (b"#!./tool\r\n", None),
    ],
)
def test_the_line_is_read_as_the_kernel_reads_it(find: Finder, line: bytes, words: tuple[bytes, ...] | None) -> None:
    """Blanks around, one argument, an end at NUL; a carriage return is part of the name."""
    script(find.folder / "script", line)
    if words is None:
        assert find.refused("./script", errno.ENOENT)
    else:
        assert find("./script", "x").argv == (*words, b"./script")


def test_interpreters_without_end_are_refused(find: Finder) -> None:
    """A script that is its own interpreter, and a chain that is longer than the kernel follows, are ELOOP."""
    script(find.folder / "self", b"#!./self\n")
    script(find.folder / "empty", b"#!  \n")
    for number in range(7):
        script(find.folder / f"s{number}", b"#!./%s\n" % (b"s%d" % (number - 1) if number else b"tool"))
    assert find.refused("./self", errno.ELOOP) and find.refused("./s6", errno.ELOOP)
    assert find.refused("./empty", errno.ENOEXEC)
    assert find("./s3", "x").argv == (b"./tool", b"./s0", b"./s1", b"./s2", b"./s3")


def test_no_words_are_one_empty_word(find: Finder) -> None:
    """Linux starts a program with an empty argv[0] where it is given none."""
    assert find("./tool").argv == (b"",)
