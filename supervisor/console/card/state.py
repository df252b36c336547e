"""Which question is on the card, what stage its answer is at, and what bars it: no widget, no clock."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from supervisor.console.card.grant import minutes_of, with_words
from supervisor.console.story import Story, Waiting
from supervisor.core.arming import Arming, Bar, Choice, Phase, Turn, phrase
from supervisor.model.grant import Answer, GrantOffer


class Stage(StrEnum):
    """READ: the keys answer. GRANT: a grant is being chosen. The others: a line of text is being typed."""

    READ = "read"
    GRANT = "grant"
    NAME = "name"
    SAY = "say"
    WORDS = "words"
    MINUTES = "minutes"


TYPING = frozenset({Stage.NAME, Stage.SAY, Stage.WORDS, Stage.MINUTES})


class Cards:
    """The queue of questions as one human goes through it. Times are the milliseconds of `Arming`."""

    def __init__(self) -> None:
        self.queue: list[Waiting] = []
        self.current: Waiting | None = None
        self.stage = Stage.READ
        self.note = ""
        self.chosen = 0
        self._armings: dict[str, Arming] = {}
        self._edited: dict[int, GrantOffer] = {}

    @property
    def arming(self) -> Arming | None:
        """The guards of the question on the card."""
        return self._armings.get(self.current.id) if self.current else None

    @property
    def place(self) -> int:
        """The place of the question in the queue, from 1."""
        return 1 + next((at for at, item in enumerate(self.queue) if item == self.current), 0)

    @property
    def offers(self) -> tuple[GrantOffer, ...]:
        """The grants on offer, as edited."""
        offers = self.current.offers if self.current else ()
        return tuple(self._edited.get(number, offer) for number, offer in enumerate(offers))

    def sync(self, story: Story, now: int) -> bool:
        """Take over the queue; True if another question (or none) is on the card now.

        A question that went away under the reader's eyes is named in the note; the next one starts disarmed, even if
        it was read before: the key that was meant for the one must not reach the other.
        """
        self.queue = story.queue()
        waiting = {item.id: item for item in self.queue}
        for escalation in [known for known in self._armings if known not in waiting]:
            del self._armings[escalation]
        for item in self.queue:
            known = self._armings.get(item.id)
            if known is None or known.digest != item.digest:
                if known is not None and self.current and self.current.id == item.id:
                    self._leave_stage("the request changed: read it again")
                self._armings[item.id] = Arming(item.id, item.digest, item.decision.irreversible)
        before = self.current
        if before and before.id in waiting:
            self.current = waiting[before.id]
            return before.digest != self.current.digest
        if before:
            self._leave_stage(f"the question before this: {story.why_gone(before.id)}")
        self.current = self.queue[0] if self.queue else None
        self.pressed(now)
        return self.current is not before

    def turn_to(self, by: int) -> bool:
        """Go along the queue; True if another question is on the card now."""
        at = max(0, min(self.place - 1 + by, len(self.queue) - 1))
        if not self.queue or self.queue[at] == self.current:
            return False
        self.rest()
        self.current = self.queue[at]
        return True

    def rest(self) -> None:
        """The reader turns away: a half-made answer, and a name that was typed, are dropped."""
        self._leave_stage("")
        arming = self.arming
        if arming is not None and arming.typed:
            self._armings[arming.escalation] = arming.name("")

    def pressed(self, now: int) -> None:
        """A key or click, to whomever it went: nothing is armed until it rests."""
        self._armings = {name: arming.pressed(now) for name, arming in self._armings.items()}

    @property
    def tag(self) -> str:
        """What rows that are drawn of the question are marked with: they count for no other one."""
        return f"{self.current.id} {self.current.digest}" if self.current else ""

    def saw(self, rows: frozenset[int], total: int, tag: str, now: int) -> bool:
        """These rows, of `total`, were drawn under `tag`; True if the question has just been read to its end."""
        before = self.arming
        if before is None or self.current is None or tag != self.tag:
            return False
        after = before
        for at in sorted(rows):
            after = after.saw(at, at + 1, total, self.current.digest, now)
        self._armings[self.current.id] = after
        return after.read and not before.read

    def answer(self, choice: Choice, now: int, message: str = "") -> Answer | Bar:
        """The answer that a key gives, or what bars it; an answer counts as sent."""
        arming = self.arming
        if arming is None or self.current is None:
            return Bar.CLOSED
        matcher, minutes = None, 0
        if choice == "task":
            offer = self.offers[self.chosen]
            matcher, minutes = offer.matcher, offer.minutes
        answer = arming.answer(choice, now, message=message, matcher=matcher, minutes=minutes)
        if isinstance(answer, Answer):
            self._armings[self.current.id] = arming.turn(Turn.SENT)
            self.stage, self.note = Stage.READ, ""
        return answer

    def heard(self, escalation: str, accepted: bool, why: str) -> None:
        """What the session said to an answer: if it was not taken, the question is open again."""
        arming = self._armings.get(escalation)
        if arming is not None and not accepted:
            self._armings[escalation] = arming.turn(Turn.REFUSED)
            self.note = why or "the session did not take the answer"

    def lost(self) -> None:
        """The connection broke: an answer on its way may not have arrived."""
        for name, arming in self._armings.items():
            if arming.phase is Phase.SENT:
                self._armings[name] = arming.turn(Turn.REFUSED)
                self.note = "the connection broke: answer again if it still asks"

    def enter(self, stage: Stage) -> None:
        """Begin a stage."""
        self.stage, self.note = stage, ""

    def back(self) -> bool:
        """One stage back; False if there is none: then the keyboard goes back to the agent."""
        if self.stage is Stage.READ:
            return False
        grant = self.stage in (Stage.WORDS, Stage.MINUTES)
        self.enter(Stage.GRANT if grant else Stage.READ)
        return True

    def choose(self, by: int) -> None:
        """Go along the offers."""
        self.chosen = max(0, min(self.chosen + by, len(self.offers) - 1))

    def typed(self, text: str, story: Story, now: datetime) -> None:
        """A line was typed at this stage (not SAY, whose line is an answer): take it or say what is wrong."""
        arming = self.arming
        if arming is None or self.current is None:
            return
        if self.stage is Stage.NAME:
            if text != phrase(arming.names):
                self.note = "that is not the name: nothing is allowed"
                return
            self._armings[arming.escalation] = arming.name(text)
            self.enter(Stage.READ)
            self.note = "the name is right"
        elif self.stage is Stage.WORDS:
            offer = with_words(self.offers[self.chosen], text, self.current.request)
            if isinstance(offer, str):
                self.note = offer
                return
            self._edited[self.chosen] = offer
            self.enter(Stage.MINUTES)
        elif self.stage is Stage.MINUTES:
            minutes = minutes_of(text, story.scope.expires if story.scope else None, now)
            if isinstance(minutes, str):
                self.note = minutes
                return
            offer = self.offers[self.chosen]
            self._edited[self.chosen] = GrantOffer(offer.label, offer.matcher, minutes)
            self.enter(Stage.GRANT)

    def _leave_stage(self, note: str) -> None:
        self.stage, self.note, self.chosen = Stage.READ, note, 0
        self._edited = {}
