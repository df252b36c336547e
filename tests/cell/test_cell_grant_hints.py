"""What a program start says about paths that its cell does not show."""

from __future__ import annotations

import pytest

from supervisor.cell.granted_hints import MOST_TOLD, Hints
from supervisor.model.grant import PathMatcher
from supervisor.model.request import Exec
from supervisor.policy.scope import Files
from tests.cell.cell_stage import Facts, planned

FACTS = Facts(
    {
        "/home/dev/work/a": "x",
        "/home/dev/work/.envrc": "x",
        "/home/dev/data/file": "x",
        "/home/dev/.aws/credentials": "x",
        "/srv/site/index.html": "x",
        "/usr/share/dict": None,
        "/usr/bin/python3": "x",
        "/tmp/there": "x",
    }
)


def start(*argv: str) -> Exec:
    return Exec(f"/usr/bin/{argv[0]}", argv, "/home/dev/work")


def hints() -> Hints:
    return Hints(planned(FACTS, files=Files()), FACTS)


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (("cat", "/srv/site/index.html"), [("/srv/site/index.html", False)]),
        (("grep", "-r", "x", "/srv/site/../site"), [("/srv/site", False)]),
        (("tool", "--input=/srv/site"), [("/srv/site", False)]),
        (("cp", "a", "/srv/site/new"), [("/srv/site/new", True)]),
        (("cp", "/srv/site/index.html", "a"), [("/srv/site/index.html", False)]),
        (("tee", "/srv/site/new"), [("/srv/site/new", True)]),
        (("dd", "if=/srv/site/index.html", "of=/srv/site/x"), [("/srv/site/index.html", False), ("/srv/site/x", True)]),
        (("touch", "/home/dev/data/new"), [("/home/dev/data/new", True)]),
        (("bash", "-c", "echo x >> /srv/site/log; cat </dev/null >~/data/out"),
         [("/srv/site/log", True), ("/home/dev/data/out", True)]),
        (("touch", "/home/dev/work/.envrc"), [("/home/dev/work/.envrc", True)]),
    ],
)  # fmt: skip
def test_a_path_that_is_not_there_is_told(argv: tuple[str, ...], told: list[tuple[str, bool]]) -> None:
    """The host has it, the cell does not show it (or not for writing), and a human could grant it."""
    assert hints().of(start(*argv)) == told


@pytest.mark.parametrize(
    "argv",
    [
        ("cat", "/home/dev/.aws/credentials"),
        ("cat", "/usr/share/dict", "/no/such/path", "relative", "/home/dev/work/a"),
        ("touch", "/usr/bin/new", "/home/dev/work/new"),
        ("tee", "/tmp/there", "/dev/null", "/proc/self/x"),
        ("touch", "/no/such/folder/new"),
        ("bash", "-c", "echo x > relative; echo y > $HOME/data/x; echo z > /tmp/z"),
        ("bash", "-c"),
        (),
    ],
)
def test_nothing_is_told_of_what_no_grant_would_help(argv: tuple[str, ...]) -> None:
    """Secrets, what is shown, what exists nowhere, the system, and places that the cell has of its own."""
    assert hints().of(Exec("/usr/bin/x", argv, "/")) == []


def test_each_path_is_told_once_and_not_while_it_is_granted() -> None:
    """A loop over one file is one line; a grant is no news; a flood ends."""
    known = hints()
    granted = [PathMatcher("/srv", write=False)]
    assert known.of(start("cat", "/srv/site"), granted) == []
    assert known.of(start("tee", "/srv/site/new"), granted) == [("/srv/site/new", True)]
    assert known.of(start("cat", "/srv/site")) == [("/srv/site", False)]
    assert known.of(start("cat", "/srv/site")) == []
    told = [known.of(start("touch", f"/srv/site/{number}")) for number in range(3 * MOST_TOLD)]
    assert sum(map(len, told)) == MOST_TOLD - 2
