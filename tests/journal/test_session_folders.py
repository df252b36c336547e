"""Sessions on disk: their names, their locks, and what is refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from supervisor.errors import JournalError, UsageError
from supervisor.journal.listing import listed
from supervisor.journal.private import check_private, make_private, write_private
from supervisor.journal.sessions import (
    State,
    find_session,
    is_running,
    list_sessions,
    new_session,
    sessions_folder,
    state_folder,
)
from tests.journal.material import written
from tests.scenarios import stories

START = datetime(2026, 11, 24, 2, 3, 12, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment whose sessions are the test's own."""
    return {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}


def test_a_session_is_private_and_its_id_tells_the_time(home: dict[str, str]) -> None:
    """The folder is 0700, its lock 0600, and the id is the UTC time and four letters."""
    session = new_session(home, START.astimezone())
    assert session.id.startswith("20261124-020312-") and len(session.id) == 20
    assert session.path.stat().st_mode & 0o777 == 0o700
    assert session.path.parent.stat().st_mode & 0o777 == 0o700
    assert (session.path / "session.lock").stat().st_mode & 0o777 == 0o600


def test_ids_sort_by_time(home: dict[str, str]) -> None:
    """The newest session comes first, and is the one that an empty name means."""
    made = [new_session(home, START + timedelta(seconds=seconds)).id for seconds in (0, 5, 61)]
    assert [session.id for session in list_sessions(home)] == made[::-1]
    assert find_session(home).id == made[-1]


def test_a_beginning_or_the_four_letters_name_a_session(home: dict[str, str]) -> None:
    """Any beginning that fits one session names it, and so do its last four letters."""
    first, second = (new_session(home, START + timedelta(days=days)) for days in (0, 1))
    assert find_session(home, "20261124") == first
    assert find_session(home, second.id[-4:]).id == second.id
    with pytest.raises(UsageError, match="fits 2 sessions"):
        find_session(home, "2026")
    with pytest.raises(UsageError, match="no session 'x'"):
        find_session(home, "x")


@pytest.mark.parametrize("wanted", ["../../etc", "/etc", "..", "20261124/../.."])
def test_a_name_never_leads_elsewhere(home: dict[str, str], wanted: str) -> None:
    """A path is no session's name."""
    new_session(home, START)
    with pytest.raises(UsageError):
        find_session(home, wanted)


def test_the_lock_tells_running_from_ended(home: dict[str, str]) -> None:
    """A session runs as long as its lock is held."""
    session = new_session(home, START)
    assert is_running(session) and find_session(home, running=True) == session
    session.release()
    assert not is_running(session)
    with pytest.raises(UsageError, match="no running session"):
        find_session(home, running=True)


def test_a_killed_session_is_crashed(home: dict[str, str]) -> None:
    """When the process that holds the lock is killed, the kernel lets go of it."""
    script = (
        "import sys,time; from datetime import datetime,UTC; from supervisor.journal.sessions import new_session\n"
        "print(new_session({'XDG_STATE_HOME': sys.argv[1]}, datetime.now(UTC)).id, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", script, home["XDG_STATE_HOME"]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        session = find_session(home, process.stdout.readline().strip())
        assert is_running(session)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not is_running(session)


def test_a_link_is_no_session(home: dict[str, str], tmp_path: Path) -> None:
    """A symbolic link among the sessions, or in the place of their folder, is not followed."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    new_session(home, START)
    (sessions_folder(home) / "20261125-000000-aaaa").symlink_to(elsewhere)
    assert len(list_sessions(home)) == 1
    other = {"XDG_STATE_HOME": str(tmp_path / "other")}
    make_private(state_folder(other))
    sessions_folder(other).symlink_to(elsewhere)
    for use in (lambda: new_session(other, START), lambda: list_sessions(other)):
        with pytest.raises(JournalError, match="symbolic link"):
            use()


def test_an_open_folder_is_refused(home: dict[str, str]) -> None:
    """Sessions that other users may read or replace are not used, and the error says how to close them."""
    new_session(home, START)
    sessions_folder(home).chmod(0o755)
    with pytest.raises(JournalError, match="other users") as caught:
        new_session(home, START)
    assert "chmod 700" in str(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_foreign_folder_is_refused(tmp_path: Path) -> None:
    """A folder of another user is not used."""
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o700)
    os.chown(folder, 65534, 65534)
    with pytest.raises(JournalError, match="another user"):
        check_private(folder)


def test_a_relative_state_home_is_passed_over() -> None:
    """XDG wants absolute paths; without any home there is an error, not a folder in the workspace."""
    assert state_folder({"XDG_STATE_HOME": "x", "HOME": "/h"}) == Path("/h/.local/state/agent-supervise")
    with pytest.raises(JournalError, match="HOME"):
        state_folder({"XDG_STATE_HOME": "x", "HOME": ""})


def test_the_list_tells_what_came_of_each(home: dict[str, str]) -> None:
    """Agent, scope, duration, counts and outcome come from the journal; counts cannot be written by the agent."""
    ended = listed(written(home, stories.ended()))
    assert (ended.state, ended.outcome, ended.agent, ended.scope) == (State.ENDED, "exit 0", "claude", "s3-static-site")
    assert (ended.asked, ended.denied, ended.exit_code) == (2, 2, 0)
    assert ended.seconds == pytest.approx(172.2)
    running = listed(written(home, stories.queue(), close=False, after=60), stories.queue().now)
    assert (running.state, running.waiting, running.outcome) == (State.RUNNING, 3, "running, 3 waiting")
    forged = stories.started()
    forged.allow('echo "kind":"verdict"', 'echo "kind":"escalation.opened"')
    assert listed(written(home, forged, after=120)).asked == 0


def test_a_damaged_session_is_listed_as_unreadable(home: dict[str, str]) -> None:
    """A folder without a journal does not break the list."""
    session = new_session(home, START)
    session.release()
    assert listed(session).outcome == "unreadable"
    session.journal.write_bytes(b"\xff\xfe{}\n")
    assert listed(session).outcome == "unreadable"


def test_a_file_of_a_session_is_written_once_and_private(tmp_path: Path) -> None:
    """A frozen copy is for the user alone and is never replaced, not through a link either."""
    write_private(tmp_path / "scope.yaml", "scope: x\udcff\n")
    assert (tmp_path / "scope.yaml").read_bytes() == b"scope: x\xff\n"
    assert (tmp_path / "scope.yaml").stat().st_mode & 0o777 == 0o600
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("scope.yaml", "link"):
        with pytest.raises(FileExistsError):
            write_private(tmp_path / name, "other")
    assert not (tmp_path / "elsewhere").exists()
