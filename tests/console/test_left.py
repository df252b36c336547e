"""What a session left, in the shell's lines and in the timeline."""

from __future__ import annotations

from supervisor.console.fold import fold
from supervisor.console.left import left_lines
from supervisor.console.look import Mark
from supervisor.console.story import Story
from supervisor.model.codec import Json, rfc3339, to_json
from supervisor.model.event import FilesLeft, LeftBehind, PathWanted, Record
from tests.core.desk import START

LEFT = FilesLeft(
    (
        LeftBehind(".envrc", "new", "your shell runs it", alone=True),
        LeftBehind("a\x1b]0;x\x07b/Makefile", "changed: it includes \n../x", "it runs when you build"),
    ),
    more=3,
    cut="the workspace: there was time for 7 files",
)


def told(*records: Record) -> Story:
    lines: list[Json] = [{"seq": n, "time": rfc3339(START), **to_json(record)} for n, record in enumerate(records)]
    return fold(Story(), lines)


def test_the_shell_reads_each_file_with_its_reason() -> None:
    """What acts alone is marked, what is hostile is visible, what is not listed is counted, a cut is said."""
    lines = left_lines(LEFT)
    assert lines[0] == "agent-supervise: look at these before you use them outside of a session:"
    assert lines[1] == "  ! .envrc (new): your shell runs it"
    assert lines[2].startswith("  - a") and not any(char in line for line in lines for char in "\x1b\x07\n")
    assert lines[3] == "  and 3 more" and "acts without being asked for" in lines[4]
    assert lines[5].endswith("there was time for 7 files")
    assert left_lines(FilesLeft()) == []


def test_the_timeline_and_a_review_tell_the_same() -> None:
    """One entry a file; what acts alone is marked as something that asks for a look."""
    story = told(LEFT)
    titles = [(entry.mark, entry.title) for entry in story.timeline]
    assert titles[0] == (Mark.ASK, "look at .envrc: new") and titles[1][0] is Mark.NOTE
    assert titles[2][1] == "3 more files to look at" and titles[3][1] == "not everything was looked through"
    assert story.left == LEFT


def test_a_wanted_path_comes_with_the_command_that_grants_it() -> None:
    """Ready to be pasted: a hostile name is quoted, and shows what it is."""
    story = told(PathWanted("r1", "/srv/x; rm -rf ~\x1b", True), PathWanted("r2", "/srv/y"))
    first, second = story.timeline
    assert first.title.startswith("not there to write: /srv/x; rm -rf ~") and "\x1b" not in first.title + first.why
    assert "--grant-path '/srv/x; rm -rf ~" in first.why and first.why.endswith("--write")
    assert second.why == "to grant it: agent-supervise answer --grant-path /srv/y"
