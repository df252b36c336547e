"""Rounds of canaries: each gate is asked, from inside of its cell, for what it must refuse, and has to refuse it.

A canary carries a secret word that only the session and the cell's first process know. Two things together are a
proof: the gate asked about this very word, and PID 1 got the refusal that was given for it. Nothing else is: a canary
that got through, or none of both within `PATIENCE` ticks, has failed. Time is counted in ticks of the session's own
loop, so a laptop that slept, a clock that jumped, a process that was stopped, or a machine that is busy makes no gate
fail, and no program of the cell can hurry or delay a count.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv6Address
from typing import Final, Protocol

from supervisor.gates.protocol import Desk, Reply
from supervisor.model.decision import By, Verdict
from supervisor.model.effect import Effect
from supervisor.model.event import GatesChecked, GateStatus
from supervisor.model.request import Action, AwsCall, Connect, Exec, GateName, Process, Request, Subject

EVERY: Final = 120
"""Ticks from the end of a round to the next one: a minute, with two ticks a second."""
PATIENCE: Final = 240
"""Ticks that a canary may take, all its tries together."""
AGAIN: Final = 4
"""Ticks until a canary that proved nothing is tried again."""
_KEPT: Final = 64
_BUCKET: Final = "canary-"
_DOCUMENTATION: Final = 0x2001_0DB8 << 96


class Outcome(Enum):
    """What one try showed. `UNCLEAR` proves nothing, `FULL` that the gate takes no more: both are tried again."""

    HELD = "held"
    UNCLEAR = "unclear"
    FULL = "full"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Word:
    """What a canary is known by. `proof` stands only in the refusal that the gate is given for it."""

    text: str
    proof: str

    @property
    def address(self) -> str:
        """An address that nobody has (RFC 3849), with 96 bits of the word in it: no name is ever looked up for it."""
        return str(IPv6Address(_DOCUMENTATION | int(self.text[:24], 16)))

    @property
    def bucket(self) -> str:
        """A bucket that nobody has."""
        return f"{_BUCKET}{self.text}"


@dataclass(frozen=True, slots=True)
class Tried:
    """One try: the word, the parts of PID 1's reply after its number, and how often and as what a gate asked."""

    word: Word
    reply: bytes
    asked: tuple[Action, ...]


class Canary(Protocol):
    """What is tried of one gate, and how its outcome is told."""

    @property
    def gate(self) -> str:
        """The gate's name, as `GateStatus` has it."""

    @property
    def shows(self) -> str:
        """What is seen when the gate holds, in a few words."""

    def request(self, number: int, word: Word) -> bytes:
        """What PID 1 is told (`cell.trials`)."""

    def judge(self, tried: Tried) -> tuple[Outcome, str]:
        """What the reply shows, and why where that is not that the gate holds."""


@dataclass(slots=True)
class _Course:
    """One gate's canary in one round."""

    canary: Canary
    word: Word
    number: int = 0
    verb: bytes = b""
    ticks: int = 0
    again: int = 0
    outcome: Outcome | None = None
    why: str = ""


class CanaryDesk(Desk):
    """The session's desk as the gates see it: questions about canaries are refused here, and remembered as seen.

    They get no number of the session and no record of their own; everything else goes on to `desk`.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._words: OrderedDict[Word, list[Action]] = OrderedDict()
        # Every start, connection and call passes here: what it may be about is found by name.
        self._texts: dict[str, Word] = {}
        self._addresses: dict[str, Word] = {}
        self._buckets: dict[str, Word] = {}
        self._numbers = 0
        self._open: OrderedDict[str, Word] = OrderedDict()

    def issue(self) -> Word:
        """A new word; questions about it are refused from now on."""
        word = Word(secrets.token_hex(16), secrets.token_hex(16))
        with self._lock:
            self._words[word] = []
            self._texts[word.text] = self._addresses[word.address] = self._buckets[word.bucket] = word
            while len(self._words) > _KEPT:
                old, _ = self._words.popitem(last=False)
                del self._texts[old.text], self._addresses[old.address], self._buckets[old.bucket]
        return word

    def asked(self, word: Word) -> tuple[Action, ...]:
        """What gates asked about this word so far."""
        with self._lock:
            return tuple(self._words.get(word, ()))

    def is_bucket(self, name: str) -> bool:
        """Whether a bucket is a canary's: nothing has to be looked up about it."""
        with self._lock:
            return name in self._buckets

    def new_request(self, gate: GateName, action: Action, chain: tuple[Process, ...] = ()) -> Request:
        """See `Desk`."""
        with self._lock:
            word = self._about(action)
            if word is not None:
                self._numbers += 1
                number = f"canary-{self._numbers}"
                self._open[number] = word
                while len(self._open) > _KEPT:
                    self._open.popitem(last=False)
                return Request(number, gate, Subject("", "canary"), action)
        return self._desk.new_request(gate, action, chain)

    def ask(self, request: Request, foretold: Callable[[], None] | None = None) -> Reply:
        """See `Desk`."""
        with self._lock:
            word = self._open.get(request.id)
            if word is not None:
                if word in self._words:
                    self._words[word].append(request.action)
                return Verdict(Effect.DENY, By.POLICY, f"agent-supervise: denied: canary {word.proof}")
        if request.id.startswith("canary-"):
            return Verdict(Effect.DENY, By.POLICY, "agent-supervise: denied: a canary of long ago")
        return self._desk.ask(request, foretold)

    def withdraw(self, request_id: str, why: str) -> None:
        """See `Desk`."""
        if not request_id.startswith("canary-"):
            self._desk.withdraw(request_id, why)

    def ended(self, request_id: str, *, detail: str = "", sent: int = 0, received: int = 0) -> None:
        """See `Desk`."""
        if not request_id.startswith("canary-"):
            self._desk.ended(request_id, detail=detail, sent=sent, received=received)

    def answered(self, request_id: str, status: int, *, aws_request_id: str = "", detail: str = "") -> None:
        """See `Desk`."""
        if not request_id.startswith("canary-"):
            self._desk.answered(request_id, status, aws_request_id=aws_request_id, detail=detail)

    def fault(self, part: str, what: str) -> None:
        """See `Desk`."""
        self._desk.fault(part, what)

    def _about(self, action: Action) -> Word | None:
        """The canary that an action is, if it is one."""
        match action:
            case Exec():
                return next((self._texts[word] for word in action.argv if word in self._texts), None)
            case Connect():
                return self._addresses.get(action.host)
            case AwsCall():
                named = [resource for resource in action.resources if _BUCKET in resource]
                return next((word for one in named for name, word in self._buckets.items() if name in one), None)
            case _:
                return None


class Rounds:
    """Sends canaries and judges what comes back; belongs to one thread.

    `send` tells PID 1, and says false where that cannot be done now; `done` is told the outcome of each round, and a
    failure at once.
    """

    def __init__(
        self,
        canaries: Sequence[Canary],
        desk: CanaryDesk,
        send: Callable[[bytes], bool],
        done: Callable[[GatesChecked], None],
    ) -> None:
        self._canaries, self._desk, self._send, self._done = tuple(canaries), desk, send, done
        self._number = 0
        self._rest = 0
        self._failed = False
        self._courses: dict[int, _Course] = {}
        self._over: list[_Course] = []

    @property
    def failed(self) -> bool:
        """Whether a gate did not hold: there are no more rounds then."""
        return self._failed

    def begin(self) -> None:
        """Start a round, if none is under way."""
        if self._courses or self._failed:
            return
        self._over = []
        for canary in self._canaries:
            self._try(_Course(canary, self._desk.issue()))
        self._settle()

    def tick(self) -> None:
        """A tick of the session's loop has passed, and what PID 1 said until then was given to `reply`."""
        if not self._courses:
            self._rest += 1
            if self._rest >= EVERY:
                self.begin()
            return
        for course in list(self._courses.values()):
            course.ticks += 1
            if course.ticks >= PATIENCE:
                self._give_up(course)
            elif course.again:
                course.again -= 1
                if not course.again:
                    del self._courses[course.number]
                    course.word = self._desk.issue()
                    self._try(course)
        self._settle()

    def reply(self, data: bytes) -> None:
        """What PID 1 said. What belongs to no try that is open says nothing."""
        verb, _, rest = data.partition(b" ")
        count, _, rest = rest.partition(b" ")
        course = self._courses.get(int(count)) if count.isdigit() and len(count) < 10 else None
        if course is None or course.again or course.verb != verb:
            return
        asked = self._desk.asked(course.word)
        course.outcome, course.why = course.canary.judge(Tried(course.word, rest, asked))
        if course.outcome in (Outcome.HELD, Outcome.FAILED):
            self._over.append(self._courses.pop(course.number))
        else:
            course.again = AGAIN
        self._settle()

    def fail(self, gate: str, why: str) -> None:
        """It is known in another way that this gate does not hold."""
        if not self._failed:
            self._failed = True
            self._courses.clear()
            self._done(GatesChecked((GateStatus(gate, False, why),)))

    def _try(self, course: _Course) -> None:
        self._number += 1
        course.number = self._number
        self._courses[course.number] = course
        message = course.canary.request(course.number, course.word)
        course.verb = message.partition(b" ")[0]
        if not self._send(message):
            course.outcome, course.why, course.again = Outcome.UNCLEAR, "it could not be asked for", AGAIN

    def _give_up(self, course: _Course) -> None:
        del self._courses[course.number]
        if course.outcome is Outcome.FULL:
            course.outcome = Outcome.HELD
        else:
            course.outcome, course.why = Outcome.FAILED, course.why or "nothing came back in time"
        self._over.append(course)

    def _settle(self) -> None:
        failed = [course for course in self._over if course.outcome is Outcome.FAILED]
        if self._courses and not failed:
            return
        self._failed = bool(failed)
        self._courses.clear()
        self._rest = 0
        over, self._over = self._over, []
        gates = dict.fromkeys(canary.gate for canary in self._canaries)
        statuses = (_status(gate, [course for course in over if course.canary.gate == gate]) for gate in gates)
        self._done(GatesChecked(tuple(status for status in statuses if status is not None)))


def _status(gate: str, courses: list[_Course]) -> GateStatus | None:
    """What a gate's canaries showed together; `None` where none of them was tried to its end."""
    failed = [course.why for course in courses if course.outcome is Outcome.FAILED]
    shown = [course.why or course.canary.shows for course in courses]
    return GateStatus(gate, not failed, "; ".join(failed or shown)) if courses else None
