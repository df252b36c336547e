"""What a new host is told after a crash: everything once, at its own size, without what crashed the last two."""

from __future__ import annotations

from supervisor.emulator.tail import SKIPPED, Tail
from supervisor.emulator.wire import OFFSET, SIZE, ToHost, Unframer

Frames = list[tuple[int, bytes]]


def replayed(tail: Tail) -> Frames:
    cutter = Unframer()
    return [frame for sent in tail.replay() for frame in cutter.feed(sent)]


def quiet(frames: Frames) -> int:
    assert frames[0][0] == ToHost.RESTORE
    return int(OFFSET.unpack_from(frames[0][1])[0])


def data(frames: Frames) -> bytes:
    return b"".join(payload for kind, payload in frames if kind == ToHost.DATA)


def fed(*parts: bytes) -> Tail:
    tail = Tail(80, 24)
    for part in parts:
        tail.add(ToHost.DATA, part)
    return tail


def test_answers_are_given_once_however_often_it_crashes() -> None:
    """A host that dies while it is fed again does not make the next one answer what the program was told before."""
    tail = fed(b"x" * 100)
    tail.parsed_to(100)
    assert quiet(replayed(tail)) == 100
    tail.parsed_to(10)
    assert quiet(replayed(tail)) == 100


def test_output_is_fed_at_the_size_that_it_was_made_for() -> None:
    """The first size stands before everything that was printed at it, and later sizes stand where they came."""
    tail = fed(b"first")
    tail.add(ToHost.RESIZE, SIZE.pack(100, 30))
    tail.add(ToHost.DATA, b"second")
    assert replayed(tail)[1:] == [
        (ToHost.RESIZE, SIZE.pack(80, 24)),
        (ToHost.DATA, b"first"),
        (ToHost.RESIZE, SIZE.pack(100, 30)),
        (ToHost.DATA, b"second"),
    ]


def test_a_size_that_came_just_after_a_snapshot_is_kept() -> None:
    """What the snapshot holds is not fed again; the change of size behind it is, in its place."""
    tail = fed(b"first")
    tail.add(ToHost.RESIZE, SIZE.pack(100, 30))
    tail.add(ToHost.DATA, b"second")
    tail.snapshot(5, b"picture")
    assert replayed(tail) == [
        (ToHost.RESTORE, OFFSET.pack(0) + b"picture"),
        (ToHost.RESIZE, SIZE.pack(80, 24)),
        (ToHost.RESIZE, SIZE.pack(100, 30)),
        (ToHost.DATA, b"second"),
    ]


def test_a_snapshot_within_a_piece_keeps_its_rest() -> None:
    """A piece of which the snapshot holds a part is fed from there on."""
    tail = fed(b"0123456789", b"abc")
    tail.snapshot(4, b"picture")
    assert data(replayed(tail)) == b"456789abc"


def test_a_place_that_crashed_two_hosts_is_left_out() -> None:
    """The second crash at one place blanks what follows it; the bytes before and behind it stay, and offsets too."""
    before, poison, behind = b"a" * 1000, b"p" * SKIPPED, b"b" * 1000
    tail = fed(before, poison, behind)
    tail.parsed_to(1000)
    assert data(replayed(tail)) == before + poison + behind
    tail.parsed_to(1000)
    assert data(replayed(tail)) == before + b"\x18" * SKIPPED + behind


def test_a_crash_with_nothing_left_to_parse_leaves_nothing_out() -> None:
    """A host that is killed while it waits, again and again, loses nothing."""
    tail = fed(b"all")
    for _ in range(5):
        tail.parsed_to(3)
        assert data(replayed(tail)) == b"all"


def test_what_is_forgotten_is_not_fed_again() -> None:
    """After forgetting, a new host starts empty, at the size that the terminal has now."""
    tail = fed(b"poison")
    tail.add(ToHost.RESIZE, SIZE.pack(100, 30))
    tail.forget()
    tail.add(ToHost.DATA, b"fresh")
    assert replayed(tail) == [
        (ToHost.RESTORE, OFFSET.pack(0)),
        (ToHost.RESIZE, SIZE.pack(100, 30)),
        (ToHost.DATA, b"fresh"),
    ]
