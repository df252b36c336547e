"""A session core to talk to: requests in words, time in seconds, what came out in lists."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from supervisor.core.orders import AgentEnded, Answered, Asked, Deliver, Event, Order, ReplyTo, Shown, Tick, Write
from supervisor.core.session import Session
from supervisor.model.effect import Effect
from supervisor.model.event import Record
from supervisor.model.grant import Answer, Approver, Matcher
from supervisor.model.request import Exec, Request, Subject
from supervisor.policy.scope import Approvals, FourEyes, Rule, Rules, Scope, Source

START = datetime(2026, 2, 1, 12, tzinfo=UTC)


def scope(*rules: tuple[Effect, str], otherwise: Effect = Effect.ASK, eyes: tuple[FourEyes, ...] = ()) -> Scope:
    """A scope of command rules; line numbers count from 1."""
    made = tuple(
        Rule("commands", effect, (pattern,), Source("task.yaml", number))
        for number, (effect, pattern) in enumerate(rules, 1)
    )
    approvals = Approvals(timedelta(minutes=15), eyes)
    commands = Rules(made, otherwise, Source("task.yaml", 99))
    return Scope("task", "A task", "sha256:1", Source("task.yaml", 1), commands=commands, approvals=approvals)


@dataclass
class Talk:
    """A conversation with one session; `said` are all orders so far."""

    session: Session
    now: datetime = START
    said: list[Order] = field(default_factory=list)
    asked: int = 0

    def tell(self, event: Event) -> tuple[Order, ...]:
        """One event; returns its orders."""
        self.session, orders = self.session.handle(event, self.now)
        self.said += orders
        return orders

    def ask(self, command: str) -> str:
        """A program start; returns the request's id."""
        self.asked += 1
        argv = tuple(command.split())
        action = Exec(f"/usr/bin/{argv[0]}", argv, "/work", (argv[0],))
        self.tell(Asked(Request(f"r{self.asked}", "exec", Subject("s", "bash"), action)))
        return f"r{self.asked}"

    def later(self, seconds: float) -> tuple[Order, ...]:
        """Time passes, then a tick."""
        self.now += timedelta(seconds=seconds)
        return self.tell(Tick())

    def show(self, escalation: str = "e1") -> None:
        """The whole question was on a screen."""
        self.tell(Shown(escalation, "console"))

    def answer(
        self,
        choice: str,
        escalation: str = "e1",
        *,
        by: str = "dev",
        matcher: Matcher | None = None,
        minutes: int = 0,
        digest: str = "",
        approver: Approver | None = None,
        **more: str,
    ) -> ReplyTo:
        """A human's answer, bound to what waits unless `digest` says otherwise; returns the reply."""
        waiting = self.session.waiting.get(escalation)
        bound = digest or (waiting.digest if waiting else "")
        given = Answer(escalation, choice, bound, by=by, matcher=matcher, minutes=minutes, **more)  # type: ignore[arg-type]
        vouched = approver or Approver(f"uid:{by}", "kernel", ("approver",), owner=by == "dev")
        answered = Answered(given, approver=vouched)
        replies = [order for order in self.tell(answered) if isinstance(order, ReplyTo)]
        assert len(replies) == 1, replies
        return replies[0]

    def end(self) -> tuple[Order, ...]:
        """The agent ends."""
        return self.tell(AgentEnded(0, "the agent ended"))

    def verdict(self, request: str) -> Deliver | None:
        """What the gate was told about a request; fails where it was told twice."""
        told = [order for order in self.said if isinstance(order, Deliver) and order.request == request]
        assert len(told) <= 1, told
        return told[0] if told else None

    def records(self, kind: type[Record]) -> list[Record]:
        """The journal's records of one kind."""
        return [order.record for order in self.said if isinstance(order, Write) and isinstance(order.record, kind)]


def talk(*rules: tuple[Effect, str], **more: object) -> Talk:
    """A session with these command rules."""
    deadline = more.pop("deadline", None)
    unattended = str(more.pop("unattended", ""))
    made = Session(scope(*rules, **more), unattended=unattended)  # type: ignore[arg-type]
    return Talk(replace(made, deadline=deadline))  # type: ignore[arg-type]
