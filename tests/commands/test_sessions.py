"""`sessions`: a table for people, JSON for programs, quick to start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from supervisor.journal.sessions import sessions_folder
from tests.commands.sessions_stage import HEAVY, imported, run
from tests.journal.material import written
from tests.scenarios import stories
from tests.scenarios.journal import Lines


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Two sessions: one ended, and one after it that crashed with a question open."""
    environment = {"XDG_STATE_HOME": str(tmp_path)}
    written(environment, stories.ended())
    written(environment, stories.asking(), close=False, after=60).release()
    return tmp_path


def test_the_table_tells_the_newest_first(state: Path) -> None:
    """One line a session with its shape, id, counts and outcome, on the standard output."""
    done = run(state, "sessions")
    assert done.returncode == 0 and done.stderr == ""
    head, crashed, ended = done.stdout.splitlines()
    assert head.split() == ["ID", "STARTED", "LASTED", "ALLOWED", "ASKED", "DENIED", "OUTCOME", "SCOPE", "AGENT"]
    assert crashed.startswith("✗ 20260201-120100-") and "crashed" in crashed
    assert ended.startswith("■ 20260201-120000-") and "2 min 52 s" in ended and "exit 0" in ended
    assert max(map(len, (head, crashed, ended))) <= 120


def test_json_is_one_array(state: Path) -> None:
    """`--json` prints every session as an object with plain values."""
    crashed, ended = json.loads(run(state, "sessions", "--json").stdout)
    assert (ended["state"], ended["exit_code"], ended["asked"], ended["denied"]) == ("ended", 0, 2, 2)
    assert (crashed["state"], crashed["exit_code"], crashed["scope"]) == ("crashed", None, "s3-static-site")
    assert Path(ended["folder"]).is_dir()


def test_without_sessions_it_says_where_it_looked(tmp_path: Path) -> None:
    """No sessions is no error."""
    done = run(tmp_path, "sessions")
    assert (done.returncode, done.stdout) == (0, "") and str(tmp_path) in done.stderr
    assert json.loads(run(tmp_path, "sessions", "--json").stdout) == []


def test_many_sessions_are_cut_and_counted(tmp_path: Path) -> None:
    """The newest twenty are listed, the rest is counted, `--all` has them."""
    for number in range(23):
        written({"XDG_STATE_HOME": str(tmp_path)}, Lines().allow("ls"), after=number)
    done = run(tmp_path, "sessions")
    assert len(done.stdout.splitlines()) == 21 and "3 older ones" in done.stderr
    assert len(run(tmp_path, "sessions", "--all").stdout.splitlines()) == 24


def test_hostile_text_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    """An agent's name with control characters does not act on the terminal."""
    environment = {"XDG_STATE_HOME": str(tmp_path)}
    lines = stories.started()
    lines.lines[0]["agent"] = ["\x1b]0;owned\x07claude\u202e"]
    written(environment, lines)
    assert "\x1b" not in run(tmp_path, "sessions").stdout and "\u202e" not in run(tmp_path, "sessions").stdout


def test_a_folder_open_to_others_is_an_error(state: Path) -> None:
    """Exit 2, with the place and the way out."""
    sessions_folder({"XDG_STATE_HOME": str(state)}).chmod(0o777)
    done = run(state, "sessions")
    assert done.returncode == 2 and "fix:" in done.stderr and "chmod 700" in done.stderr


def test_it_starts_light(state: Path) -> None:
    """Listing imports neither the console nor anything of clouds and grammars."""
    assert not imported(state, "sessions", "--json") & HEAVY
