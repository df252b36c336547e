"""What a gate and the session say to each other.

A gate is given a `Desk`. It calls `desk.ask(request)`: a `Verdict` is final at once; `HELD` means that a human is
asked and `Gate.deliver` will be called later, from any thread, exactly once unless the gate withdraws. A gate that
cannot reach its desk, gets an exception from it, or does not understand what it got, denies.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final, Literal, Protocol

from supervisor.model.decision import Verdict
from supervisor.model.request import Action, GateName, Process, Request


class _Held(Enum):
    HELD = "held"


HELD: Final = _Held.HELD
Reply = Verdict | Literal[_Held.HELD]


class Desk(Protocol):
    """The session's side, safe to call from any thread."""

    def new_request(self, gate: GateName, action: Action, chain: tuple[Process, ...] = ()) -> Request:
        """Number a request of this session."""

    def ask(self, request: Request, foretold: Callable[[], None] | None = None) -> Reply:
        """Decide. The decision is on record when this returns. A fault inside comes back as a deny verdict.

        `foretold` is called where the decision is an allow, before that is on record: the gate may prepare what it
        then lets go or undoes, by what this returns. It must not raise.
        """

    def withdraw(self, request_id: str, why: str) -> None:
        """The asker is gone (killed, timed out, hung up): nobody needs the answer any more."""

    def ended(self, request_id: str, *, detail: str = "", sent: int = 0, received: int = 0) -> None:
        """What was allowed has come to its end."""

    def answered(self, request_id: str, status: int, *, aws_request_id: str = "", detail: str = "") -> None:
        """What the cloud said to an allowed call: its HTTP status (0 = it was not sent or not answered) and id."""

    def fault(self, part: str, what: str) -> None:
        """Something of the gate broke and what it concerned was denied."""


class Gate(Protocol):
    """One enforcement point. `start` returns when it enforces; `stop` leaves nothing running unsupervised."""

    name: GateName

    def start(self, desk: Desk) -> None: ...

    def deliver(self, request_id: str, verdict: Verdict) -> None:
        """The final word on a held request; unknown ids (withdrawn meanwhile) are ignored."""

    def stop(self) -> None: ...
