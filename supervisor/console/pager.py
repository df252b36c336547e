"""A widget that shows rows and knows which of them have really been drawn."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual import events
from textual.content import Content
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget


class Pager(Widget, inherit_bindings=False):
    """Rows of exact width, scrolled by whole rows; what is below is said in numbers by its owner.

    `tag` names what the rows are of. `Drawn` carries the tag under which its rows were drawn, so that rows of one thing
    are never counted for another, and it is sent from the drawing itself, so that no row counts that was only meant
    to be shown.
    """

    can_focus = False

    class Drawn(Message):
        """The rows with these numbers, of `total`, were put on the screen under `tag`."""

        def __init__(self, pager: Pager, rows: frozenset[int], total: int, tag: str) -> None:
            super().__init__()
            self.pager, self.rows, self.total, self.tag = pager, rows, total, tag

        @property
        def control(self) -> Pager:
            return self.pager

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: Sequence[Content] = ()
        self._drawn: set[int] = set()
        self._telling = False
        self.tag = ""
        self.top = 0

    @property
    def rows(self) -> Sequence[Content]:
        """What is shown."""
        return self._rows

    @property
    def below(self) -> int:
        """Rows below the view."""
        return max(len(self._rows) - self.top - self.size.height, 0)

    def show(
        self, rows: Sequence[Content], *, top: int | None = None, picked: int | None = None, tag: str = ""
    ) -> None:
        """Show other rows; the view stays where it was unless `top`, `picked` or another `tag` moves it."""
        if tag != self.tag:
            self.tag, self.top = tag, 0
            self._drawn.clear()
        self._rows = rows
        self.top = self.top if top is None else top
        if picked is not None:
            self.top = min(max(self.top, picked - self.size.height + 1), picked)
        self._settle()

    def scroll_rows(self, by: int) -> None:
        """Move the view; it stops at both ends."""
        self.top += by
        self._settle()

    def scroll_page(self, pages: float) -> None:
        """Move by part of the height; at least one row, and one row of what was seen stays."""
        self.scroll_rows(int(pages * max(self.size.height - 1, 1)) or (1 if pages > 0 else -1))

    def _settle(self) -> None:
        self.top = max(0, min(self.top, len(self._rows) - self.size.height))
        self.refresh()

    def _tell(self) -> None:
        self._telling = False
        if self._drawn:
            self.post_message(self.Drawn(self, frozenset(self._drawn), len(self._rows), self.tag))
            self._drawn.clear()

    def on_resize(self, event: events.Resize) -> None:
        self._settle()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.scroll_rows(3)
        event.stop()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.scroll_rows(-3)
        event.stop()

    def render_line(self, y: int) -> Strip:
        base = self.visual_style
        width = self.size.width
        at = self.top + y
        if not 0 <= at < len(self._rows):
            return Strip([Segment(" " * width, base.rich_style)], width)
        if self.tag:
            self._drawn.add(at)
            if not self._telling:
                self._telling = True
                self.call_after_refresh(self._tell)
        segments = self._rows[at].render_segments(base)
        return Strip(segments).adjust_cell_length(width, base.rich_style)
