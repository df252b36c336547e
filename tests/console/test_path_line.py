"""A path that is granted by a line of the palette."""

from __future__ import annotations

import pytest

from supervisor.console.session.paths import GrantPath, typed_path
from supervisor.console.session.seat import Page, Seat
from tests.console.test_seat import LATER, seat
from tests.scenarios import stories
from tests.scenarios.pictures import PREFIX


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("read /data", GrantPath("/data", False, 30)),
        ("write ~/notes 90", GrantPath("~/notes", True, 90)),
        ("  read  /a folder/b 5 min ", GrantPath("/a folder/b", False, 5)),
        ("read /data 99999", GrantPath("/data", False, 1440)),
        ("read /data 0", GrantPath("/data", False, 1)),
        ("read data", None),
        ("read", None),
        ("/data", None),
        ("readme", None),
        ("delete /data", None),
    ],
)
def test_a_line_names_a_path_how_and_for_how_long(text: str, wanted: GrantPath | None) -> None:
    """Anything else is a search in the palette, as it was."""
    assert typed_path(text) == wanted


def typed(here: Seat, text: str) -> None:
    here.key(PREFIX, None, 0, LATER)
    here.key("colon", ":", 1000, LATER)
    for char in text:
        here.key(char, char, 2000, LATER)


def test_enter_wishes_for_what_the_palette_shows() -> None:
    """What Enter will do stands there in words; then the palette is closed."""
    here = seat(stories.quiet())
    typed(here, "write /data 5")
    assert [binding.help for binding in here.found()] == ["let the agent read and write /data for 5 min"]
    assert here.key("enter", None, 3000, LATER) == GrantPath("/data", True, 5)
    assert here.page is None


def test_escape_grants_nothing() -> None:
    """A line that is left is forgotten."""
    here = seat(stories.quiet())
    typed(here, "read /data")
    assert here.key("escape", None, 3000, LATER) is None and here.page is None


def test_a_refusal_brings_the_line_back_with_its_reason() -> None:
    """It can be corrected; typing takes the reason away, and a keyboard that went home is left in peace."""
    here = seat(stories.quiet())
    typed(here, "write /data")
    here.key("enter", None, 3000, LATER)
    here.not_granted("/data", "no such folder")
    assert here.page is Page.PALETTE and here.line.text == "write /data" and here.told == "no such folder"
    here.key("x", "x", 4000, LATER)
    assert here.told == ""
    here.home()
    here.not_granted("/data", "no such folder")
    assert here.page is None


def test_no_question_is_answered_by_it() -> None:
    """With a question open the line still grants a path and nothing else."""
    here = seat(stories.queue())
    typed(here, "read /data")
    assert here.key("enter", None, 3000, LATER) == GrantPath("/data", False, 30)
    assert here.cards.current is not None
