"""What goes into the session core and what comes out of it: closed unions of frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from supervisor.model.condition import Condition
from supervisor.model.decision import Verdict
from supervisor.model.event import GatesChecked, Record
from supervisor.model.grant import Answer, Approver, Grant, Receipt
from supervisor.model.request import GateName, Request

# ── events: what happened ────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Asked:
    """A gate wants to know whether this may happen.

    `condition` is what the scope's conditions in Rego say of it; `None` where there are none, or nobody asked them.
    """

    request: Request
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Whoever asked is gone; nobody needs the answer any more."""

    request: str
    why: str


@dataclass(frozen=True, slots=True)
class Ended:
    """What a gate let through has come to its end, in the gate's own words."""

    record: Record


@dataclass(frozen=True, slots=True)
class Shown:
    """The whole question was on this console's screen; `digest` tells which, as a burst's question grows.

    Empty where a console does not say: then it is taken to be the one that waits now.
    """

    escalation: str
    console: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """A human answered; `answer.by` was filled in by the session process.

    `approver` is that human as the kernel or an issuer vouches for them, by a `receipt` in the latter's case; `None`
    where nobody does. `condition` is what the scope's conditions say of it by now; `None` as in `Asked`.
    """

    answer: Answer
    condition: Condition | None = None
    approver: Approver | None = None
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class GrantRevoked:
    """A human took a grant back."""

    grant: str
    by: str


@dataclass(frozen=True, slots=True)
class PathGranted:
    """A human shows the cell a path, which was found fit to be shown; `by` was filled in by the session process."""

    path: str
    write: bool
    minutes: int
    by: str


@dataclass(frozen=True, slots=True)
class PathFailed:
    """A granted path could not be shown."""

    grant: str
    why: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed; whatever is due at `now` happens."""


@dataclass(frozen=True, slots=True)
class Broke:
    """A part of ours broke, and what it concerned was denied."""

    part: str
    what: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Canaries went through the gates; one that was not refused means that its gate does not hold."""

    record: GatesChecked


@dataclass(frozen=True, slots=True)
class AgentEnded:
    """The agent's first process ended, or the session was told to end. `exit_code` is 128 + signal if killed."""

    exit_code: int
    why: str
    cast_sha256: str = ""


Event = (
    Asked
    | Withdrawn
    | Ended
    | Shown
    | Answered
    | GrantRevoked
    | PathGranted
    | PathFailed
    | Tick
    | Broke
    | Checked
    | AgentEnded
)

# ── orders: what the runtime must do, in this order ──────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Write:
    """Append to the journal, durably, before anything that follows."""

    record: Record


@dataclass(frozen=True, slots=True)
class Deliver:
    """Tell the gate the final word on a request."""

    gate: GateName
    request: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Send a `Tick` at this moment at the latest."""

    moment: datetime


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """Tell the console that sent an answer whether it was taken, and if not, why."""

    escalation: str
    accepted: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class ShowPath:
    """Show the cell the path of this grant, whose matcher is a `PathMatcher`."""

    grant: Grant


@dataclass(frozen=True, slots=True)
class HidePath:
    """What was shown for this grant is to be gone from the cell."""

    grant: str


@dataclass(frozen=True, slots=True)
class Stop:
    """End the session's programs now: it cannot be shown any more that they are held."""

    why: str


Order = Write | Deliver | WakeAt | ReplyTo | ShowPath | HidePath | Stop
