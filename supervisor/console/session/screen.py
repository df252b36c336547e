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
from textual.screen import Screen
from textual.widget import Widget

from supervisor.console import pages
from supervisor.console.alerts import Alerts
from supervisor.console.bindings import cap_of
from supervisor.console.fold import take
from supervisor.console.keysrow import KeysRow
from supervisor.console.link import Answered, Ended, Granted, Link, Lost, Records, Vanished, Welcome
from supervisor.console.look import UNICODE, Look
from supervisor.console.pager import Pager
from supervisor.console.panel.widget import Panel
from supervisor.console.session.footer import footer
from supervisor.console.session.over import Over
from supervisor.console.session.paths import GrantPath
from supervisor.console.session.plan import SMALLEST, Plan, plan
from supervisor.console.session.seat import EndGrant, Give, Leave, Page, Scroll, Seat, ToAgent, Wish
from supervisor.console.story import Story
from supervisor.core.arming import QUIET_MS
from supervisor.core.keys import DEFAULT_PREFIX, Router
from supervisor.model.visible import visible

FRAME_MS = 80
TITLE_LENGTH = 80
BATCH = 500


class Pane(Protocol):
    """What the session screen needs of the agent's terminal (`console.pane.TerminalPane`)."""

    def send_key(self, event: events.Key) -> None: ...

    def send_paste(self, text: str) -> None: ...

    async def left(self) -> list[str]: ...


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
        self.left: list[str] = []
        """What the agent leaves on the terminal, as rows of SGR text."""
        self._read_only = read_only
        self._cap = cap_of(prefixes[0])
        self._make_pane, self._pane, self._pane_socket = pane, None, ""
        self._alerts = Alerts("agent-supervise")
        self._drawing = False
        self._covered = self._composed = False

    def compose(self) -> ComposeResult:
        yield Container(id="terminal")
        yield Panel(id="panel")
        yield Over(id="over")
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
                case Granted():
                    if not heard.grant:
                        self.seat.not_granted(heard.path, visible(heard.why))
                case Lost():
                    self.state = "reconnecting"
                    self.seat.cards.lost()
                case Ended():
                    self.exit_code = heard.exit_code
                    if self._pane is not None:
                        self.left = await self._pane.left()
                    self.dismiss_with(heard.exit_code)
                case Vanished():
                    self.state = "vanished"
                    self.seat.over = True
            self.redraw()

    def _synced(self) -> None:
        self.seat.sync(self.ms())
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
            case GrantPath(path=path, write=write, minutes=minutes):
                if self._read_only:
                    self.seat.not_granted(path, "this console only reads")
                else:
                    self.link.grant_path(path, write=write, minutes=minutes)
            case Leave.DETACH:
                self.dismiss_with(DETACHED)
            case Leave.KILL:
                self.seat.page = None
                self.link.kill()
            case Leave.OVER:
                self.dismiss_with(self.exit_code if self.exit_code is not None else VANISHED)

    def _reading(self) -> Pager:
        return self.over.text if self.seat.page else self.panel.card.request

    # What was on screen

    def on_pager_drawn(self, event: Pager.Drawn) -> None:
        """Rows of the question were drawn: this is what arms it."""
        cards = self.seat.cards
        whole = self.seat.page is Page.WHOLE and event.pager is self.over.text
        plain = event.pager is self.panel.card.request and not self._covered
        if not (whole or plain) or self.plan().too_small:
            return
        waiting, before = cards.current, cards.arming
        if waiting is not None and cards.saw(event.rows, event.total, event.tag, self.ms()):
            self.link.shown(waiting.id, waiting.digest)
        if cards.arming is not before:
            self.set_timer((QUIET_MS + 20) / 1000, self.redraw)
            self.redraw()

    # Drawing

    def plan(self) -> Plan:
        """Where everything stands now."""
        size = self.app.size
        wanted = 0
        if self.seat.router.in_panel:
            card = self.panel.card.wanted(self.seat.cards, size.width - 2, self.look) if self.composed else 0
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
        if not self.composed:
            self.redraw()
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
            self.panel.draw(seat, here, self.now(), ms, self.look, self._cap)
        self.over.draw(seat, here, self.look, self._cap)
        self.query_one("#footer", KeysRow).show(*footer(seat, self.state, here.columns, self.look, self._cap))

    @property
    def composed(self) -> bool:
        """True once every widget is there: children of children come after the screen itself."""
        self._composed = self._composed or bool(self.query("#card-keys") and self.query("#over-keys"))
        return self._composed

    @property
    def panel(self) -> Panel:
        """The panel."""
        return self.query_one(Panel)

    @property
    def over(self) -> Over:
        """What lies over the terminal."""
        return self.query_one(Over)

    def _place(self, here: Plan) -> None:
        panel, small, terminal = self.panel, self.query_one("#small"), self.query_one("#terminal")
        small.display = here.too_small
        terminal.styles.width, terminal.styles.height = here.terminal
        panel.display = not here.too_small and (here.wide or here.sheet > 0)
        panel.set_class(here.wide, "-wide")
        panel.set_class(here.at_top, "-top")
        panel.set_class(self.seat.router.in_panel, "-live")
        panel.styles.width, panel.styles.height = here.panel, here.height
        self._covered = self.seat.page is not None and not here.wide


DETACHED = -1
"""What `run_console` returns when the human left and the agent goes on."""

VANISHED = 70
"""Exit code when the session process died without saying how the agent ended (EX_SOFTWARE, sysexits.h)."""
