"""The journal: whole, ordered, closed, and changed by nobody."""

from __future__ import annotations

import itertools
import json
import resource
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.errors import JournalError
from supervisor.journal.chain import GENESIS, line_hash, sealed
from supervisor.journal.checkpoint import Checkpoint, write_checkpoint
from supervisor.journal.keys import known_public, load_key, public_bytes
from supervisor.journal.verify import Finding, verify
from supervisor.journal.writer import JournalWriter
from supervisor.model.codec import canonical
from supervisor.model.event import ExecEnded, Fault, Proposal, SessionEnded, SessionStarted
from supervisor.model.request import Subject

START = datetime(2026, 2, 1, 12, tzinfo=UTC)
KEY = Ed25519PrivateKey.generate()
TRUSTED = public_bytes(KEY)


def write(folder: Path, *, closed: bool = True) -> Path:
    """A small whole session in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    journal = JournalWriter(folder, session="s1", key=KEY)
    journal.append(SessionStarted("s1", ("bash",), "/work", "ann", "0"), now=START)
    for second in range(3):
        journal.append(ExecEnded(f"r{second}", "exit 0"), now=START + timedelta(seconds=second))
    journal.append(Proposal(Subject("s1", "bash"), "Bash", "naïve ⟨0xFF⟩ 𝄞"), now=START)
    if closed:
        journal.append(SessionEnded(0, "the agent ended"), now=START)
        journal.close()
    return folder


def test_a_whole_journal_is_good(tmp_path: Path) -> None:
    """A closed session that nobody touched verifies, line by line."""
    found = verify(write(tmp_path), trusted=TRUSTED)
    assert (found.finding, found.lines) == (Finding.GOOD, 6)


def test_lines_carry_what_the_contract_says(tmp_path: Path) -> None:
    """Each line has seq from 0, an RFC 3339 time in UTC, its kind, and the hash of the line before."""
    lines = [json.loads(text) for text in (write(tmp_path) / "journal.jsonl").read_text().splitlines()]
    assert [line["seq"] for line in lines] == list(range(6))
    assert lines[0]["prev"] == "0" * 64
    assert all(after["prev"] == before["hash"] for before, after in itertools.pairwise(lines))
    assert lines[0]["time"] == "2026-02-01T12:00:00.000000Z"
    assert lines[0]["kind"] == "session.started"
    assert (tmp_path / "journal.jsonl").stat().st_mode & 0o777 == 0o600


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session whose bytes the next test changes in copies."""
    return write(tmp_path_factory.mktemp("original"))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_edit_of_one_byte_is_found(original: Path, data: st.DataObject) -> None:
    """Whatever byte of the journal becomes whatever else, verify says changed and names a line."""
    text = (original / "journal.jsonl").read_bytes()
    place = data.draw(st.integers(0, len(text) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda byte: byte != text[place]))
    copy = original.parent / f"{original.name}-copy"
    copy.mkdir(exist_ok=True)
    (copy / "journal.jsonl").write_bytes(text[:place] + bytes([value]) + text[place + 1 :])
    (copy / "checkpoint.json").write_bytes((original / "checkpoint.json").read_bytes())
    found = verify(copy, trusted=TRUSTED)
    assert found.finding is Finding.CHANGED
    assert found.line >= 1


@pytest.mark.parametrize("kept", [0, 1, 3, 5])
def test_a_cut_off_end_is_found(tmp_path: Path, kept: int) -> None:
    """Lines missing at the end do not go unseen, because the checkpoint counts them."""
    folder = write(tmp_path)
    lines = (folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "journal.jsonl").write_bytes(b"".join(lines[:kept]))
    assert verify(folder, trusted=TRUSTED).finding is Finding.CHANGED


def test_removed_and_reordered_lines_are_found(tmp_path: Path) -> None:
    """A line that is missing in the middle, or stands elsewhere, is named."""
    folder = write(tmp_path)
    lines = (folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
    for changed in ([*lines[:2], *lines[3:]], [lines[0], lines[2], lines[1], *lines[3:]]):
        (folder / "journal.jsonl").write_bytes(b"".join(changed))
        found = verify(folder, trusted=TRUSTED)
        assert found.finding is Finding.CHANGED
        assert found.line in (2, 3)


def test_a_rewritten_journal_needs_the_users_key(tmp_path: Path) -> None:
    """A whole new chain with a checkpoint of a foreign key is not this user's journal."""
    folder = write(tmp_path)
    checkpoint = Checkpoint(
        "s1", 6, json.loads((folder / "journal.jsonl").read_text().splitlines()[-1])["hash"], "", True
    )
    write_checkpoint(folder / "checkpoint.json", checkpoint, Ed25519PrivateKey.generate())
    assert verify(folder, trusted=TRUSTED).finding is Finding.CHANGED


def test_a_crashed_session_is_open_not_changed(tmp_path: Path) -> None:
    """A journal without an end is told as unfinished; taking the checkpoint from a finished one is a change."""
    assert verify(write(tmp_path / "open", closed=False), trusted=TRUSTED).finding is Finding.OPEN
    folder = write(tmp_path / "done")
    (folder / "checkpoint.json").unlink()
    assert verify(folder, trusted=TRUSTED).finding is Finding.CHANGED


def test_a_changed_recording_is_found(tmp_path: Path) -> None:
    """The recording's digest stands in the last line, so editing the recording shows."""
    journal = JournalWriter(tmp_path, session="s1", key=KEY)
    (tmp_path / "terminal.cast").write_text("one")
    journal.append(SessionEnded(0, "done", "ab" * 32), now=START)
    journal.close()
    assert "recording" in verify(tmp_path, trusted=TRUSTED).detail


def test_a_full_disk_ends_the_journal_for_good(tmp_path: Path) -> None:
    """After a write that failed, nothing is appended any more, even when there is room again."""
    journal = JournalWriter(tmp_path, session="s1", key=KEY)
    journal.append(Fault("test", "one"), now=START)
    size = (tmp_path / "journal.jsonl").stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        with pytest.raises(JournalError, match="cannot be written"):
            journal.append(Fault("test", "two"), now=START)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with pytest.raises(JournalError):
        journal.append(Fault("test", "three"), now=START)
    with pytest.raises(JournalError):
        journal.close()


def test_an_old_journal_is_never_appended_to(tmp_path: Path) -> None:
    """A folder that holds a journal already is refused."""
    write(tmp_path)
    with pytest.raises(JournalError):
        JournalWriter(tmp_path, session="s1", key=KEY)


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    """The signing key is made on first use, read afterwards, and nobody else's to read."""
    assert known_public(tmp_path / "keys") is None
    first = load_key(tmp_path / "keys")
    assert public_bytes(load_key(tmp_path / "keys")) == public_bytes(first) == known_public(tmp_path / "keys")
    assert (tmp_path / "keys" / "checkpoint.ed25519").stat().st_mode & 0o777 == 0o600


def test_another_whole_record_in_its_place_is_found(tmp_path: Path) -> None:
    """A complete, rightly signed journal of another session of this user does not stand in for this one."""
    folder = write(tmp_path)
    assert verify(folder, trusted=TRUSTED, session="s1").finding is Finding.GOOD
    found = verify(folder, trusted=TRUSTED, session="s2")
    assert (found.finding, found.line) == (Finding.CHANGED, 1) and "s1" in found.detail


def test_an_older_checkpoint_does_not_close_a_journal(tmp_path: Path) -> None:
    """With a checkpoint from before the end put back, the record is open, never good."""
    folder = write(tmp_path, closed=False)
    early = (folder / "checkpoint.json").read_bytes()
    done = write(tmp_path / "done")
    (done / "checkpoint.json").write_bytes(early)
    assert verify(done, trusted=TRUSTED).finding is Finding.OPEN


def test_a_checkpoint_is_there_from_the_first_line(tmp_path: Path) -> None:
    """A journal with lines and without a checkpoint is changed, because every journal begins with one."""
    folder = write(tmp_path, closed=False)
    (folder / "checkpoint.json").unlink()
    assert verify(folder, trusted=TRUSTED).finding is Finding.CHANGED


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b"\xff", b'{"size": "x"}', b"[" * 70_000])
def test_a_damaged_checkpoint_is_unreadable(tmp_path: Path, text: bytes) -> None:
    """What is no checkpoint is told as unreadable, with its file; it never counts as none."""
    folder = write(tmp_path)
    (folder / "checkpoint.json").write_bytes(text)
    found = verify(folder, trusted=TRUSTED)
    assert found.finding is Finding.UNREADABLE and "checkpoint.json" in found.detail


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A journal or checkpoint that became a link to somewhere else is not read."""
    folder = write(tmp_path / "session")
    (folder / "journal.jsonl").rename(tmp_path / "elsewhere")
    (folder / "journal.jsonl").symlink_to(tmp_path / "elsewhere")
    assert verify(folder, trusted=TRUSTED).finding is Finding.UNREADABLE


def test_lines_after_the_end_are_found(tmp_path: Path) -> None:
    """Whatever is put behind a closed journal, whole or torn, is named."""
    folder = write(tmp_path)
    whole = (folder / "journal.jsonl").read_bytes()
    for more in (b"x", whole.splitlines(keepends=True)[0], b"\n"):
        (folder / "journal.jsonl").write_bytes(whole + more)
        found = verify(folder, trusted=TRUSTED)
        assert (found.finding, found.line) == (Finding.CHANGED, 7)


@given(st.dictionaries(st.text("abefghikpqz_", min_size=1, max_size=8), st.text(max_size=20) | st.integers(0, 9)))
def test_a_sealed_line_is_its_canonical_json(fields: dict[str, object]) -> None:
    """The bytes that are written are the canonical JSON of the line, whatever keys stand around the hash."""
    texts = {key: canonical(value) for key, value in fields.items() if key != "hash"}
    found, data = sealed(texts, seq=1, time="t", prev=GENESIS)
    line = json.loads(data)
    assert data == canonical(line).encode() + b"\n" and found == line["hash"] == line_hash(line)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """A signing key that is open to others, a link or damaged signs nothing, and nothing is checked with it."""
    load_key(tmp_path / "keys")
    path = tmp_path / "keys" / "checkpoint.ed25519"
    path.chmod(0o644)
    with pytest.raises(JournalError, match="other users"):
        load_key(tmp_path / "keys")
    with pytest.raises(JournalError, match="other users"):
        known_public(tmp_path / "keys")
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(JournalError, match="no signing key"):
        load_key(tmp_path / "keys")
    path.unlink()
    path.write_bytes(b"short")
    path.chmod(0o600)
    with pytest.raises(JournalError, match="no signing key"):
        load_key(tmp_path / "keys")
