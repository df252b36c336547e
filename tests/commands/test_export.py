"""`export`: the same session for programs, tickets, browsers, SIEMs and players."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from supervisor.journal.sessions import SessionFolder
from tests.commands.sessions_stage import HEAVY, imported, run
from tests.journal.material import written
from tests.scenarios import stories


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one ended and recorded session."""
    folder = tmp_path_factory.mktemp("state")
    written({"XDG_STATE_HOME": str(folder)}, stories.ended(), record=True)
    return folder


@pytest.fixture
def session(state: Path) -> SessionFolder:
    """That session."""
    return SessionFolder(next((state / "agent-supervise" / "sessions").iterdir()))


def test_json_has_everything(state: Path, session: SessionFolder) -> None:
    """One object: session, scope, counts, decisions with verdicts, questions with answers, grants, verification."""
    whole = json.loads(run(state, "export", "--as", "json").stdout)
    assert whole["format"] == "agent-supervise/session/1" and whole["session"]["id"] == session.id
    assert whole["scope"]["scope"] == "s3-static-site"
    assert whole["counts"]["asked"] == 2 and whole["counts"]["requests"] == len(whole["decisions"]) == 21
    first, second = whole["escalations"]
    assert first["answers"][0]["choice"] == "task" and first["shown"] and len(first["holders"]) == 1
    assert second["answers"][0]["message"] == "open a pull request instead"
    assert whole["grants"][0]["by"] == "dev"
    told = [decision for decision in whole["decisions"] if "verdict" in decision]
    denied = [decision for decision in told if decision["verdict"]["effect"] == "deny"]
    assert len(denied) == 2 and denied[0]["decision"]["rules"][0]["line"] == 31
    assert whole["verification"]["finding"] == "good"


def test_a_report_is_for_a_ticket(state: Path) -> None:
    """Markdown with what happened, questions, denials with their rule, grants, and whether the record holds."""
    text = run(state, "export", "--as", "md").stdout
    assert text.startswith("# Session `20260201-120000-")
    for part in ("What happened", "Questions and answers", "Denied", "Grants", "Allowed"):
        assert f"\n## {part}\n" in text
    assert "as it was written (55 lines, closed and signed)" in text
    assert "- `terraform -chdir=infra destroy -auto-approve`" in text and "(`scopes/s3-static-site.yaml:31`)" in text


class _Page(HTMLParser):
    """What tags and attributes a page has."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_a_page_runs_and_loads_nothing(state: Path) -> None:
    """One page of plain tags: no script, no image, no link, and a policy that would stop them."""
    page = _Page()
    text = run(state, "export", "--as", "html").stdout
    page.feed(text)
    plain = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "ul", "li", "code"}
    assert page.tags <= plain
    assert page.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class", "dir"}
    assert "default-src &#x27;none&#x27;" in text


def test_ocsf_is_one_event_a_line(state: Path) -> None:
    """Every event has what its class requires, and its type is its class and activity."""
    events = [json.loads(line) for line in run(state, "export", "--as", "ocsf").stdout.splitlines()]
    required = {"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"}
    more = {
        1007: {"actor", "device", "process"},
        4001: {"dst_endpoint"},
        6003: {"actor", "api", "src_endpoint"},
        6002: {"app"},
    }
    for event in events:
        assert required | more[event["class_uid"]] <= set(event)
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
        assert event["category_uid"] == event["class_uid"] // 1000
    denied = [event for event in events if event.get("action_id") == 2]
    assert [event["process"]["name"] for event in denied] == ["terraform", "git"]


def test_the_recording_comes_out_as_it_is(state: Path, session: SessionFolder, tmp_path: Path) -> None:
    """`--as cast` is the file, byte for byte; so is `-o`, into a file for the user alone."""
    done = run(state, "export", session.id, "--as", "cast", "-o", str(tmp_path / "out.cast"))
    assert done.returncode == 0 and done.stdout == ""
    assert (tmp_path / "out.cast").read_bytes() == session.cast.read_bytes()
    assert (tmp_path / "out.cast").stat().st_mode & 0o777 == 0o600
    assert run(state, "export", "--as", "cast").stdout.encode() == session.cast.read_bytes()


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    """No recording, an unwritable file, a form that does not exist: exit 2 and words, no traceback."""
    written({"XDG_STATE_HOME": str(tmp_path)}, stories.asking())
    for words in (["--as", "cast"], ["--as", "json", "-o", "/nowhere/x"], ["--as", "pdf"], []):
        done = run(tmp_path, "export", *words)
        assert done.returncode == 2 and done.stderr and "Traceback" not in done.stderr, words


def test_a_failed_export_leaves_an_old_file_alone(tmp_path: Path) -> None:
    """The file is only opened when there is something to write."""
    written({"XDG_STATE_HOME": str(tmp_path)}, stories.asking())
    (tmp_path / "out").write_text("precious")
    assert run(tmp_path, "export", "--as", "cast", "-o", str(tmp_path / "out")).returncode == 2
    assert (tmp_path / "out").read_text() == "precious"


@pytest.mark.parametrize("form", ["json", "md", "html", "ocsf"])
def test_a_changed_record_is_exported_with_a_warning(tmp_path: Path, form: str) -> None:
    """A damaged journal is still told as far as it goes; reports say loudly that it was changed."""
    session = written({"XDG_STATE_HOME": str(tmp_path)}, stories.ended())
    lines = session.journal.read_bytes().splitlines(keepends=True)
    session.journal.write_bytes(b"".join([*lines[:20], b"garbage\xff\n", *lines[21:], lines[5][:40]]))
    done = run(tmp_path, "export", "--as", form)
    assert done.returncode == 0
    if form in ("md", "html"):
        assert "THE RECORD WAS CHANGED, the first bad line is 21" in done.stdout
    if form == "json":
        assert json.loads(done.stdout)["verification"]["line"] == 21
        assert json.loads(done.stdout)["session"]["unreadable_lines"] == [21]


def test_it_starts_light(state: Path) -> None:
    """Exporting imports neither the console's screens nor anything of clouds and grammars."""
    assert not imported(state, "export", "--as", "html") & (HEAVY - {"asyncio"})
