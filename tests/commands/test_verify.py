"""`verify`: exit 0 good, 1 changed with the first bad line, 2 unreadable."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from supervisor.journal.sessions import SessionFolder
from supervisor.model.codec import canonical, to_json
from tests.commands.sessions_stage import HEAVY, imported, run
from tests.journal.material import written
from tests.scenarios import stories
from tests.scenarios.journal import Lines


@pytest.fixture
def session(tmp_path: Path) -> SessionFolder:
    """An ended session with a recording."""
    return written({"XDG_STATE_HOME": str(tmp_path)}, stories.ended(), record=True)


def test_a_good_record_is_good(session: SessionFolder, tmp_path: Path) -> None:
    """Exit 0; the sentence goes to the standard error, nothing to the standard output."""
    done = run(tmp_path, "verify", session.id)
    assert (done.returncode, done.stdout) == (0, "") and "GOOD: 55 lines, closed and signed" in done.stderr


def test_a_changed_line_is_named(session: SessionFolder, tmp_path: Path) -> None:
    """Exit 1, with the file and the number of the first line that is not as it was."""
    lines = session.journal.read_bytes().splitlines(keepends=True)
    lines[30] = lines[30].replace(b"allow", b"denyy", 1)
    session.journal.write_bytes(b"".join(lines))
    done = run(tmp_path, "verify", session.id[:12])
    assert done.returncode == 1 and f"{session.journal}:31" in done.stderr
    found = json.loads(run(tmp_path, "verify", "--json").stdout)
    assert (found["finding"], found["line"], found["session"]) == ("changed", 31, session.id)


def test_a_changed_recording_is_found(session: SessionFolder, tmp_path: Path) -> None:
    """One byte of the recording is enough."""
    session.cast.write_bytes(session.cast.read_bytes().replace(b"dev@host", b"eve@host"))
    done = run(tmp_path, "verify", session.id)
    assert done.returncode == 1 and "recording" in done.stderr


def test_another_session_in_its_place_is_found(session: SessionFolder, tmp_path: Path) -> None:
    """The whole record of another session of this user, put into this one's folder, is not this one's."""
    other = written({"XDG_STATE_HOME": str(tmp_path)}, stories.ended(), after=60)
    for name in ("journal.jsonl", "checkpoint.json"):
        (session.path / name).write_bytes((other.path / name).read_bytes())
    done = run(tmp_path, "verify", session.id)
    assert done.returncode == 1 and other.id in done.stderr


def test_an_open_record_says_so(tmp_path: Path) -> None:
    """A running and a crashed session are open: exit 0, or 1 where only a closed record will do."""
    running = written({"XDG_STATE_HOME": str(tmp_path)}, stories.asking(), close=False)
    assert "OPEN: the session runs" in run(tmp_path, "verify").stderr
    running.release()
    done = run(tmp_path, "verify")
    assert done.returncode == 0 and "OPEN: the session crashed" in done.stderr
    assert run(tmp_path, "verify", "--closed").returncode == 1


def test_an_unreadable_record_is_exit_2(session: SessionFolder, tmp_path: Path) -> None:
    """No journal, a damaged checkpoint, no such session: exit 2 and what to do."""
    (session.path / "checkpoint.json").write_bytes(b"{")
    assert run(tmp_path, "verify", session.id).returncode == 2
    session.journal.unlink()
    done = run(tmp_path, "verify", session.id)
    assert done.returncode == 2 and "UNREADABLE" in done.stderr
    done = run(tmp_path, "verify", "1999")
    assert done.returncode == 2 and "agent-supervise sessions" in done.stderr


def test_it_starts_light(session: SessionFolder, tmp_path: Path) -> None:
    """Verifying imports neither the console nor anything of clouds and grammars."""
    assert not imported(tmp_path, "verify", session.id) & HEAVY


def test_a_session_is_decided_again(tmp_path: Path) -> None:
    """`--replay` takes the frozen scope and comes to the same verdicts; under another one it names the line."""
    pytest.importorskip("supervisor.policy.decide", reason="the policy is not built yet", exc_type=ImportError)
    from tests.core.desk import scope, talk
    from tests.journal.test_replay import RULES, everything

    made = Lines()
    made.lines = everything().lines
    session = written({"XDG_STATE_HOME": str(tmp_path)}, made)
    frozen = session.path / "scope.json"
    frozen.write_text(canonical(to_json(scope(*RULES))))
    done = run(tmp_path, "verify", "--replay")
    assert done.returncode == 0 and "same verdicts" in done.stderr, done.stderr
    frozen.write_text(canonical(to_json(talk().session.scope)))
    done = run(tmp_path, "verify", "--replay")
    assert done.returncode == 1 and f"{session.journal}:1\n" in done.stderr
    frozen.unlink()
    assert run(tmp_path, "verify", "--replay").returncode == 2
