"""The panel on the screen: head, question, what else waits, timeline."""

from __future__ import annotations

from datetime import datetime

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content

from supervisor.console.bindings import Where
from supervisor.console.card.draw import one_line
from supervisor.console.card.widget import Card
from supervisor.console.keysrow import KeysRow
from supervisor.console.look import Look
from supervisor.console.pager import Pager
from supervisor.console.panel import draw
from supervisor.console.panel.timeline import TimelineRows
from supervisor.console.session.plan import SHEET, Plan
from supervisor.console.session.seat import Seat

LIST_LEAST = 8
OTHERS = 2


class Panel(Container, inherit_bindings=False):
    """Beside the terminal it shows everything; over it, the question or the timeline, whichever is looked at."""

    DEFAULT_CSS = "Panel > KeysRow { height: 1; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._timeline = TimelineRows()

    def compose(self) -> ComposeResult:
        yield KeysRow(id="head")
        yield Card(id="card")
        yield KeysRow(id="queue")
        yield KeysRow(id="timeline-title")
        yield Pager(id="timeline")

    @property
    def card(self) -> Card:
        """The question."""
        return self.query_one(Card)

    def draw(self, seat: Seat, here: Plan, now: datetime, ms: int, look: Look, cap: str) -> None:
        """Put the seat's state into the panel; `cap` is the prefix as people read it."""
        width = here.inner
        asking = seat.cards.current is not None and (here.wide or not seat.timeline)
        listing = here.wide or not asking
        left = here.height
        head = self.query_one("#head", KeysRow)
        head.display = listing
        if listing:
            rows = draw.head_rows(seat.story, now, width, look, brief=not here.wide)
            head.styles.height = len(rows) + 1
            head.show(rows)
            left -= len(rows) + 1
        others = [waiting for waiting in seat.cards.queue if waiting != seat.cards.current][:OTHERS]
        queue = self.query_one("#queue", KeysRow)
        self.card.display = asking
        queue.display = asking and listing
        if queue.display:
            queue.styles.height = len(others) + 1
            queue.show([one_line(waiting, now, width, look) for waiting in others])
            left -= len(others) + 1
        if asking:
            left -= self._draw_card(seat, now, ms, look, cap, width, left, listing)
        self._draw_timeline(seat, look, width, left - 1, listing)

    def _draw_card(
        self, seat: Seat, now: datetime, ms: int, look: Look, cap: str, width: int, left: int, listing: bool
    ) -> int:
        height = left
        if listing:
            wanted = self.card.wanted(seat.cards, width, look)
            height = max(min(wanted, left - LIST_LEAST), min(SHEET, left))
        self.card.styles.height = height
        live = seat.where in (Where.CARD, Where.GRANT) or (seat.where is Where.TYPING and not seat.searching)
        self.card.show(seat.cards, seat.line, now, ms, width=width, height=height, live=live, look=look, cap=cap)
        return height

    def _draw_timeline(self, seat: Seat, look: Look, width: int, height: int, listing: bool) -> None:
        title, pager = self.query_one("#timeline-title", KeysRow), self.query_one("#timeline", Pager)
        title.display = pager.display = listing
        if not listing:
            return
        live = seat.where is Where.TIMELINE or seat.searching
        shown = seat.shown
        if seat.searching:
            title.show([Content.assemble(("/ ", "bold $ask"), seat.line.shown(width - 2, "search the timeline"))])
        else:
            text = draw.timeline_title(seat.filter, seat.search, len(shown), seat.story.timeline.dropped)
            title.show([draw.heading(text, width, look, live=live)])
        rows, at_row = self._timeline.rows(shown, width, look, seat.picked if live else None)
        pager.styles.height = max(height, 1)
        pager.show(rows, top=None if at_row is not None else max(len(rows) - height, 0), picked=at_row)
