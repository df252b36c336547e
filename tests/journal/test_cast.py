"""The recording: written as asciicast v3, read back from any moment, whole even after a crash."""

from __future__ import annotations

import errno
import json
import os
import resource
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.errors import JournalError
from supervisor.journal.cast import CastWriter
from supervisor.journal.cast_reader import CastEvent, CastReader
from supervisor.journal.redact import Redactor

TOKEN = "ghp_" + "a1B2" * 9


def events(path: Path) -> list[list[object]]:
    """The lines after the header."""
    return [json.loads(line) for line in path.read_text().splitlines()[1:]]


def test_the_file_is_an_asciicast_v3(tmp_path: Path) -> None:
    """Header, then intervals between events; output, resize, marker and exit, and the digest of exactly these bytes."""
    path = tmp_path / "terminal.cast"
    cast = CastWriter(path, 80, 24, timestamp=1769947200)
    cast.output(b"one \r\n", 0.5)
    cast.resize(100, 30, 0.75)
    cast.marker("denied: terraform destroy", 1.0)
    cast.output(b"two \r\n", 2.0)
    cast.exit(137, 2.5)
    digest = cast.close()
    assert json.loads(path.read_text().splitlines()[0]) == {
        "version": 3,
        "term": {"cols": 80, "rows": 24, "type": "xterm-256color"},
        "timestamp": 1769947200,
    }
    assert events(path) == [
        [0.5, "o", "one \r\n"],
        [0.25, "r", "100x30"],
        [0.25, "m", "denied: terraform destroy"],
        [1.0, "o", "two \r\n"],
        [0.5, "x", "137"],
    ]
    assert digest == sha256(path.read_bytes()).hexdigest()
    assert path.stat().st_mode & 0o777 == 0o600


@given(st.text(min_size=1, max_size=60), st.lists(st.integers(0, 200), max_size=12))
@settings(deadline=None)
def test_text_in_any_chunks_is_recorded_whole(text: str, places: list[int]) -> None:
    """UTF-8 that is split between chunks is put together again, and nothing is lost or doubled."""
    data = text.encode("utf-8", "replace")
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    path = Path(f"/dev/shm/cast-{os.getpid()}") if Path("/dev/shm").is_dir() else Path(f"/tmp/cast-{os.getpid()}")
    path.unlink(missing_ok=True)
    cast, start = CastWriter(path, 80, 24), 0
    for number, end in enumerate(ends):
        cast.output(data[start:end], number * 0.1)
        cast.flush(number * 0.1)
        start = end
    cast.close()
    assert "".join(event.data for event in CastReader(path).events() if event.code == "o") == data.decode()
    path.unlink()


def test_bytes_that_are_no_text_are_marked(tmp_path: Path) -> None:
    """Invalid UTF-8 becomes U+FFFD as on a terminal; the file stays valid JSON in UTF-8."""
    cast = CastWriter(tmp_path / "c", 80, 24)
    cast.output(b"a\xff\xfeb\xe4", 0)
    cast.close()
    assert "".join(str(event[2]) for event in events(tmp_path / "c")) == "a��b�"


def test_times_do_not_drift(tmp_path: Path) -> None:
    """The intervals add up to the time of each event within a millisecond, however many there are."""
    cast = CastWriter(tmp_path / "c", 80, 24)
    for number in range(2_000):
        cast.output(b"x ", number * 0.0137)
    cast.close()
    assert CastReader(tmp_path / "c").length == pytest.approx(1999 * 0.0137, abs=0.001)


def test_a_secret_over_chunks_is_not_recorded(tmp_path: Path) -> None:
    """A token that comes in two chunks with a marker and a flush between them is taken out; order and times stay."""
    cast = CastWriter(tmp_path / "c", 80, 24, redact=Redactor(["hunter2hunter2"]))
    cast.output(f"$ echo {TOKEN[:10]}".encode(), 1.0)
    cast.flush(1.1)
    cast.marker("asks: curl hunter2hunter2", 1.2)
    cast.output(f"{TOKEN[10:]} done\r\n".encode(), 1.5)
    cast.close()
    text = (tmp_path / "c").read_text()
    assert TOKEN[:12] not in text and TOKEN[-12:] not in text and "hunter2" not in text
    read = [(event.at, event.code) for event in CastReader(tmp_path / "c").events()]
    assert read == [(1.0, "o"), (1.0, "o"), (1.2, "m"), (1.5, "o")]


def test_what_is_flushed_is_on_disk(tmp_path: Path) -> None:
    """After the timer's flush, whole words are in the file; an unfinished last word follows two seconds later."""
    cast = CastWriter(tmp_path / "c", 80, 24)
    cast.output(b"make: done\r\ndev@host:~$", 1.0)
    assert events(tmp_path / "c") == []
    cast.flush(1.2)
    assert events(tmp_path / "c") == [[1.0, "o", "make: done\r\n"]]
    cast.flush(3.3)
    assert events(tmp_path / "c")[1:] == [[0.0, "o", "dev@host:~$"]]


def test_a_full_disk_is_told_and_ends_the_recording(tmp_path: Path) -> None:
    """The first fault raises, and so does everything after it; what is there can still be played."""
    cast = CastWriter(tmp_path / "c", 80, 24)
    cast.output(b"one " * 10, 1.0)
    cast.flush(1.0)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "c").stat().st_size + 10, hard))
    try:
        cast.output(b"two " * 10, 2.0)
        with pytest.raises(JournalError, match="cannot be recorded"):
            cast.flush(2.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    for use in (lambda: cast.output(b"x", 3), lambda: cast.flush(3), lambda: cast.marker("x", 3), cast.close):
        with pytest.raises(JournalError):
            use()
    assert "".join(event.data for event in CastReader(tmp_path / "c").events()) == "one " * 10


def test_an_old_recording_is_never_written_over(tmp_path: Path) -> None:
    """A file that is there, even a link, is refused."""
    (tmp_path / "c").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(JournalError):
        CastWriter(tmp_path / "c", 80, 24)
    assert not (tmp_path / "elsewhere").exists()


def test_a_closed_recording_takes_nothing_more(tmp_path: Path) -> None:
    """Closing twice is one closing; writing after it is an error."""
    cast = CastWriter(tmp_path / "c", 80, 24)
    assert cast.close() == cast.close()
    with pytest.raises(JournalError, match="closed"):
        cast.output(b"x", 1)


def test_a_dying_disk_at_the_close_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the recording cannot be made durable, close says so."""
    cast = CastWriter(tmp_path / "c", 80, 24)

    def dying(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", dying)
    with pytest.raises(JournalError, match="Input/output"):
        cast.close()


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def long_cast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten thousand events over an hour, with resizes and markers."""
    path = tmp_path_factory.mktemp("cast") / "terminal.cast"
    cast = CastWriter(path, 80, 24)
    for number in range(10_000):
        at = number * 0.36
        cast.output(f"line {number}\r\n".encode(), at)
        if number % 1_000 == 500:
            cast.resize(80 + number // 1_000, 24, at)
            cast.marker(f"m{number}", at)
    cast.exit(0, 3_600)
    cast.close()
    return path


def test_reading_from_a_moment_gives_what_is_after_it(long_cast: Path) -> None:
    """From any moment on, exactly the events at or after it come, with their times since the start."""
    cast = CastReader(long_cast)
    whole = list(cast.events())
    assert cast.length == 3600 and len(whole) == 10_021
    for since in (0.0, 0.36, 100.0, 1799.99, 3599.0, 3600.0, 4000.0):
        assert list(cast.events(since)) == [event for event in whole if event.at >= since]


def test_size_and_markers_are_known(long_cast: Path) -> None:
    """The terminal's size at a moment, and what is marked, come without playing everything."""
    cast = CastReader(long_cast)
    assert cast.size_at(0) == (80, 24) and cast.size_at(0.36 * 3_500) == (83, 24) and cast.size_at(9_999) == (89, 24)
    assert cast.markers[0] == CastEvent(180.0, "m", "m500") and len(cast.markers) == 10


def test_a_torn_end_is_passed_over(long_cast: Path, tmp_path: Path) -> None:
    """A recording whose last line was not finished plays up to it."""
    lines = long_cast.read_bytes().splitlines(keepends=True)
    (tmp_path / "c").write_bytes(b"".join(lines[:4]) + lines[4][:-3])
    assert len(list(CastReader(tmp_path / "c").events())) == 3


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b"[1]",
        b'["1","o","x"]',
        b'[-1,"o","x"]',
        b'[1,"o",2]',
        b'[NaN,"o","x"]',
        b"\xff",
        b'[true,"o","x"]',
        b"[" * 100000,
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: bytes) -> None:
    """What is no event is an error with the file and the line."""
    (tmp_path / "c").write_bytes(b'{"version":3,"term":{"cols":80,"rows":24}}\n[0.1,"o","x"]\n# fine\n' + line + b"\n")
    with pytest.raises(JournalError) as caught:
        CastReader(tmp_path / "c")
    assert caught.value.where == f"{tmp_path / 'c'}:4"


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"[]\n",
        b'{"version":2,"width":80,"height":24}\n',
        b'{"version":3}\n',
        b'{"version":3,"term":{"cols":0,"rows":1}}\n',
    ],
)
def test_another_file_is_refused(tmp_path: Path, header: bytes) -> None:
    """Only asciicast v3 with a sensible terminal is played."""
    (tmp_path / "c").write_bytes(header)
    with pytest.raises(JournalError, match="asciicast v3"):
        CastReader(tmp_path / "c")


def test_a_missing_recording_is_told(tmp_path: Path) -> None:
    """No file is an error with its place, not a traceback."""
    with pytest.raises(JournalError, match="cannot be read"):
        CastReader(tmp_path / "none")


@given(st.binary(max_size=400))
@settings(deadline=None, max_examples=60)
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Whatever stands after the header, reading ends with events or with an error that says where."""
    path = tmp_path_factory.getbasetemp() / "any.cast"
    path.write_bytes(b'{"version":3,"term":{"cols":80,"rows":24}}\n' + data)
    try:
        list(CastReader(path).events())
    except JournalError as error:
        assert str(path) in error.where
