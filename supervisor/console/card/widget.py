"""The approval card on the screen: heading, the request to read, the line being typed, what bars it, the keys."""

from __future__ import annotations

from datetime import datetime

from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget

from supervisor.console.bindings import Where, at
from supervisor.console.card import draw
from supervisor.console.card.state import TYPING, Cards, Stage
from supervisor.console.clock import left
from supervisor.console.keysrow import KeysRow, Spot, lay
from supervisor.console.line import Line
from supervisor.console.look import Look
from supervisor.console.pager import Pager
from supervisor.console.rows import Part, clip, ends, more_rows, row, rule, wrap
from supervisor.core.arming import Arming, Bar, Choice, phrase


class Card(Widget, inherit_bindings=False):
    """Draws `Cards`; it holds no state but what is in view."""

    can_focus = False
    DEFAULT_CSS = """
    Card { layout: vertical; height: auto; }
    Card Pager { height: 1fr; }
    Card #aside { height: auto; }
    Card KeysRow { height: 1; }
    """

    def compose(self) -> ComposeResult:
        yield KeysRow(id="card-title")
        yield Pager(id="request")
        yield KeysRow(id="aside")
        yield KeysRow(id="card-keys")

    @property
    def request(self) -> Pager:
        """The pager with the request: what has to be read."""
        return self.query_one("#request", Pager)

    def wanted(self, cards: Cards, width: int, look: Look, *, live: bool = True) -> int:
        """Rows that would show the whole question without scrolling."""
        if cards.current is None:
            return 0
        offers = len(draw.offer_rows(cards.offers, cards.chosen, width, look)) if _granting(cards) else 0
        keys = 1 + -(-72 // max(width, 1)) if live else 1
        return len(draw.request_rows(cards.current, width, look)) + offers + keys + 2

    def show(
        self,
        cards: Cards,
        line: Line,
        now: datetime,
        ms: int,
        *,
        width: int,
        height: int,
        live: bool,
        look: Look,
        cap: str,
    ) -> None:
        """Draw the question. `live`: the keyboard is here; `cap` is the prefix as people read it."""
        waiting, arming = cards.current, cards.arming
        if waiting is None or arming is None:
            return
        heading = draw.title(waiting, cards.place, len(cards.queue), look)
        edge = "$ask" if live else "$edge"
        count = draw.expiry(waiting, now) if width >= 50 else left(waiting.due, now)
        head = Content.styled(clip(heading, width - len(count) - 6, look), "bold $ask")
        bar = rule(head, width - len(count) - 3, look, edge)
        title = Content.assemble(bar, " ", (count, "bold"), " ", (look.line, edge))
        self.query_one("#card-title", KeysRow).show([title])
        aside = self._aside(cards, line, width, look)
        keys, spots = self._keys(cards, arming, ms, width, live, look, cap)
        below = self.query_one("#aside", KeysRow)
        room = max(height - 1 - len(keys) - 3, 1)
        below.styles.height = min(len(aside), room)
        below.show(aside)
        foot = self.query_one("#card-keys", KeysRow)
        foot.styles.height = len(keys)
        foot.show(keys, spots)
        self.request.show(draw.request_rows(waiting, width, look), tag=cards.tag)

    def _aside(self, cards: Cards, line: Line, width: int, look: Look) -> list[Content]:
        if _granting(cards):
            rows = draw.offer_rows(cards.offers, cards.chosen, width, look)
        else:
            rows = []
        arming = cards.arming
        if cards.stage in TYPING and arming is not None:
            asked = {
                Stage.NAME: f"it cannot be undone: type {phrase(arming.names)}",
                Stage.SAY: "deny, and tell the agent:",
                Stage.WORDS: "words that a later command must begin with:",
                Stage.MINUTES: "minutes that the grant lasts:",
            }[cards.stage]
            rows += [row((piece, "$quiet")) for piece in wrap(asked, width)]
            rows.append(Content.assemble((f"{look.pick} ", "$ask"), line.shown(width - 2)))
        return rows

    def _keys(
        self, cards: Cards, arming: Arming, ms: int, width: int, live: bool, look: Look, cap: str
    ) -> tuple[list[Content], list[Spot]]:
        hidden = self.request.below
        more = more_rows(hidden, look)
        if not live:
            return [ends([(f"{cap} to answer", "bold $ask")], [(more, "$quiet")], width)], []
        if cards.stage in TYPING:
            says = "enter sends the denial" if cards.stage is Stage.SAY else "enter takes the line"
            return [_noted(cards.note, f"{says}, esc goes back", width, look)], []
        choice: Choice = "task" if cards.stage is Stage.GRANT else "once"
        bar = arming.bar(choice, ms)
        says = said(bar, arming, hidden, look)
        if bar is Bar.SENT and cards.current is not None and cards.current.answers:
            says = "agreed: it takes one more person"
        where = Where.GRANT if cards.stage is Stage.GRANT else Where.CARD
        usable = [
            binding
            for binding in at(where)
            if binding.shown
            and binding.does not in ("timeline", "detach", "sure", "help", "palette", "back")
            and not (binding.does == "task" and not cards.offers)
            and not (binding.does == "turn(1)" and len(cards.queue) < 2)
            and not (binding.does == "page(1)" and not hidden)
        ]
        rows, spots = lay(usable, width, armed=bar in (None, Bar.UNNAMED))
        told: list[Part] = [(says, "$quiet" if bar is None else "$ask")]
        status = ends(told, [(more, "$quiet")] if bar is not Bar.UNREAD else [], width)
        if cards.note:
            status = row((clip(cards.note, width, look), "bold $ask"))
        return [status, *rows], [(line + 1, first, last, binding) for line, first, last, binding in spots]


def _granting(cards: Cards) -> bool:
    return cards.stage in (Stage.GRANT, Stage.WORDS, Stage.MINUTES)


def _noted(note: str, otherwise: str, width: int, look: Look) -> Content:
    return row((clip(note, width, look), "bold $ask")) if note else row((clip(otherwise, width, look), "$quiet"))


def said(bar: Bar | None, arming: Arming, below: int, look: Look) -> str:
    """What stands in the way of an allow, in a few words."""
    match bar:
        case None:
            return "read: your answer?"
        case Bar.UNREAD:
            rows = "row" if arming.unread == 1 else "rows"
            return f"{look.down} read to the end: {arming.unread:,} {rows} to go" if below else "read it from the top"
        case Bar.UNQUIET:
            return "read: rest your keys a moment"
        case Bar.UNNAMED:
            return f"cannot be undone: y, then type {phrase(arming.names)}"
        case Bar.SENT:
            return "sent, waiting for the session"
        case Bar.CLOSED:
            return arming.why or "it no longer waits"
