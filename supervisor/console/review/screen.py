"""The review on the screen: the recording, the timeline beside or below it, and the transport."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.screen import Screen

from supervisor.console import pages
from supervisor.console.bindings import Where
from supervisor.console.keysrow import KeysRow, lay
from supervisor.console.look import UNICODE, Look
from supervisor.console.pager import Pager
from supervisor.console.panel import draw as panel
from supervisor.console.panel.timeline import TimelineRows
from supervisor.console.review import draw
from supervisor.console.review.state import Overlay, Review
from supervisor.console.review.tape import Tape
from supervisor.console.rows import Part, ends, row
from supervisor.console.session.plan import SMALLEST, plan
from supervisor.console.story import Story
from supervisor.model.visible import visible

FPS = 20


class ReviewScreen(Screen[int], inherit_bindings=False):
    """One past session; `tape` is None where the terminal was not recorded."""

    AUTO_FOCUS = None
    CSS = """
    ReviewScreen { background: $background; layers: base over; }
    #tape { dock: top; background: $background; }
    #list { background: $surface; padding: 0 1; }
    #list KeysRow, #foot KeysRow { height: 1; }
    #list Pager { height: 1fr; }
    #foot { dock: bottom; height: 2; background: $panel; }
    #over { layer: over; dock: top; background: $surface; border: round $edge-live; border-title-color: $strong;
            padding: 0 1; display: none; }
    """

    def __init__(
        self, story: Story, tape: Tape | None, *, look: Look = UNICODE, clock: Callable[[], float] = monotonic
    ) -> None:
        super().__init__()
        self.review = Review(story, tape.length if tape else 0.0)
        self.tape, self.look, self.clock = tape, look, clock
        self._timeline, self._ticked, self._seen = TimelineRows(), clock(), -1.0

    def compose(self) -> ComposeResult:
        with Container(id="tape"):
            if self.tape is not None:
                yield self.tape.widget()
            else:
                yield Pager(id="no-tape")
        with Container(id="list"):
            yield KeysRow(id="list-head")
            yield KeysRow(id="list-title")
            yield Pager(id="entries")
        with Container(id="over"):
            yield Pager(id="over-text")
        with Container(id="foot"):
            yield KeysRow(id="transport")
            yield KeysRow(id="keys")

    def on_mount(self) -> None:
        self.set_interval(1 / FPS, self.tick)
        self.call_after_refresh(self.redraw)

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.redraw)

    def tick(self) -> None:
        """Play on."""
        now = self.clock()
        passed, self._ticked = now - self._ticked, now
        if self.review.playing:
            self.review.tick(passed)
            self.redraw()

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        self._scroll(self.review.key(event.key, event.character))

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        if self.review.where is Where.TYPING:
            self.review.line = self.review.line.insert(event.text)
            self.review.search = self.review.line.text
            self.redraw()

    def on_keys_row_pressed(self, event: KeysRow.Pressed) -> None:
        self._scroll(self.review.act(event.binding))

    def _scroll(self, what: str) -> None:
        kind, _, by = what.partition(":")
        over = self.query_one("#over-text", Pager)
        if kind == "rows":
            over.scroll_rows(int(by))
        elif kind == "pages":
            over.scroll_page(int(by))
        elif kind == "edge":
            over.scroll_rows(int(by) * len(over.rows))
        if self.review.left:
            self.app.exit(0)
            return
        self.redraw()

    def redraw(self) -> None:
        """Put the review's state on the screen."""
        if not (self.query("#keys") and self.query("#entries") and self.query("#over-text")):
            self.call_after_refresh(self.redraw)  # children of children come after the screen itself
            return
        review, look, size = self.review, self.look, self.app.size
        here = plan(size.width, size.height)
        width, height = size.width, size.height - 2
        listing = here.panel if here.wide else width
        below = 0 if here.wide else max(height // 2, 7)
        tape, beside, over = self.query_one("#tape"), self.query_one("#list"), self.query_one("#over")
        tape.styles.width = width - listing if here.wide else width
        tape.styles.height = height - below
        beside.styles.dock = "right" if here.wide else "bottom"
        beside.styles.width = listing
        beside.styles.height = below or height
        beside.styles.margin = (0, 0, 2, 0)
        if here.too_small:
            tape.styles.width, tape.styles.height, beside.display = width, size.height, False
        else:
            beside.display = True
        over.display = review.page is not None and not here.too_small
        over.styles.width, over.styles.height = width, height
        if self.tape is None:
            says = pages.small_rows(width, size.height, SMALLEST, 0) if here.too_small else _nothing()
            self.query_one("#no-tape", Pager).show(says)
        elif review.moment != self._seen:
            self._seen = review.moment
            self.tape.seek(review.moment)
        if not here.too_small:
            self._draw_list(listing - 2, (below or height) - 2)
            self._draw_page(width - 4)
        self.query_one("#transport", KeysRow).show([draw.transport(review, width, look)])
        keys, spots = lay([b for b in review.usable() if b.shown], width - 2)
        self.query_one("#keys", KeysRow).show(
            [Content.assemble(" ", keys[0])], [(at, first + 1, last + 1, b) for at, first, last, b in spots if at == 0]
        )

    def _draw_list(self, width: int, height: int) -> None:
        review, look, story = self.review, self.look, self.review.story
        scope = visible(story.scope.scope) if story.scope else "no scope was loaded"
        parts: list[Part] = panel.count_parts(story, look) if width >= 56 else []
        when = story.started.astimezone().strftime("%Y-%m-%d %H:%M")
        head = ends([(scope, "bold $strong"), "  ", *parts], [(when, "$quiet")], width)
        self.query_one("#list-head", KeysRow).show([head])
        title = self.query_one("#list-title", KeysRow)
        shown = review.shown
        if review.searching:
            title.show([Content.assemble(("/ ", "bold $ask"), review.line.shown(width - 2, "search the timeline"))])
        else:
            text = panel.timeline_title(review.filter, review.search, len(shown), story.timeline.dropped)
            title.show([panel.heading(text, width, look, live=True)])
        rows, at_row = self._timeline.rows(shown, width, look, review.picked)
        self.query_one("#entries", Pager).show(rows, picked=at_row)

    def _draw_page(self, width: int) -> None:
        review, over = self.review, self.query_one("#over")
        if review.page is None:
            return
        over.border_title = "details" if review.page is Overlay.DETAIL else "keys"
        rows: list[Content] = []
        if review.page is Overlay.HELP:
            review.page = None
            rows = pages.key_rows(review.usable(), width)
            review.page = Overlay.HELP
        elif review.entry:
            line = review.story.timeline.detail(review.entry.number)
            rows = pages.detail_rows(review.entry, line, width, self.look)
        self.query_one("#over-text", Pager).show(rows)


def _nothing() -> list[Content]:
    return [row(), row(("  the terminal of this session was not recorded", "$quiet"))]
