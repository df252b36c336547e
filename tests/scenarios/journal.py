"""Journal lines for tests and screenshots: records of the real model with a clock that stands still between steps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from supervisor.model.codec import Json, digest, rfc3339, to_json
from supervisor.model.decision import By, Decision, RuleRef
from supervisor.model.effect import Effect
from supervisor.model.event import DecisionRecord, EscalationOpened, Record, VerdictRecord
from supervisor.model.grant import GrantOffer
from supervisor.model.request import Action, Exec, GateName, Process, Request, Subject

START = datetime(2026, 2, 1, 12, 0, 0, tzinfo=UTC)
AGENT = Process(4100, "/usr/bin/claude", ("claude",))


class Lines:
    """A journal in the making; `now` is the time of the next line."""

    def __init__(self) -> None:
        self.lines: list[Json] = []
        self.now = START
        self._requests = 0

    def wait(self, seconds: float) -> Lines:
        self.now += timedelta(seconds=seconds)
        return self

    def add(self, *records: Record) -> Lines:
        for record in records:
            line: dict[str, Any] = {"seq": len(self.lines), "time": rfc3339(self.now), **to_json(record)}
            self.lines.append({**line, "prev": "", "hash": digest(line)})
        return self

    def request(
        self, action: Action, gate: GateName = "exec", *, by: tuple[Process, ...] = (), reason: str = ""
    ) -> Request:
        self._requests += 1
        return Request(f"r{self._requests}", gate, Subject("s1", "claude", (*by, AGENT)), action, reason)

    def run(self, text: str, *, cwd: str = "/home/dev/site", by: tuple[Process, ...] = (), reason: str = "") -> Request:
        argv = tuple(text.split())
        return self.request(Exec(f"/usr/bin/{argv[0]}", argv, cwd, known_as=(argv[0],)), by=by, reason=reason)

    def allow(self, *texts: str) -> Lines:
        for text in texts:
            request = self.run(text)
            decision = Decision(Effect.ALLOW, explain="commands: otherwise allow")
            self.add(DecisionRecord(request, Effect.ALLOW, decision))
            self.add(VerdictRecord(request.id, Effect.ALLOW, By.POLICY))
            self.wait(0.4)
        return self

    def deny(self, request: Request, rule: RuleRef) -> Lines:
        self.add(DecisionRecord(request, Effect.DENY, Decision(Effect.DENY, (rule,), rule.because or rule.text)))
        return self.add(VerdictRecord(request.id, Effect.DENY, By.POLICY))

    def ask(
        self,
        escalation: str,
        request: Request,
        decision: Decision,
        *offers: GrantOffer,
        minutes: float = 15,
    ) -> Lines:
        self.add(DecisionRecord(request, Effect.ASK, decision))
        opened = EscalationOpened(
            escalation,
            request,
            decision,
            digest([escalation, to_json(request)]),
            self.now + timedelta(minutes=minutes),
            offers,
        )
        return self.add(opened)
