"""Text laid out as rows of exact width, so that what was on screen can be counted row by row.

Everything here takes text that already went through `visible`; nothing is dropped and nothing is cut without a sign.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.cells import cell_len, get_character_cell_size
from textual.content import Content

from supervisor.console.look import UNICODE, Look

Part = str | tuple[str, str]


def fold(text: str, width: int) -> list[str]:
    """Cut `text` every `width` columns and at line feeds, keeping every character; at least one row."""
    width = max(width, 2)
    rows: list[str] = []
    for line in text.split("\n"):
        if line.isascii():
            rows += [line[at : at + width] for at in range(0, len(line), width)] or [""]
        else:
            rows += _fold_wide(line, width)
    return rows


def _fold_wide(line: str, width: int) -> Iterator[str]:
    start = used = 0
    for at, char in enumerate(line):
        size = get_character_cell_size(char)
        if used + size > width:
            yield line[start:at]
            start, used = at, 0
        used += size
    yield line[start:]


def fold_call(text: str, width: int, look: Look = UNICODE) -> list[Content]:
    """A raw call on rows: broken at spaces where possible, and where a word is broken, a sign in a column of its own.

    A row without the sign ends at one space or line feed of the text, so that no two calls give the same rows.
    """
    room = max(width - 1, 2)
    rows: list[Content] = []
    for line in text.split("\n"):
        used = ""
        for number, word in enumerate(line.split(" ")):
            longer = f"{used} {word}" if number else word
            if cell_len(longer) <= room:
                used = longer
                continue
            if number:
                rows.append(Content(used))
            *whole, used = fold(word, room)
            rows += [row(piece.ljust(room), (look.broken, "$faint")) for piece in whole]
        rows.append(Content(used))
    return rows


def wrap(text: str, width: int) -> list[str]:
    """Break `text` at spaces where that is possible; for our own words, not for raw calls."""
    width = max(width, 2)
    rows: list[str] = []
    for line in text.split("\n"):
        row = ""
        for word in line.split(" "):
            longer = f"{row} {word}" if row else word
            if cell_len(longer) <= width:
                row = longer
                continue
            if row:
                rows.append(row)
            *whole, row = fold(word, width)
            rows += whole
        rows.append(row)
    return rows


def clip(text: str, width: int, look: Look = UNICODE) -> str:
    """`text` in at most `width` columns; an ellipsis shows that it was cut."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return text
    return fold(text, max(width - 1, 2))[0][: width - 1] + look.ellipsis if width > 1 else look.ellipsis


def row(*parts: Part) -> Content:
    """One row from pieces of text and (text, style) pairs; markup is never read."""
    return Content.assemble(*(part if isinstance(part, tuple) else (part, "") for part in parts if _filled(part)))


def _filled(part: Part) -> bool:
    return bool(part[0] if isinstance(part, tuple) else part)


def ends(left: Iterable[Part], right: Iterable[Part], width: int) -> Content:
    """One row with `left` at its left end and `right` at its right end; `left` is cut if both do not fit."""
    start, end = row(*left), row(*right)
    room = width - end.cell_length - 1
    if start.cell_length > room:
        start = start.truncate(max(room, 0), ellipsis=True)
    return Content.assemble(start, " " * max(width - start.cell_length - end.cell_length, 0), end)


def field(label: str, text: str, width: int, *, indent: int = 6, style: str = "", exact: bool = False) -> list[Content]:
    """`label` in a column of its own and `text` beside it on as many rows as it takes."""
    cut = fold if exact else wrap
    rows = cut(text, width - indent)
    return [
        row((f"{label:<{indent}}" if number == 0 else " " * indent, "$quiet"), (piece, style))
        for number, piece in enumerate(rows)
    ]


def more_rows(count: int, look: Look = UNICODE) -> str:
    """How much is below what is in view; nothing if nothing is."""
    return f"{look.down} {count:,} more {'row' if count == 1 else 'rows'}" if count else ""


def paragraph(text: str, width: int, style: str = "", *, indent: int = 0) -> list[Content]:
    """Wrapped text in one style."""
    return [row(" " * indent, (piece, style)) for piece in wrap(text, width - indent)]


def rule(title: Content | str, width: int, look: Look = UNICODE, style: str = "$edge") -> Content:
    """A heading: a thin line with a title in it."""
    head = title if isinstance(title, Content) else Content.styled(title, "$quiet")
    if not head.plain:
        return row((look.line * width, style))
    tail = max(width - head.cell_length - 3, 0)
    return Content.assemble((look.line, style), " ", head, " ", (look.line * tail, style)).truncate(width)
