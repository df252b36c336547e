"""What a start asks for, read from the memory of a real process: wherever it lies, it is what the kernel would take."""

from __future__ import annotations

import errno
import mmap
import os
import struct
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.gates.exec.caller import Call, read_call, standing
from supervisor.gates.exec.calls import PAGE, Gone, Memory, Note
from supervisor.gates.exec.strings import LONGEST_STRING, MOST_POINTERS, Strings
from tests.cell.cell_stage import PYTHON

PAGES = 1024
END = PAGES * PAGE
WINDOW = 4 * PAGE
EXECVE, EXECVEAT = 59, 322

CHILD = f"""
import ctypes, sys, threading
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
base = libc.mmap(None, {END + PAGE}, 0, 0x22, -1, 0)
assert libc.mmap(base, {END}, 3, 0x11, int(sys.argv[1]), 0) == base
thread = threading.Thread(target=sys.stdin.read)
thread.start()
print(base, thread.native_id, flush=True)
"""


class Region:
    """Memory of a process that this process writes into; what follows its end is not mapped."""

    def __init__(self, pid: int, base: int, thread: int, ours: mmap.mmap) -> None:
        self.pid, self.base, self.thread, self._ours = pid, base, thread, ours
        self._memory, self._strings = Memory(), Strings()

    def put(self, offset: int, data: bytes) -> int:
        """Write `data`; its address in the process."""
        self._ours[offset : offset + len(data)] = data
        return self.base + offset

    def now(self, offset: int, length: int) -> bytes:
        """What stands there."""
        return self._ours[offset : offset + length]

    def list(self, offset: int, *addresses: int) -> int:
        """Write an array of pointers and its NULL; its address."""
        return self.put(offset, struct.pack(f"{len(addresses) + 1}Q", *addresses, 0))

    def read(self, path: int, argv: int = 0, env: int = 0) -> Call:
        return read_call(self._memory, Note(0, self.pid, EXECVE, (path, argv, env, 0, 0, 0)), EXECVEAT, self._strings)

    def read_at(self, *args: int) -> Call:
        folder, path, argv, env, flags = args
        note = Note(0, self.pid, EXECVEAT, (folder, path, argv, env, flags, 0))
        return read_call(self._memory, note, EXECVEAT, self._strings)


@pytest.fixture(scope="module")
def region() -> Iterator[Region]:
    """A process with some MiB to write into."""
    file = os.memfd_create("region")
    os.truncate(file, END)
    with (
        mmap.mmap(file, END) as ours,
        subprocess.Popen(
            [PYTHON, "-c", CHILD, str(file)], pass_fds=[file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child,
    ):
        os.close(file)
        assert child.stdout is not None
        base, thread = map(int, child.stdout.readline().split())
        yield Region(child.pid, base, thread, ours)
        child.communicate()


@pytest.mark.parametrize("border", [PAGE, WINDOW, 2 * WINDOW])
def test_strings_and_arrays_lie_across_borders(region: Region, border: int) -> None:
    """A string or an array, aligned or not, is read whole wherever a page or a window ends in it."""
    path = region.put(END // 2, b"/bin/x\0")
    for before in range(20):
        text = region.put(border - before, b"some words\0")
        assert region.read(text).path == b"some words"
        array = region.list(5 * WINDOW + border - before, text, path, text, path)
        assert region.read(path, array).argv == (b"some words", b"/bin/x") * 2


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_layout_is_read_as_it_is(region: Region, data: st.DataObject) -> None:
    """Whatever the strings are and wherever they and their array lie, the words are those."""
    words = data.draw(st.lists(st.binary(max_size=60).map(lambda word: word.replace(b"\0", b"")), max_size=12))
    at, addresses = data.draw(st.integers(0, 3 * WINDOW)), []
    for word in words:
        addresses.append(region.put(at, word + b"\0"))
        at += len(word) + 1 + data.draw(st.sampled_from([0, 1, 7, PAGE - 3, WINDOW]))
    order = data.draw(st.permutations(range(len(words))))
    array = region.list(at + data.draw(st.integers(0, PAGE)), *(addresses[number] for number in order))
    path = region.put(END // 2, b"/bin/x\0")
    call = region.read(path, array, array)
    assert call.argv == call.env == tuple(words[number] for number in order)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_was_read_before_is_read_as_it_is_now(region: Region, data: st.DataObject) -> None:
    """However often an array was read, a string that changed in its place, or ends elsewhere, is the changed one."""
    count = data.draw(st.integers(1, 6))
    lengths = data.draw(st.lists(st.integers(0, 9), min_size=count, max_size=count))
    starts = [region.put(PAGE + 10 * number, b"x" * length + b"\0") for number, length in enumerate(lengths)]
    array = region.list(3 * WINDOW, *starts)
    path = region.put(END // 2, b"/bin/x\0")
    for _ in range(data.draw(st.integers(1, 4))):
        assert region.read(path, array, array).env == tuple(b"x" * length for length in lengths)
    place = data.draw(st.integers(0, 10 * count - 1))
    region.put(PAGE + place, data.draw(st.sampled_from([b"\0", b"y", b"x"])))
    memory = region.now(PAGE, 10 * count + 1)
    changed = tuple(memory[10 * number :].partition(b"\0")[0] for number in range(count))
    for _ in range(3):
        assert region.read(path, array, array)[1:3] == (changed, changed)


def test_what_ends_with_the_mapped_memory_is_read(region: Region) -> None:
    """The last byte before unmapped memory may be a string's NUL, or an array's."""
    text = region.put(END - 5, b"last\0")
    assert region.read(text).path == b"last"
    first = region.put(PAGE, b"a\0")
    assert region.read(first, region.list(END - 16, first)).argv == (b"a",)


def test_what_goes_on_into_unmapped_memory_is_a_fault(region: Region) -> None:
    """A string without its NUL, an array without its NULL and a pointer to nowhere are EFAULT."""
    good = region.put(PAGE, b"a\0")
    open_ended = region.put(END - 4, b"open")
    starts = [(open_ended,), (region.base + END,), (0,), (8,), ((1 << 64) - 8,), (good, region.base + END)]
    starts += [(good, region.list(2 * PAGE, good, nowhere)) for nowhere in (open_ended, 8, region.base + END)]
    for start in starts:
        with pytest.raises(OSError) as caught:
            region.read(*start)
        assert caught.value.errno == errno.EFAULT, start
    region.put(END - 20, struct.pack("2Q", good, good) + b"\1\1\1\1")
    with pytest.raises(OSError) as caught:
        region.read(good, region.base + END - 20)
    assert caught.value.errno == errno.EFAULT


def test_null_lists_are_empty(region: Region) -> None:
    """No argument list and no environment are empty ones."""
    assert region.read(region.put(PAGE, b"a\0")) == Call(b"a", (), ())


@pytest.mark.parametrize("length", [100_000, LONGEST_STRING - 1])
def test_long_words_are_read_whole(region: Region, length: int) -> None:
    """As long as the kernel takes one."""
    text = region.put(PAGE - 7, b"x" * length + b"\0")
    last = region.put(END // 2, b"last\0")
    assert region.read(last, region.list(3 * END // 4, text, last, text)).argv == (
        b"x" * length,
        b"last",
        b"x" * length,
    )


def test_too_much_is_refused_as_the_kernel_would(region: Region) -> None:
    """A word, a list or all words together that are too long are E2BIG, a path ENAMETOOLONG."""
    good = region.put(END - PAGE, b"a\0")
    long = region.put(PAGE, b"x" * 2 * LONGEST_STRING + b"\0")
    fits = region.put(END // 4, b"x" * 100_000 + b"\0")
    arrays = [region.list(END // 2, long), region.list(END // 2 + PAGE, *[fits] * 84)]
    for start, number in [((long,), errno.ENAMETOOLONG), *(((good, array), errno.E2BIG) for array in arrays)]:
        with pytest.raises(OSError) as caught:
            region.read(*start)
        assert caught.value.errno == number
    endless = region.put(PAGE, struct.pack("Q", good) * (MOST_POINTERS + 1))
    with pytest.raises(OSError) as caught:
        region.read(good, endless)
    assert caught.value.errno == errno.E2BIG


def test_execveats_folder_and_flags_are_the_low_halves(region: Region) -> None:
    """Descriptor and flags are C ints: the kernel does not look at what stands above them."""
    empty, name = region.put(PAGE, b"\0"), region.put(PAGE + 1, b"x\0")
    assert region.read_at((1 << 40) | 7, empty, 0, 0, (1 << 40) | 0x1000) == Call(b"", (), (), 7, True)
    assert region.read_at((1 << 40) | 7, empty, 0, 0, 0x1000).of_descriptor
    assert not region.read_at(7, name, 0, 0, 0x1000).of_descriptor
    assert region.read_at(0xFFFFFF9C, name, 0, 0, 0).folder == -100


def test_a_thread_stands_in_its_process(region: Region) -> None:
    """Whichever thread asks, its process is found, under its own number in its cell too."""
    assert standing(region.thread).pid == standing(region.pid).pid == region.pid != region.thread
    assert standing(region.pid).pid_inside == region.pid


def test_a_process_that_is_gone_has_no_memory() -> None:
    """Reading from one that ended says that it is gone, not that its arguments are bad."""
    with subprocess.Popen(["true"]) as child:
        child.wait()
    with pytest.raises(Gone):
        Memory().read(child.pid, 4096, 1)
    with pytest.raises(OSError):
        standing(child.pid)
