"""The human's seat: what each key means, given the story, and what is wished for then; no widget, clock or socket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from supervisor.console.bindings import Binding, Where, at, lookup
from supervisor.console.card.grant import editable_words
from supervisor.console.card.state import TYPING, Cards, Stage
from supervisor.console.entry import DECISIONS, FILTERS, Entry, Kind, chosen
from supervisor.console.line import Line
from supervisor.console.session.paths import GrantPath, typed_path
from supervisor.console.story import Story
from supervisor.core.arming import QUIET_MS, Bar, Choice, phrase
from supervisor.core.keys import Router, To
from supervisor.model.grant import Answer


class Page(StrEnum):
    """What may lie over the terminal when it was asked for."""

    HELP = "help"
    DETAIL = "detail"
    WHOLE = "whole"
    PALETTE = "palette"
    SURE = "sure"


@dataclass(frozen=True, slots=True)
class ToAgent:
    """The key is the agent's."""


@dataclass(frozen=True, slots=True)
class Give:
    """Send an answer."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Scroll:
    """Move what is being read: by rows, by pages, or to an end (-1, 1)."""

    rows: int = 0
    pages: int = 0
    edge: int = 0


@dataclass(frozen=True, slots=True)
class EndGrant:
    """Take a grant back."""

    grant: str


class Leave(StrEnum):
    """Ways out of the console."""

    DETACH = "detach"
    KILL = "kill"
    OVER = "over"


Wish = ToAgent | Give | Scroll | EndGrant | GrantPath | Leave

_WORDS: Final = {
    Bar.CLOSED: "it no longer waits: nothing was answered",
    Bar.SENT: "an answer is on its way already",
    Bar.UNREAD: "not yet: it has not been on screen to its end",
    Bar.UNQUIET: "not yet: the keys must rest a moment first",
    Bar.UNNAMED: "",
}


class Seat:
    """One console's state. Times in `ms` are milliseconds of a clock that never goes back."""

    def __init__(self, story: Story, router: Router) -> None:
        self.story, self.router = story, router
        self.cards = Cards()
        self.line = Line()
        self.page: Page | None = None
        self.timeline = False
        self.searching = False
        self.filter = FILTERS[0][0]
        self.search = ""
        self.picked: int | None = None
        self.told = ""
        """Why a path was not granted, until something else is typed."""
        self.over = False
        self._homeward = False
        self._wished = ""
        self._last_key = 0

    @property
    def where(self) -> Where:
        """What holds the keyboard."""
        if self.over:
            return Where.OVER
        if not self.router.in_panel:
            return Where.AGENT
        if self.page is not None:
            return {Page.PALETTE: Where.PALETTE, Page.SURE: Where.SURE}.get(self.page, Where.TEXT)
        if self.searching or (not self.timeline and self.cards.stage in TYPING):
            return Where.TYPING
        if self.timeline or self.cards.current is None:
            return Where.TIMELINE
        return Where.GRANT if self.cards.stage is Stage.GRANT else Where.CARD

    def usable(self) -> list[Binding]:
        """The keys that do something now, in the order of the table."""
        entry = self.entry
        missing = {
            "task": not self.cards.offers,
            "turn(1)": len(self.cards.queue) < 2,
            "turn(-1)": len(self.cards.queue) < 2,
            "card": self.cards.current is None,
            "open": entry is None,
            "end_grant": entry is None or self._grant_of(entry) is None,
        }
        return [binding for binding in at(self.where) if not missing.get(binding.does, False)]

    def beneath(self) -> tuple[Where, list[Binding]]:
        """What would hold the keyboard without the page over it, and its keys."""
        page, self.page = self.page, None
        try:
            return self.where, self.usable()
        finally:
            self.page = page

    @property
    def shown(self) -> list[Entry]:
        """The entries that filter and search leave."""
        return chosen(list(self.story.timeline), self.filter, self.search)

    @property
    def entry(self) -> Entry | None:
        """The entry that is picked in the timeline."""
        return self.story.timeline.get(self.picked) if self.picked else None

    def sync(self, ms: int) -> bool:
        """The story moved on; True if another question is on the card now."""
        changed = self.cards.sync(self.story, ms)
        if changed and self.page is Page.WHOLE:
            self.page = None
        if self.cards.current is None:
            self._homeward = self._homeward and self.router.in_panel
        elif changed:
            self._homeward = False
        return changed

    def tick(self, ms: int) -> bool:
        """Time passed: after the last answer the keyboard goes home once it rests. True if it did."""
        going = self._homeward and self.cards.current is None and self.router.in_panel and not self.timeline
        if not going or self.page is not None or ms - self._last_key < QUIET_MS:
            return False
        self.home()
        return True

    @property
    def homeward(self) -> bool:
        """True while the keyboard is on its way back to the agent."""
        return self._homeward and self.cards.current is None

    def home(self) -> None:
        """The keyboard goes back to the agent; what is half answered stays undecided."""
        self.router = self.router.to_agent()
        self.page, self.timeline, self.searching, self._homeward = None, False, False, False
        self.cards.rest()

    def key(self, key: str, character: str | None, ms: int, now: datetime) -> Wish | None:
        """One press: what is wished for then."""
        if self.over:
            return Leave.OVER if lookup(Where.OVER, key) or key in ("escape", "enter") else None
        self.router, to = self.router.press(key)
        try:
            if to is To.AGENT:
                if self.page or self.timeline:
                    self.home()
                return ToAgent()
            if to is To.SWITCH:
                if self.router.in_panel:
                    self.picked = self._newest()
                else:
                    self.home()
                return None
            return self._panel(key, character, ms, now)
        finally:
            self.pressed(ms)

    def pressed(self, ms: int) -> None:
        """A key, a click or a paste, to whomever it went."""
        self._last_key = ms
        self.cards.pressed(ms)

    def paste(self, text: str, ms: int) -> bool:
        """Pasted text: True if it is the agent's. A name that has to be typed cannot be pasted."""
        self.pressed(ms)
        if not self.router.in_panel:
            return True
        if self.where in (Where.TYPING, Where.PALETTE):
            if self.cards.stage is Stage.NAME and not self.searching:
                self.cards.note = "type the name: it cannot be pasted"
            else:
                self.line = self.line.insert(text)
        return False

    def _panel(self, key: str, character: str | None, ms: int, now: datetime) -> Wish | None:
        if self.where in (Where.TYPING, Where.PALETTE):
            return self._type(key, character, ms, now)
        if self.where is Where.SURE and key != "y":
            self.page = None
            return None
        binding = lookup(self.where, key)
        return self.act(binding, ms, now) if binding else None

    def act(self, binding: Binding, ms: int, now: datetime) -> Wish | None:
        """Do what a binding says, by key, by click or from the palette."""
        name, _, argument = binding.does.rstrip(")").partition("(")
        by = int(argument) if argument else 0
        match name:
            case "once" | "task" | "deny" | "say" | "grant" | "edit" | "offer" | "turn":
                return self._answer(name, by, ms)
            case "scroll" if self.where is Where.TIMELINE:
                self._pick(by)
            case "edge" if self.where is Where.TIMELINE:
                self._pick(by * 10**6)
            case "page" if self.where is Where.TIMELINE:
                self._pick(by * 10)
            case "scroll":
                return Scroll(rows=by)
            case "page":
                return Scroll(pages=by)
            case "edge":
                return Scroll(edge=by)
            case "timeline":
                self.timeline, self.picked = True, self.picked or self._newest()
            case "card":
                self.timeline = False
            case "open" if self.entry:
                self.page = Page.DETAIL
            case "filter":
                names = [name for name, _ in FILTERS]
                self.filter = names[(names.index(self.filter) + 1) % len(names)]
                self.picked = self._newest()
            case "search":
                self.searching, self.line = True, Line.of(self.search)
            case "decision":
                self._next_decision(by)
            case "end_grant":
                grant = self._grant_of(self.entry) if self.entry else None
                return EndGrant(grant) if grant else None
            case "whole" | "help" | "palette" | "sure":
                self.page, self.line, self.told = Page(name), Line(), ""
            case "detach":
                return Leave.DETACH
            case "kill":
                return Leave.KILL
            case "back":
                self._back()
        return None

    def _answer(self, name: str, by: int, ms: int) -> Wish | None:
        cards, arming = self.cards, self.cards.arming
        if arming is None:
            return None
        if name == "turn":
            cards.turn_to(by)
        elif name == "offer":
            cards.choose(by)
        elif name == "edit":
            words = editable_words(cards.offers[cards.chosen]) if cards.offers else ""
            cards.enter(Stage.WORDS if words else Stage.MINUTES)
            self.line = Line.of(words or str(cards.offers[cards.chosen].minutes))
        elif name == "task":
            if not cards.offers:
                cards.note = "no grant is on offer: allow it once, or deny it"
            else:
                cards.enter(Stage.GRANT)
        elif name == "say":
            bar = arming.bar("deny", ms)
            if bar is not None:
                cards.note = _WORDS[bar]
            else:
                cards.enter(Stage.SAY)
                self.line = Line()
        else:
            choice: Choice = "once" if name == "once" else "task" if name == "grant" else "deny"
            return self._try(choice, ms)
        return None

    def _try(self, choice: Choice, ms: int, message: str = "") -> Wish | None:
        answer = self.cards.answer(choice, ms, message)
        if isinstance(answer, Answer):
            self._homeward = True
            return Give(answer)
        self.cards.note = _WORDS[answer]
        if answer is Bar.UNNAMED:
            self.cards.enter(Stage.NAME)
            self.line = Line()
        return None

    def _type(self, key: str, character: str | None, ms: int, now: datetime) -> Wish | None:
        if key == "escape":
            self._back()
            return None
        if key == "enter":
            return self._entered(ms, now)
        if self.where is Where.PALETTE and key in ("up", "down"):
            return None
        edited = self.line.key(key, character)
        if edited is not None:
            self.line, self.told = edited, ""
            if self.searching:
                self.search = edited.text
                self.picked = self._newest()
        return None

    def _entered(self, ms: int, now: datetime) -> Wish | None:
        if self.page is Page.PALETTE:
            if wanted := typed_path(self.line.text):
                self.page, self._wished = None, self.line.text
                return wanted
            found = self.found()
            self.page = None
            return self.act(found[0], ms, now) if found else None
        if self.searching:
            self.searching = False
            return None
        if self.cards.stage is Stage.SAY:
            if not self.line.text.strip():
                self.cards.note = "write what the agent should know, or go back and press n"
                return None
            return self._try("deny", ms, self.line.text)
        self.cards.typed(self.line.text, self.story, now)
        if self.cards.stage is Stage.MINUTES:
            self.line = Line.of(str(self.cards.offers[self.cards.chosen].minutes)) if not self.cards.note else self.line
        return None

    def found(self) -> list[Binding]:
        """What the palette has for the text typed so far. Answers are not among it: they are keys of the card only."""
        if wanted := typed_path(self.line.text):
            return [Binding("enter", "grant_path", "", wanted.says, frozenset({Where.PALETTE}))]
        everything = [binding for binding in self.beneath()[1] if _named(binding)]
        text = self.line.text.lower()
        return [binding for binding in everything if text in f"{binding.label} {binding.help}".lower()]

    def not_granted(self, path: str, why: str) -> None:
        """A path that was typed was not granted: its line comes back with the reason, if the keyboard is here."""
        self.told = why
        if self.router.in_panel and self.page is None:
            typed = self._wished if typed_path(self._wished) else f"read {path}"
            self.page, self.line = Page.PALETTE, Line.of(typed)

    def _back(self) -> None:
        if self.page is not None:
            self.page = None
        elif self.searching:
            self.searching, self.search = False, ""
        elif self.timeline and self.cards.current is not None:
            self.timeline = False
        elif self.timeline or not self.cards.back():
            self.home()

    def _newest(self) -> int | None:
        shown = self.shown
        return shown[-1].number if shown else None

    def _pick(self, by: int) -> None:
        shown = self.shown
        if not shown:
            self.picked = None
            return
        at_ = next((at for at, entry in enumerate(shown) if entry.number == self.picked), len(shown) - 1)
        self.picked = shown[max(0, min(at_ + by, len(shown) - 1))].number

    def _next_decision(self, by: int) -> None:
        numbers = [entry.number for entry in self.shown if entry.kind in DECISIONS]
        here = self.picked or 0
        ahead = [number for number in numbers if (number > here if by > 0 else number < here)]
        if ahead:
            self.picked = ahead[0] if by > 0 else ahead[-1]

    def _grant_of(self, entry: Entry) -> str | None:
        if entry.kind is not Kind.GRANT:
            return None
        line = self.story.timeline.detail(entry.number) or {}
        grant = line.get("grant")
        name = grant.get("id") if isinstance(grant, dict) else None
        return name if isinstance(name, str) and name in self.story.grants else None

    def wanted_name(self) -> str:
        """What has to be typed for the question on the card."""
        return phrase(self.cards.arming.names) if self.cards.arming else ""


_NOT_IN_PALETTE: Final = frozenset(
    {"once", "task", "grant", "deny", "say", "kill", "scroll", "page", "edge", "turn", "offer", "back", "palette"}
)


def _named(binding: Binding) -> bool:
    """True for what the palette may do: never an answer, and nothing that is only a movement."""
    return binding.shown and binding.does.partition("(")[0] not in _NOT_IN_PALETTE
