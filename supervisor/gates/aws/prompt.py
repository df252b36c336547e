"""Decides a call in the event loop's own turn, where neither its decision nor its signing has anything to wait for.

Handing a question to another thread and its answer back costs more than the answer. It is saved for operations that
were allowed at once before, as long as nothing has to be looked up, the desk is free and the credentials are at hand.
Who decides, and on what, is the same either way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from supervisor.errors import SuperviseError
from supervisor.gates.asking import Asking, Begun
from supervisor.gates.aws.terms import Keys, Terms
from supervisor.model.decision import By, Verdict
from supervisor.model.effect import Effect
from supervisor.model.request import AwsCall, Process
from supervisor.parse.aws_facts import facts_of
from supervisor.parse.aws_http.request import AwsRequest

WITHDRAWN: Final = Verdict(Effect.DENY, By.ENDED, "the client hung up")


@dataclass(slots=True)
class Decided:
    """What was asked about a call and what came of it."""

    call: AwsCall | None = None
    request_id: str = ""
    verdict: Verdict = WITHDRAWN
    signed_with: Keys | SuperviseError | None = None
    """Known already where nobody had to be waited for."""


class Prompt:
    """Knows which operations were allowed at once."""

    def __init__(self, terms: Terms, asking: Asking) -> None:
        self._terms, self._asking = terms, asking
        self._allowed: set[tuple[str, str]] = set()

    def learn(self, read: AwsRequest, decided: Decided) -> None:
        """What became of a call of this operation."""
        operation = (read.service, read.operation)
        if decided.verdict.allowed and decided.verdict.by is By.POLICY:
            self._allowed.add(operation)
        else:
            self._allowed.discard(operation)

    def decide(self, read: AwsRequest, chain: tuple[Process, ...]) -> tuple[Decided, Begun] | None:
        """The decision, or a question that was begun and is not answered yet; `None` = it may take its time."""
        if (read.service, read.operation) not in self._allowed or not self._terms.is_free():
            return None
        call = self._facts(read)
        if call is None:
            return None
        begun = self._asking.begin(call, chain)
        decided = Decided(call, begun.request_id)
        if begun.verdict is not None:
            decided.verdict = begun.verdict
            if begun.verdict.allowed:
                decided.signed_with = self._terms.broker.at_hand(call, by=begun.verdict.by)
            self.learn(read, decided)
        return decided, begun

    def _facts(self, read: AwsRequest) -> AwsCall | None:
        """What is decided on, if all of it is known here."""
        terms = self._terms
        if read.bucket and terms.is_canary(read.bucket):
            return None
        account = terms.broker.known_account()
        if not account:
            return None
        try:
            call = facts_of(read, account=account)
            if terms.needs_tags(call):
                return None
            if not is_reading(call) and terms.would(call) is not Effect.ALLOW:
                return None
        except Exception:
            # Whoever asks in the usual way meets it again, and denies.
            return None
        return call


def is_reading(call: AwsCall) -> bool:
    """Whether a call changes nothing, so that nobody is shown what it would destroy."""
    return call.level in ("list", "read")
