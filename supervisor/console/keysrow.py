"""A row (or rows) of keys with their labels, which a mouse can press too."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual import events
from textual.content import Content
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from supervisor.console.bindings import Binding
from supervisor.console.rows import row

Spot = tuple[int, int, int, Binding]


def lay(bindings: Sequence[Binding], width: int, *, armed: bool = True) -> tuple[list[Content], list[Spot]]:
    """Keys on as many rows as they take, and where each stands (row, first column, last column excluded).

    Armed keys are in brackets, others are bare: the difference is not one of colour.
    """
    rows: list[list[tuple[str, str]]] = [[]]
    spots: list[Spot] = []
    used = 0
    for binding in bindings:
        cap = f"[{binding.cap}]" if armed else f" {binding.cap} "
        size = len(cap) + 1 + len(binding.label)
        gap = 2 if used else 0
        if used and used + gap + size > width:
            rows.append([])
            used = gap = 0
        if gap:
            rows[-1].append(("  ", ""))
        spots.append((len(rows) - 1, used + gap, used + gap + size, binding))
        rows[-1] += [(cap, "bold $strong" if armed else "$faint"), (f" {binding.label}", "" if armed else "$faint")]
        used += gap + size
    return [row(*parts) for parts in rows], spots


class KeysRow(Widget, inherit_bindings=False):
    """Shows rows made by `lay` beside other text; a click on a key is the key."""

    can_focus = False

    class Pressed(Message):
        """A key was clicked."""

        def __init__(self, binding: Binding) -> None:
            super().__init__()
            self.binding = binding

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: list[Content] = []
        self._spots: list[Spot] = []

    def show(self, rows: list[Content], spots: Sequence[Spot] = ()) -> None:
        """Show rows; `spots` are in their coordinates."""
        self._rows, self._spots = rows, list(spots)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Press the key that stands here."""
        for line, first, last, binding in self._spots:
            if line == event.y and first <= event.x < last:
                event.stop()
                self.post_message(self.Pressed(binding))
                return

    def render_line(self, y: int) -> Strip:
        base, width = self.visual_style, self.size.width
        if y >= len(self._rows):
            return Strip([Segment(" " * width, base.rich_style)], width)
        return Strip(self._rows[y].render_segments(base)).adjust_cell_length(width, base.rich_style)
