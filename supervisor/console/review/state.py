"""Where a review stands: the moment, the entry, the filter, the speed. No widget, no clock."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

from supervisor.console.bindings import Binding, Where, at, lookup
from supervisor.console.entry import DECISIONS, FILTERS, Entry, chosen
from supervisor.console.line import Line
from supervisor.console.story import Story

SPEEDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


class Overlay(StrEnum):
    """What lies over the recording."""

    HELP = "help"
    DETAIL = "detail"


class Review:
    """`moment` is in seconds since the session's start; `picked` follows it while the recording plays."""

    def __init__(self, story: Story, length: float) -> None:
        self.story = story
        told = (story.last - story.started).total_seconds() if len(story.timeline) else 0.0
        self.length = max(length, told, 0.0)
        self.moment = 0.0
        self.playing = False
        self.speed = SPEEDS.index(1.0)
        self.filter, self.search = FILTERS[0][0], ""
        self.searching, self.line = False, Line()
        self.page: Overlay | None = None
        self.left = False
        self.picked: int | None = None
        self._follow()

    @property
    def shown(self) -> list[Entry]:
        """The entries that filter and search leave."""
        return chosen(list(self.story.timeline), self.filter, self.search)

    @property
    def entry(self) -> Entry | None:
        """The entry that is picked."""
        return self.story.timeline.get(self.picked) if self.picked else None

    @property
    def where(self) -> Where:
        """What holds the keyboard."""
        if self.page is not None:
            return Where.TEXT
        return Where.TYPING if self.searching else Where.REVIEW

    def usable(self) -> list[Binding]:
        """The keys that do something now."""
        missing = {"open": self.entry is None, "help": self.where is Where.TEXT}
        return [binding for binding in at(self.where) if not missing.get(binding.does, False)]

    def second(self, entry: Entry) -> float:
        """When an entry happened, in seconds since the start."""
        return max((entry.time - self.story.started) / timedelta(seconds=1), 0.0)

    def tick(self, seconds: float) -> None:
        """Time passed while it plays."""
        if self.playing:
            self.moment = min(self.moment + seconds * SPEEDS[self.speed], self.length)
            self.playing = self.moment < self.length
            self._follow()

    def key(self, key: str, character: str | None) -> str:
        """One press; returns a scroll for the page over it (`rows:1`, `pages:-1`, `edge:1`) or nothing."""
        if self.where is Where.TYPING:
            self._type(key, character)
            return ""
        binding = lookup(self.where, key)
        if binding is None:
            if key == "escape":
                self.left = True
            return ""
        return self.act(binding)

    def act(self, binding: Binding) -> str:
        """Do what a binding says."""
        name, _, argument = binding.does.rstrip(")").partition("(")
        by = int(argument) if argument else 0
        if self.page is not None:
            if name in ("back", "help"):
                self.page = None
            return {"scroll": f"rows:{by}", "page": f"pages:{by}", "edge": f"edge:{by}"}.get(name, "")
        match name:
            case "play":
                self.moment = 0.0 if self.moment >= self.length else self.moment
                self.playing = not self.playing
            case "seek":
                self.moment = max(0.0, min(self.moment + by, self.length))
                self._follow()
            case "speed":
                self.speed = max(0, min(self.speed + by, len(SPEEDS) - 1))
            case "decision":
                self._decision(by)
            case "scroll":
                self._step(by)
            case "edge":
                self.moment = 0.0 if by < 0 else self.length
                self._follow()
            case "filter":
                names = [name for name, _ in FILTERS]
                self.filter = names[(names.index(self.filter) + 1) % len(names)]
                self._follow()
            case "search":
                self.searching, self.line = True, Line.of(self.search)
            case "open" if self.entry:
                self.page, self.playing = Overlay.DETAIL, False
            case "help":
                self.page = Overlay.HELP
            case "leave":
                self.left = True
        return ""

    def _type(self, key: str, character: str | None) -> None:
        if key in ("escape", "enter"):
            self.searching = False
            self.search = "" if key == "escape" else self.search
        else:
            edited = self.line.key(key, character)
            if edited is not None:
                self.line, self.search = edited, edited.text
        self._follow()

    def _go(self, entry: Entry) -> None:
        self.picked, self.moment = entry.number, min(self.second(entry), self.length)

    def _decision(self, by: int) -> None:
        here = self.picked or 0
        stops = [entry for entry in self.shown if entry.kind in DECISIONS]
        ahead = [entry for entry in stops if (entry.number > here if by > 0 else entry.number < here)]
        if ahead:
            self._go(ahead[0] if by > 0 else ahead[-1])

    def _step(self, by: int) -> None:
        shown = self.shown
        if shown:
            here = next((at for at, entry in enumerate(shown) if entry.number == self.picked), 0)
            self._go(shown[max(0, min(here + by, len(shown) - 1))])

    def _follow(self) -> None:
        before = [entry for entry in self.shown if self.second(entry) <= self.moment + 0.0005]
        first = self.shown[:1]
        self.picked = before[-1].number if before else first[0].number if first else None
