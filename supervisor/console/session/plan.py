"""Where everything stands on the screen, as numbers.

The one rule that matters: the size of the agent's terminal depends on the size of the window alone, so that a question
that arrives never resizes the agent (knowledge/console.md section 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

WIDE: Final = 118
PANEL: Final = 36
PANEL_MOST: Final = 64
SMALLEST: Final = (60, 16)
SHEET: Final = 9


@dataclass(frozen=True, slots=True)
class Plan:
    """Columns and rows. `panel` is the panel's width; `sheet` its height over the terminal, 0 = hidden."""

    columns: int
    rows: int
    wide: bool
    panel: int
    sheet: int
    terminal: tuple[int, int]
    at_top: bool = False

    @property
    def too_small(self) -> bool:
        """The console cannot be drawn; the agent goes on, and what waits keeps waiting."""
        return self.columns < SMALLEST[0] or self.rows < SMALLEST[1]

    @property
    def inner(self) -> int:
        """Columns inside the panel."""
        return self.panel - (3 if self.wide else 2)

    @property
    def height(self) -> int:
        """Rows of the panel."""
        return self.rows - 1 if self.wide else self.sheet


def plan(
    columns: int,
    rows: int,
    *,
    waiting: bool = False,
    in_panel: bool = False,
    wanted: int = 0,
    cursor: int | None = None,
) -> Plan:
    """The plan for a window; `wanted` is the height that the panel's content would like to have.

    The sheet is small until somebody goes into it, and lies at the top while the agent's cursor (its row in the
    terminal, None = not known) is where it would stand otherwise.
    """
    wide = columns >= WIDE
    if wide:
        panel = min(PANEL + (columns - WIDE) * 2 // 5, PANEL_MOST)
        return Plan(columns, rows, True, panel, 0, (columns - panel, rows - 1))
    sheet = 0
    if in_panel:
        sheet = min(max(wanted, SHEET), rows - 4)
    elif waiting:
        sheet = SHEET
    hidden = cursor is not None and not in_panel and cursor >= rows - 1 - sheet
    return Plan(columns, rows, False, columns, sheet, (columns, rows - 1), at_top=bool(sheet) and hidden)
