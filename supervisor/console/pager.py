"""A widget that shows rows and knows which of them have been on screen."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual import events
from textual.content import Content
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget


class Pager(Widget, inherit_bindings=False):
    """Rows of exact width, scrolled by whole rows; what is above or below is said in numbers by its owner."""

    can_focus = False

    class Moved(Message):
        """Other rows are in view: `first`..`last` (excluded) of `rows`."""

        def __init__(self, pager: Pager, first: int, last: int, rows: int) -> None:
            super().__init__()
            self.pager, self.first, self.last, self.rows = pager, first, last, rows

        @property
        def control(self) -> Pager:
            return self.pager

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: Sequence[Content] = ()
        self._told: tuple[int, int, int] | None = None
        self.top = 0
        self.picked: int | None = None

    @property
    def rows(self) -> Sequence[Content]:
        """What is shown."""
        return self._rows

    @property
    def above(self) -> int:
        """Rows above the view."""
        return self.top

    @property
    def below(self) -> int:
        """Rows below the view."""
        return max(len(self._rows) - self.top - self.size.height, 0)

    def show(self, rows: Sequence[Content], *, top: int | None = None, picked: int | None = None) -> None:
        """Show other rows; the view stays where it was unless `top` says otherwise."""
        self._rows, self.picked = rows, picked
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
        view = (self.top, min(self.top + self.size.height, len(self._rows)), len(self._rows))
        if view != self._told and self.size.height and self.is_attached:
            self._told = view
            self.post_message(self.Moved(self, *view))

    def forget(self) -> None:
        """Say again what is in view, even if it is the same place as before: these are other rows."""
        self._told = None

    def on_resize(self, event: events.Resize) -> None:
        self._settle()

    def on_show(self, event: events.Show) -> None:
        self._told = None
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
        segments = self._rows[at].render_segments(base)
        return Strip(segments).adjust_cell_length(width, base.rich_style)
