"""The session on the screen: draws the seat's state, carries out its wishes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic_ns
from typing import Any, Protocol

from textual import events, work
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from supervisor.console import pages
from supervisor.console.alerts import Alerts
from supervisor.console.bindings import Where, cap_of
from supervisor.console.card.draw import one_line, request_rows
from supervisor.console.card.widget import Card
from supervisor.console.fold import take
from supervisor.console.keysrow import KeysRow, lay
from supervisor.console.link import Answered, Ended, Link, Lost, Records, Vanished, Welcome
from supervisor.console.look import UNICODE, Look, Mark
from supervisor.console.pager import Pager
from supervisor.console.panel import draw
from supervisor.console.panel.timeline import TimelineRows
from supervisor.console.rows import Part, ends, more_rows, row
from supervisor.console.session.plan import SMALLEST, Plan, plan
from supervisor.console.session.seat import EndGrant, Give, Leave, Page, Scroll, Seat, ToAgent, Wish
from supervisor.console.story import Story
from supervisor.core.arming import QUIET_MS
from supervisor.core.keys import DEFAULT_PREFIX, Router
from supervisor.model.visible import visible

FRAME_MS = 80
OVER_WIDTH = 84
TITLE_LENGTH = 80
BATCH = 500


class Pane(Protocol):
    """What the session screen needs of the agent's terminal (`console.pane.TerminalPane`)."""

    def send_key(self, event: events.Key) -> None: ...

    def send_paste(self, text: str) -> None: ...


PaneMaker = Callable[[str], Any]


def _pane(socket: str) -> Any:
    from supervisor.console.pane import TerminalPane

    return TerminalPane(socket)


class SessionScreen(Screen[int], inherit_bindings=False):
    """One console on one session."""

    AUTO_FOCUS = None
    CSS_PATH = "session.tcss"

    def __init__(
        self,
        control: Path,
        console: str,
        *,
        prefixes: tuple[str, ...] = (DEFAULT_PREFIX,),
        read_only: bool = False,
        look: Look = UNICODE,
        pane: PaneMaker = _pane,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        ms: Callable[[], int] = lambda: monotonic_ns() // 1_000_000,
    ) -> None:
        super().__init__()
        self.story = Story()
        self.seat = Seat(self.story, Router(prefixes))
        self.link = Link(control, console, (80, 23), lambda: self.story.next_seq)
        self.look, self.now, self.ms = look, now, ms
        self.exit_code: int | None = None
        self.state = "connecting"
        self._read_only = read_only
        self._cap = cap_of(prefixes[0])
        self._make_pane, self._pane, self._pane_socket = pane, None, ""
        self._alerts = Alerts("agent-supervise")
        self._drawing = False
        self._covered = False
        self._shown_told: set[str] = set()
        self._timeline = TimelineRows()

    def compose(self) -> ComposeResult:
        yield Container(id="terminal")
        with Container(id="panel"):
            yield KeysRow(id="head")
            yield Card(id="card")
            yield KeysRow(id="queue")
            yield KeysRow(id="timeline-title")
            yield Pager(id="timeline")
        with Container(id="over"):
            yield KeysRow(id="over-line")
            yield Pager(id="over-text")
            yield KeysRow(id="over-keys")
        yield KeysRow(id="small")
        yield KeysRow(id="footer")

    def on_mount(self) -> None:
        self.set_interval(1.0, self.redraw)
        self.draw_now()
        self.follow()

    # What the session says

    @work(exclusive=True)
    async def follow(self) -> None:
        """Follow the session until it is over."""
        import asyncio

        async for heard in self.link.listen():
            match heard:
                case Welcome():
                    self.state = "live"
                    await self._set_pane(heard.screen)
                    self._tell_size()
                case Records():
                    for number, line in enumerate(heard.lines):
                        take(self.story, line)
                        if number % BATCH == BATCH - 1:
                            await asyncio.sleep(0)
                    self._synced()
                case Answered():
                    self.seat.cards.heard(heard.escalation, heard.accepted, visible(heard.why))
                case Lost():
                    self.state = "reconnecting"
                    self.seat.cards.lost()
                case Ended():
                    self.exit_code = heard.exit_code
                    self.dismiss_with(heard.exit_code)
                case Vanished():
                    self.state = "vanished"
                    self.seat.over = True
            self.redraw()

    def _synced(self) -> None:
        if self.seat.sync(self.ms()):
            self.query_one(Card).request.forget()
            self.query_one(Card).request.top = 0
        out = self._alerts.update([waiting.id for waiting in self.seat.cards.queue], self.ms())
        if out:
            self.write(out)

    def write(self, text: str) -> None:
        """Send control text of our own making (bell, title, notification) to the terminal."""
        driver = self.app._driver
        if text and driver is not None and not self.app.is_headless:
            driver.write(text)

    def dismiss_with(self, code: int) -> None:
        """Leave with the agent's exit code."""
        self.link.close()
        self.app.exit(code)

    async def _set_pane(self, socket: str) -> None:
        if self._pane is not None and socket == self._pane_socket:
            return
        slot = self.query_one("#terminal", Container)
        await slot.remove_children()
        self._pane_socket = socket
        self._pane = self._make_pane(socket) if socket else None
        if isinstance(self._pane, Widget):
            self._pane.can_focus = False
            await slot.mount(self._pane)

    def _tell_size(self) -> None:
        self.link.resize(*self.plan().terminal)

    # Keys, paste, mouse

    def on_key(self, event: events.Key) -> None:
        """Every key comes here first: no widget of ours has the focus."""
        event.stop()
        event.prevent_default()
        wish = self.seat.key(event.key, event.character, self.ms(), self.now())
        self.carry_out(wish, event)
        self.redraw(now=not isinstance(wish, ToAgent))

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        if self.seat.paste(event.text, self.ms()) and self._pane is not None:
            self._pane.send_paste(event.text)
        self.redraw()

    def on_click(self, event: events.Click) -> None:
        """A click on the panel brings the keyboard there, one on the terminal takes it back."""
        self.seat.pressed(self.ms())
        widget = event.widget
        inside = widget is not None and any(node.id in ("panel", "over") for node in widget.ancestors_with_self)
        if inside and not self.seat.router.in_panel:
            self.seat.router = self.seat.router.to_panel()
        elif not inside and self.seat.router.in_panel and widget is not None and widget.id != "footer":
            self.seat.home()
        self.redraw(now=True)

    def on_keys_row_pressed(self, event: KeysRow.Pressed) -> None:
        """A clicked key is the key: the same guards hold."""
        self.carry_out(self.seat.act(event.binding, self.ms(), self.now()), None)
        self.seat.pressed(self.ms())
        self.redraw(now=True)

    def on_app_focus(self, event: events.AppFocus) -> None:
        """The window is looked at again: keys that were meant for another one must not answer."""
        self._alerts.looked_at = True
        self.seat.pressed(self.ms())

    def on_app_blur(self, event: events.AppBlur) -> None:
        self._alerts.looked_at = False

    def on_terminal_pane_title_changed(self, event: Any) -> None:
        """The agent names its window: shown while nothing waits, as visible text of bounded length."""
        title = visible(str(event.title))[:TITLE_LENGTH]
        self.write(self._alerts.rename(f"{title} · agent-supervise" if title else "agent-supervise"))

    def on_terminal_pane_bell(self, event: Any) -> None:
        """The agent's own bell goes on to the terminal."""
        self.write("\a")

    def carry_out(self, wish: Wish | None, event: events.Key | None) -> None:
        """Do what the seat wishes for."""
        match wish:
            case ToAgent():
                if self._pane is not None and event is not None and not self._read_only:
                    self._pane.send_key(event)
            case Give(answer=answer):
                if self._read_only:
                    self.seat.cards.heard(answer.escalation, False, "this console only reads")
                elif not self.link.answer(answer):
                    self.seat.cards.lost()
            case Scroll(rows=rows, pages=pages_, edge=edge):
                pager = self._reading()
                pager.scroll_rows(rows or edge * len(pager.rows)) if not pages_ else pager.scroll_page(pages_)
            case EndGrant(grant=grant):
                self.link.end_grant(grant)
            case Leave.DETACH:
                self.dismiss_with(DETACHED)
            case Leave.KILL:
                self.seat.page = None
                self.link.kill()
            case Leave.OVER:
                self.dismiss_with(self.exit_code if self.exit_code is not None else VANISHED)

    def _reading(self) -> Pager:
        return self.query_one("#over-text", Pager) if self.seat.page else self.query_one(Card).request

    # What was on screen

    def on_pager_moved(self, event: Pager.Moved) -> None:
        """Rows of the question were drawn: this is what arms it."""
        cards = self.seat.cards
        whole = self.seat.page is Page.WHOLE and event.pager.id == "over-text"
        plain = event.pager.id == "request" and not self._covered
        if cards.current is None or self.plan().too_small or not (whole or plain):
            return
        if cards.saw(event.first, event.last, event.rows, cards.current.digest, self.ms()):
            self.link.shown(cards.current.id)
        self.set_timer((QUIET_MS + 20) / 1000, self.redraw)
        self.redraw()

    # Drawing

    def plan(self) -> Plan:
        """Where everything stands now."""
        size = self.app.size
        wanted = 0
        if self.seat.router.in_panel:
            card = self.query_one(Card).wanted(self.seat.cards, size.width - 2, self.look) if self.is_mounted else 0
            wanted = 10**6 if self.seat.timeline or not card else card
        cursor = getattr(self._pane, "cursor_row", None)
        return plan(
            size.width,
            size.height,
            waiting=self.seat.cards.current is not None,
            in_panel=self.seat.router.in_panel,
            wanted=wanted,
            cursor=cursor if isinstance(cursor, int) else None,
        )

    def on_resize(self, event: events.Resize) -> None:
        self._tell_size()
        self.redraw(now=True)

    def redraw(self, *, now: bool = False) -> None:
        """Draw soon; many calls are one frame."""
        if now:
            self.draw_now()
        elif not self._drawing:
            self._drawing = True
            self.set_timer(FRAME_MS / 1000, self.draw_now)

    def draw_now(self) -> None:
        """Put the seat's state on the screen."""
        self._drawing = False
        if not self.is_mounted:
            return
        seat, ms = self.seat, self.ms()
        seat.tick(ms)
        if seat.homeward and seat.router.in_panel:
            self.set_timer((QUIET_MS + 20) / 1000, self.redraw)
        here = self.plan()
        self._place(here)
        if here.too_small:
            size = self.app.size
            self.query_one("#small", KeysRow).show(
                pages.small_rows(size.width, size.height, SMALLEST, len(seat.cards.queue))
            )
            return
        if here.wide or here.sheet:
            self._draw_panel(here)
        if seat.page:
            self._draw_page(here)
        self.query_one("#footer", KeysRow).show(*self._footer(here))

    def _place(self, here: Plan) -> None:
        panel, over, small = self.query_one("#panel"), self.query_one("#over"), self.query_one("#small")
        small.display = here.too_small
        terminal = self.query_one("#terminal")
        terminal.styles.width, terminal.styles.height = here.terminal
        panel.display = not here.too_small and (here.wide or here.sheet > 0)
        panel.set_class(here.wide, "-wide")
        panel.set_class(here.at_top, "-top")
        panel.set_class(self.seat.router.in_panel, "-live")
        panel.styles.width = here.panel
        panel.styles.height = here.height
        over.display = self.seat.page is not None and not here.too_small
        self._size_over(here)
        covered = bool(over.display) and not here.wide
        if self._covered and not covered:
            self.query_one(Card).request.forget()
        self._covered = covered

    def _size_over(self, here: Plan, rows: int | None = None) -> None:
        """Pages that are short lie in the middle, and are no larger than what they say."""
        (columns, height), over = here.terminal, self.query_one("#over")
        full = self.seat.page in (Page.DETAIL, Page.WHOLE)
        width = columns if full else min(columns, OVER_WIDTH)
        tall = height if full or rows is None else min(rows + 3 + (self.seat.page is Page.PALETTE), height)
        over.styles.width, over.styles.height = width, tall
        over.styles.offset = ((columns - width) // 2, (height - tall) // 3)

    def _draw_panel(self, here: Plan) -> None:
        seat, now, width, look = self.seat, self.now(), here.inner, self.look
        card, head = self.query_one(Card), self.query_one("#head", KeysRow)
        asking = seat.cards.current is not None and (here.wide or not seat.timeline)
        listing = here.wide or not asking
        rows = draw.head_rows(self.story, now, width, look, brief=not here.wide) if listing else []
        head.display = bool(rows)
        head.styles.height = len(rows) + 1
        head.show(rows)
        left = here.height - (len(rows) + 1 if rows else 0)
        card.display = asking
        others = seat.cards.queue[1:4] if asking and here.wide and len(seat.cards.queue) > 1 else []
        others = [waiting for waiting in seat.cards.queue if waiting != seat.cards.current][:2] if others else []
        if asking:
            height = min(card.wanted(seat.cards, width, look), left - (len(others) + 9 if listing else 0))
            height = max(height, min(9, left)) if listing else left
            card.styles.height = height
            live = seat.where in (Where.CARD, Where.GRANT) or (seat.where is Where.TYPING and not seat.searching)
            card.show(
                seat.cards, seat.line, now, self.ms(), width=width, height=height, live=live, look=look, cap=self._cap
            )
            left -= height
        queue = self.query_one("#queue", KeysRow)
        queue.display = asking and listing
        queue.styles.height = len(others) + 1
        queue.show([one_line(waiting, now, width, look) for waiting in others])
        left -= len(others) + 1 if asking else 0
        title, pager = self.query_one("#timeline-title", KeysRow), self.query_one("#timeline", Pager)
        title.display = pager.display = listing
        if listing:
            self._draw_timeline(title, pager, width, left - 1)

    def _draw_timeline(self, title: KeysRow, pager: Pager, width: int, height: int) -> None:
        seat, look = self.seat, self.look
        live = seat.where is Where.TIMELINE or seat.searching
        shown = seat.shown
        text = draw.timeline_title(seat.filter, seat.search, len(shown), self.story.timeline.dropped)
        if seat.searching:
            title.show([Content.assemble(("/ ", "bold $ask"), seat.line.shown(width - 2, "search the timeline"))])
        else:
            title.show([draw.heading(text, width, look, live=live)])
        picked = seat.picked if live else None
        rows, at_row = self._timeline.rows(shown, width, look, picked)
        pager.styles.height = max(height, 1)
        pager.show(rows, top=None if at_row is not None else max(len(rows) - height, 0), picked=at_row)

    def _draw_page(self, here: Plan) -> None:
        seat, look = self.seat, self.look
        page = seat.page
        full = page in (Page.DETAIL, Page.WHOLE)
        width = (here.terminal[0] if full else min(here.terminal[0], OVER_WIDTH)) - 4
        line, text, keys = (
            self.query_one("#over-line", KeysRow),
            self.query_one("#over-text", Pager),
            self.query_one("#over-keys", KeysRow),
        )
        over = self.query_one("#over")
        over.border_title = (
            {
                Page.HELP: "keys",
                Page.DETAIL: "details",
                Page.WHOLE: "the whole request",
                Page.PALETTE: "what to do",
                Page.SURE: "kill the agent",
            }.get(page, "")
            if page
            else ""
        )
        line.display = page is Page.PALETTE
        rows: list[Content] = []
        match page:
            case Page.HELP:
                seat.page = None
                rows = pages.help_rows(seat.where, seat.usable(), width, self._cap)
                seat.page = page
            case Page.DETAIL if seat.entry:
                detail = self.story.timeline.detail(seat.entry.number)
                rows = pages.detail_rows(seat.entry, detail, width, look)
            case Page.WHOLE if seat.cards.current:
                rows = request_rows(seat.cards.current, width, look)
            case Page.PALETTE:
                rows = pages.palette_rows(seat.found(), width)
                line.show([Content.assemble((": ", "bold $ask"), seat.line.shown(width - 2, "type to find"))])
            case Page.SURE:
                rows = pages.sure_rows(len(seat.cards.queue), width)
        self._size_over(here, len(rows))
        text.show(rows)
        more = more_rows(text.below, look)
        keys.show([ends([("esc goes back", "$quiet")], [(more, "$ask")], width)])

    def _footer(self, here: Plan) -> tuple[list[Content], list[Any]]:
        seat, width, look = self.seat, here.columns, self.look
        tally: list[Part] = [" ", *draw.count_parts(self.story, look)]
        if self.state == "vanished":
            says = "the session process is gone; what it held was denied"
            return [
                ends([(f" {look.shape(Mark.FAULT)} {says}", "bold $ask")], [("[q] leave ", "bold $strong")], width)
            ], []
        if self.state == "reconnecting":
            tally = [(f" {look.shape(Mark.ASK)} connection lost, trying again: the agent goes on", "bold $ask")]
        if seat.where is Where.AGENT:
            hint = "to answer" if seat.cards.current else "panel"
            return [ends(tally, [(self._cap, "bold $strong"), f" {hint} "], width)], []
        skip = {"once", "task", "deny", "say", "whole", "grant", "edit", "offer", "turn", "page"}
        usable = [b for b in seat.usable() if b.shown and b.does.partition("(")[0] not in skip]
        if seat.cards.queue:
            count = f"{look.shape(Mark.ASK)} {len(seat.cards.queue)} waiting"
            tally = [" ", *draw.weak_parts(self.story, look), (count, Mark.ASK.style)]
        else:
            tally = [" ", *draw.weak_parts(self.story, look)]
        used = row(*tally).cell_length
        keys, spots = lay(usable, max(width - used - 3, 20))
        first = keys[0]
        gap = max(width - used - first.cell_length - 1, 1)
        moved = [(0, a + used + gap, b + used + gap, binding) for line, a, b, binding in spots if line == 0]
        return [Content.assemble(row(*tally), " " * gap, first).truncate(width)], moved


DETACHED = -1
"""What `run_console` returns when the human left and the agent goes on."""

VANISHED = 70
"""Exit code when the session process died without saying how the agent ended (EX_SOFTWARE, sysexits.h)."""
