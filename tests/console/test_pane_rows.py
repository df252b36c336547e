"""Rows of the agent's terminal: cut where something covers them, with the cursor on them."""

from __future__ import annotations

import re

import pytest
from rich.console import Console
from rich.style import Style

from supervisor.console.pane.rows import RowStrip, frame_of, with_cursor
from supervisor.emulator.engine import Theme, open_engine

BASE = Style(color="white", bgcolor="black")
REVERSE = Style(reverse=True)
FAMILY = "👩\u200d💻"
TEXT = f"ab日本{FAMILY}é {FAMILY}z"
WIDTH = 24


def _row(text: str = TEXT) -> RowStrip:
    engine = open_engine(WIDTH, 2, Theme())
    engine.feed(text.encode())
    return RowStrip(engine.changed()[0][1], BASE, frame_of(BASE), WIDTH)


def _bare(drawn: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*[mG]", "", drawn)


@pytest.mark.parametrize("start", range(WIDTH))
def test_a_row_can_be_cut_anywhere(start: int) -> None:
    """A piece has the cells that it says; whole clusters in it are drawn, halves of them are blanks."""
    for end in range(start + 1, WIDTH + 1):
        piece = _row().crop(start, end)
        assert sum(part.cell_length for part in piece) == piece.cell_length == end - start
        drawn = piece.render(Console(color_system="truecolor"))
        assert drawn.count(FAMILY) == (start <= 6 and end >= 8) + (start <= 10 and end >= 12)
        assert "\u200d" not in _bare(drawn).replace(FAMILY, "")


@pytest.mark.parametrize("column", range(WIDTH))
def test_the_cursor_can_stand_anywhere(column: int) -> None:
    """The row keeps its width and can be cut again; a cluster under the cursor is drawn in its look."""
    strip = with_cursor(_row(), column, WIDTH, REVERSE)
    assert sum(part.cell_length for part in strip) == WIDTH
    assert [piece.cell_length for piece in strip.divide([5, 7, WIDTH])] == [5, 2, WIDTH - 7]
    drawn = strip.render(Console(color_system="truecolor"))
    assert re.search(r"\x1b\[(7|[0-9;]*;7)[;m]", drawn)
    if column in (6, 10):
        assert drawn.count(FAMILY) == 2
        assert re.search(rf"\x1b\[7m(\x1b\[[0-9;]*m)*{FAMILY}", drawn)


@pytest.mark.parametrize("width", [5, 7, 11, WIDTH, 30])
def test_a_row_fits_another_width(width: int) -> None:
    """While the window changes its size, a row is cut or filled up, and can still be cut."""
    strip = _row().adjust_cell_length(width, BASE)
    assert sum(part.cell_length for part in strip) == width
    assert strip.crop(1, 4).cell_length == 3
