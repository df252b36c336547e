"""The journal on disks that fail: full, read-only, dying; and in a process that is killed."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from supervisor.errors import JournalError
from supervisor.journal import writer
from supervisor.journal.reader import read
from supervisor.journal.verify import Finding, verify
from supervisor.journal.writer import JournalWriter
from supervisor.model.decision import By, Decision
from supervisor.model.effect import Effect
from supervisor.model.event import DecisionRecord, ExecEnded, Fault, Record, SessionEnded, VerdictRecord
from tests.parts import missing
from tests.scenarios.journal import Lines

START = datetime(2026, 2, 1, 12, tzinfo=UTC)
KEY = Ed25519PrivateKey.generate()

_FILL = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from supervisor.errors import JournalError
from supervisor.journal.verify import verify
from supervisor.journal.writer import JournalWriter
from supervisor.model.event import Fault
folder = Path(sys.argv[1])
journal = JournalWriter(folder, session="s1", key=Ed25519PrivateKey.generate())
taken = 0
try:
    while taken < 10_000:
        journal.append(Fault("test", "x" * 1_000), now=datetime.now(UTC))
        taken += 1
except JournalError as error:
    assert error.fix and error.where.endswith("journal.jsonl"), error
    print(error.what)
try:
    journal.append(Fault("test", "again"), now=datetime.now(UTC))
except JournalError:
    print("still broken")
data = (folder / "journal.jsonl").read_bytes()
found = verify(folder)
print(taken, data.count(b"\\n"), data.endswith(b"\\n"), found.finding.value, found.lines)
"""


def writing(folder: Path, **more: object) -> JournalWriter:
    """A new journal in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    return JournalWriter(folder, session="s1", key=KEY, **more)  # type: ignore[arg-type]


def test_a_full_disk_leaves_whole_lines_only(tmp_path: Path) -> None:
    """On a file system without room, exactly the lines that were appended are there, and the journal says why."""
    shell = f'mount -t tmpfs -o size=96k none {tmp_path} && exec {sys.executable} -c "$0" {tmp_path}'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", shell, _FILL]
    if shutil.which("unshare") is None or subprocess.run([*command[:4], "true"], capture_output=True).returncode:
        missing("needs user namespaces to mount a small file system")
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    what, again, counts = done.stdout.splitlines()
    assert "journal cannot be written" in what and "No space left" in what
    assert again == "still broken"
    taken, lines, whole, finding, read_back = counts.split()
    assert taken == lines == read_back and whole == "True" and finding == "open"


def test_a_short_write_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of which only a part fits is removed again; nothing half-written is there to be read."""
    journal = writing(tmp_path)
    journal.append(Fault("test", "one"), now=START)
    whole, really = (tmp_path / "journal.jsonl").read_bytes(), os.write
    monkeypatch.setattr(os, "write", lambda file, data: really(file, data[: len(data) // 2]))
    with pytest.raises(JournalError, match="No space"):
        journal.append(Fault("test", "two"), now=START)
    monkeypatch.undo()
    assert (tmp_path / "journal.jsonl").read_bytes() == whole
    with pytest.raises(JournalError):
        journal.append(Fault("test", "three"), now=START)


@pytest.mark.parametrize("record", [Fault("test", "one"), SessionEnded(0, "left")])
def test_a_failed_fsync_ends_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: Record) -> None:
    """After EIO from fdatasync nothing more is appended, even when the next one would succeed."""
    journal = writing(tmp_path)

    def dying(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", dying)
    with pytest.raises(JournalError, match="Input/output error"):
        journal.append(record, now=START)
    monkeypatch.undo()
    with pytest.raises(JournalError, match="Input/output error"):
        journal.append(record, now=START)
    assert journal.broken is not None


def test_a_disk_that_dies_between_records_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain allow is synced in the background; when that fails, `on_broken` hears of it without another append."""
    told, heard = [], threading.Event()

    def on_broken(error: JournalError) -> None:
        told.append(error)
        heard.set()

    def dying(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    journal = writing(tmp_path, on_broken=on_broken)
    monkeypatch.setattr(os, "fdatasync", dying)
    journal.append(VerdictRecord("r1", Effect.ALLOW, By.POLICY), now=START)
    assert heard.wait(5) and "Input/output error" in told[0].what
    monkeypatch.undo()
    with pytest.raises(JournalError):
        journal.append(VerdictRecord("r2", Effect.ALLOW, By.POLICY), now=START)


def test_what_is_removed_or_changed_below_is_noticed(tmp_path: Path) -> None:
    """A journal that somebody removes or writes to while it is open takes no more records."""
    removed = writing(tmp_path / "removed")
    (tmp_path / "removed" / "journal.jsonl").unlink()
    with pytest.raises(JournalError, match="removed"):
        removed.append(Fault("test", "one"), now=START)
    changed = writing(tmp_path / "changed")
    with (tmp_path / "changed" / "journal.jsonl").open("ab") as file:
        file.write(b"{}\n")
    with pytest.raises(JournalError, match="changed"):
        changed.append(Fault("test", "one"), now=START)


def test_an_interrupted_append_never_doubles_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a signal breaks into an append, the journal ends instead of giving two lines one number."""
    journal = writing(tmp_path)

    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fdatasync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        journal.append(Fault("test", "one"), now=START)
    monkeypatch.undo()
    with pytest.raises(JournalError, match="interrupted"):
        journal.append(Fault("test", "two"), now=START)
    assert verify(tmp_path).finding is Finding.OPEN


def test_what_cannot_be_redacted_is_not_written(tmp_path: Path) -> None:
    """If taking out secrets fails, the record does not reach the disk and the journal ends."""

    def broken(_: object) -> dict[str, object]:
        raise ValueError("no")

    journal = writing(tmp_path, redact=broken)
    with pytest.raises(JournalError):
        journal.append(Fault("test", "one"), now=START)
    assert (tmp_path / "journal.jsonl").read_bytes() == b""


def test_what_matters_is_synced_before_append_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asks, denials, human verdicts and grants are on disk when append returns; a plain allow is within 100 ms."""
    calls: list[str] = []
    synced, really = threading.Event(), os.fdatasync

    def noting(file: int) -> None:
        calls.append(threading.current_thread().name)
        really(file)
        if threading.current_thread().name == "journal-sync":
            synced.set()

    journal = writing(tmp_path)
    monkeypatch.setattr(os, "fdatasync", noting)
    request = Lines().run("git status")
    for effect, by in ((Effect.DENY, By.POLICY), (Effect.ALLOW, By.HUMAN), (Effect.ALLOW, By.GRANT)):
        before = len(calls)
        journal.append(VerdictRecord("r1", effect, by), now=START)
        assert threading.current_thread().name in calls[before:]
    before = len(calls)
    journal.append(DecisionRecord(request, Effect.ASK, Decision(Effect.ASK)), now=START)
    assert len(calls) > before
    synced.clear()
    calls.clear()
    journal.append(DecisionRecord(request, Effect.ALLOW, Decision(Effect.ALLOW)), now=START)
    assert synced.wait(5) and set(calls) == {"journal-sync"}
    assert writer.SYNC_SECONDS <= 0.1


def test_a_killed_process_loses_no_acknowledged_line(tmp_path: Path) -> None:
    """After kill -9 in the middle of writing, every line that append returned is there, and the rest reads as open."""
    script = (
        "import json, sys; from pathlib import Path; from datetime import UTC, datetime\n"
        "from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey\n"
        "from supervisor.journal.writer import JournalWriter; from supervisor.model.event import ExecEnded\n"
        "journal = JournalWriter(Path(sys.argv[1]), session='s1', key=Ed25519PrivateKey.generate())\n"
        "while True:\n"
        "    line = journal.append(ExecEnded('r1', 'x' * 500), now=datetime.now(UTC))\n"
        "    sys.stdout.write(f\"{json.loads(line)['seq']}\\n\"); sys.stdout.flush()\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(200):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        acknowledged = 200 + len(process.stdout.read().split("\n")) - 1
    found = verify(tmp_path)
    assert found.finding is Finding.OPEN and found.lines >= acknowledged


@pytest.mark.parametrize("kept", [1, 40, -2, -1])
def test_a_torn_last_line_is_open_and_not_read(tmp_path: Path, kept: int) -> None:
    """A line that was being written when the machine died is no line, and no sign of a change."""
    journal = writing(tmp_path)
    for number in range(3):
        journal.append(ExecEnded(f"r{number}"), now=START)
    path = tmp_path / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2]) + lines[2][:kept])
    found = verify(tmp_path)
    assert (found.finding, found.lines) == (Finding.OPEN, 2)
    assert [line["seq"] for line in read(tmp_path)] == [0, 1]


def test_threads_append_one_chain(tmp_path: Path) -> None:
    """Records from many threads at once make one unbroken chain."""
    journal = writing(tmp_path)

    def run() -> None:
        for number in range(100):
            journal.append(ExecEnded(f"r{number}"), now=START)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.append(SessionEnded(0, "left"), now=START)
    journal.close()
    assert verify(tmp_path).finding is Finding.GOOD and verify(tmp_path).lines == 801
