"""What lies over the terminal when it was asked for: help, details, the whole request, the palette, a last question."""

from __future__ import annotations

from typing import Final

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content

from supervisor.console import pages
from supervisor.console.card.draw import request_rows
from supervisor.console.keysrow import KeysRow
from supervisor.console.look import Look
from supervisor.console.pager import Pager
from supervisor.console.rows import ends, more_rows, paragraph
from supervisor.console.session.paths import HINT
from supervisor.console.session.plan import Plan
from supervisor.console.session.seat import Page, Seat

WIDTH: Final = 84
TITLES: Final = {
    Page.HELP: "keys",
    Page.DETAIL: "details",
    Page.WHOLE: "the whole request",
    Page.PALETTE: "what to do",
    Page.SURE: "kill the agent",
}
FULL: Final = frozenset({Page.DETAIL, Page.WHOLE})


class Over(Container, inherit_bindings=False):
    """One page; short ones lie in the middle and are no larger than what they say."""

    DEFAULT_CSS = """
    Over KeysRow { height: 1; }
    Over Pager { height: 1fr; }
    """

    def compose(self) -> ComposeResult:
        yield KeysRow(id="over-line")
        yield Pager(id="over-text")
        yield KeysRow(id="over-keys")

    @property
    def text(self) -> Pager:
        """The page's rows."""
        return self.query_one("#over-text", Pager)

    def draw(self, seat: Seat, here: Plan, look: Look, cap: str) -> None:
        """Put the page that the seat is at into place, or nothing."""
        page = seat.page
        self.display = page is not None and not here.too_small
        if page is None or here.too_small:
            self.text.show([])
            return
        columns, height = here.terminal
        width = columns if page in FULL else min(columns, WIDTH)
        rows = self._rows(seat, page, width - 4, look, cap)
        line = self.query_one("#over-line", KeysRow)
        line.display = page is Page.PALETTE
        if line.display:
            line.show([Content.assemble((": ", "bold $ask"), seat.line.shown(width - 6, HINT))])
        tall = height if page in FULL else min(len(rows) + 3 + int(line.display), height)
        self.border_title = TITLES[page]
        self.styles.width, self.styles.height = width, tall
        self.styles.offset = ((columns - width) // 2, (height - tall) // 3)
        asked = seat.cards.tag if page is Page.WHOLE else page.value
        self.text.show(rows, tag=asked)
        more = more_rows(self.text.below, look)
        self.query_one("#over-keys", KeysRow).show([ends([("esc goes back", "$quiet")], [(more, "$ask")], width - 4)])

    def _rows(self, seat: Seat, page: Page, width: int, look: Look, cap: str) -> list[Content]:
        match page:
            case Page.HELP:
                where, usable = seat.beneath()
                return pages.help_rows(where, usable, width, cap) + pages.gates_rows(seat.story, width, look)
            case Page.DETAIL if seat.entry:
                return pages.detail_rows(seat.entry, seat.story.timeline.detail(seat.entry.number), width, look)
            case Page.WHOLE if seat.cards.current:
                return request_rows(seat.cards.current, width, look)
            case Page.PALETTE:
                told = paragraph(seat.told, width, "$ask") if seat.told else []
                return [*told, *pages.palette_rows(seat.found(), width)]
            case Page.SURE:
                return pages.sure_rows(len(seat.cards.queue), width)
        return []
