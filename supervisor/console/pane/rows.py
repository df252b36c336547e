"""Rows of the emulator host as strips: drawn from their own SGR text, cut into segments only where they are covered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

from rich.cells import cell_len
from rich.color import Color
from rich.segment import ControlType, Segment
from rich.style import Style
from textual.strip import Strip

from supervisor.emulator.wire import Row

_PIECE: Final = re.compile(r"\x1b\[([0-9;:]*)m|\x1b\[([0-9]+)G|\x1b\]8;;[^\x1b\x07]*\x1b\\")
_ATTRIBUTES: Final = {
    "1": "bold", "2": "dim", "3": "italic", "4": "underline", "5": "blink", "7": "reverse", "8": "conceal",
    "9": "strike", "21": "underline2", "53": "overline",
    "4:1": "underline", "4:2": "underline2", "4:3": "underline", "4:4": "underline", "4:5": "underline",
}  # fmt: skip


@lru_cache(4096)
def _style(codes: tuple[str, ...]) -> Style:
    """The style of some SGR sequences in a row; what rich has no word for is left out."""
    given: dict[str, Any] = {}
    for code in codes:
        words = code.split(";")
        if code in _ATTRIBUTES:
            given[_ATTRIBUTES[code]] = True
        elif words[0] in ("38", "48") and len(words) >= 3:
            try:
                if words[1] == "5":
                    colour = Color.from_ansi(int(words[2]) & 255)
                else:
                    red, green, blue = (int(word) & 255 for word in words[2:5])
                    colour = Color.from_rgb(red, green, blue)
            except ValueError:
                continue
            given["color" if words[0] == "38" else "bgcolor"] = colour
    return Style(**given)


def segments(text: str, base: Style, width: int) -> list[Segment]:
    """A row's SGR text as segments of exactly `width` cells.

    A cluster, behind which an absolute column stands, is drawn as a control over as many blanks as it has cells: how
    wide a terminal draws it then moves nothing.
    """
    found: list[Segment] = []
    column = start = 0
    codes: tuple[str, ...] = ()
    run = ""

    def put(piece: str) -> None:
        nonlocal column
        if piece:
            found.append(Segment(piece, base + _style(codes)))
            column += cell_len(piece)

    for match in _PIECE.finditer(text):
        run += text[start : match.start()]
        start = match.end()
        if match[2] is not None:
            cells = int(match[2]) - 1 - column
            style = base + _style(codes)
            if cells > 0 and run:
                found.append(Segment(" " * cells, style))
                drawn = f"\x1b[{column + 1}G{style.render(run)}\x1b[{column + cells + 1}G"
                found.append(Segment(drawn, None, ((ControlType.CURSOR_MOVE_TO_COLUMN, column + cells),)))
                column += cells
            run = ""
        elif match[1] is not None:
            put(run)
            run = ""
            codes = () if match[1] in ("0", "") else (*codes, match[1])
    put(run + text[start:])
    if column < width:
        found.append(Segment(" " * (width - column), base))
    return found


def _between(parts: Iterable[Segment], start: int, end: int) -> list[Segment]:
    """The segments between two cells. A cluster's control stays with its blanks while they are whole."""
    found: list[Segment] = []
    column, whole = 0, False
    for part in parts:
        if part.control:
            if whole:
                found.append(part)
            continue
        stop = column + cell_len(part.text)
        whole = start <= column and stop <= end
        if whole:
            found.append(part)
        elif column < end and stop > start:
            if stop > end:
                part = part.split_cells(end - column)[0]
            found.append(part.split_cells(start - column)[1] if column < start else part)
        column = stop
    return found


class CutStrip(Strip):
    """A strip that may be cut although there are clusters in it: Textual takes a control's text for cells."""

    __slots__ = ()

    def crop(self, start: int, end: int | None = None) -> Strip:
        """The cells from `start` up to `end`."""
        start = max(start, 0)
        end = self.cell_length if end is None else min(self.cell_length, end)
        if start == 0 and end == self.cell_length:
            return self
        return CutStrip(_between(self._segments, start, end), end - start) if start < end else Strip([], 0)

    def divide(self, cuts: Iterable[int]) -> list[Strip]:
        """The strip in pieces that end at `cuts`."""
        ends = [cut for cut in cuts if cut <= self.cell_length]
        return [self.crop(start, end) for start, end in zip([0, *ends], ends, strict=False)]

    def adjust_cell_length(self, cell_length: int, style: Style | None = None) -> Strip:
        """The strip cut or filled up to that many cells."""
        more = cell_length - self.cell_length
        if more <= 0:
            return self.crop(0, cell_length)
        return CutStrip([*self._segments, Segment(" " * more, style)], cell_length)


class RowStrip(CutStrip):
    """A strip whose drawing is known before its segments are: most rows are never cut, so most have none."""

    __slots__ = ("_base", "_made", "_text")

    def __init__(self, row: Row, base: Style, frame: str, width: int) -> None:
        text = row.text.decode("utf-8", "replace")
        self._made: list[Segment] | None = None
        super().__init__((), width)
        self._text, self._base = text, base
        rest = " " * (width - row.cells)
        self._render_cache = f"{frame}{text.replace(RESET, frame)}{frame}{rest}{RESET}"

    @property
    def _segments(self) -> list[Segment]:
        if self._made is None:
            self._made = segments(self._text, self._base, self.cell_length)
        return self._made

    @_segments.setter
    def _segments(self, value: list[Segment]) -> None:
        self._made = value or None

    def __iter__(self) -> Iterator[Segment]:
        return iter(self._segments)


RESET: Final = "\x1b[0m"


def frame_of(base: Style) -> str:
    """The SGR sequence that begins text in this style and leaves it on."""
    return RESET + base.render("x").partition("x")[0]


def with_cursor(strip: Strip, column: int, width: int, style: Style) -> Strip:
    """The strip with the cursor's cell in `style`; a wide character gets it whole."""
    if not 0 <= column < width:
        return strip
    cell, both = strip.crop(column, column + 1), strip.crop(column, column + 2)
    first = next(iter(both)).text
    if first == "  " and len(list(both)) == 2 and both.text != "  ":
        cell = both  # a cluster of two cells
    elif cell.text == " " and len(both.text) == 1 and cell_len(both.text) == 2:
        cell = both
    covered = [
        Segment(_marked(part.text, style), None, part.control)
        if part.control
        else Segment(part.text or " ", (part.style or Style()) + style)
        for part in cell
    ]
    joined = [*strip.crop(0, column), *covered, *strip.crop(column + max(cell.cell_length, 1), width)]
    return CutStrip(joined, width)


def _marked(drawn: str, style: Style) -> str:
    """A cluster as `segments` draws it, in `style` too."""
    there, column, cluster = drawn.partition("G")
    cluster, back, behind = cluster.rpartition("\x1b[")
    return f"{there}{column}{style.render('x').partition('x')[0]}{cluster}{RESET}{back}{behind}"
