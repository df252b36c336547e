"""The records of the journal, one class a kind: the only thing that a console ever sees.

`seq`, `time`, `prev` and `hash` are added by the journal. A record is encoded by `model.codec.to_json`; its `KIND` is
the line's `kind`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from supervisor.model.decision import By, Decision
from supervisor.model.effect import Effect
from supervisor.model.grant import Approver, Grant, GrantOffer, Receipt
from supervisor.model.request import Request, Subject


@dataclass(frozen=True, slots=True)
class GateStatus:
    """One gate of this session: `holds` or not, and how that was shown or why not."""

    name: str
    holds: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """The first line of a journal."""

    KIND: ClassVar[str] = "session.started"
    session: str
    agent: tuple[str, ...]
    workspace: str
    user: str
    version: str
    gates: tuple[GateStatus, ...] = ()
    weakened: tuple[str, ...] = ()
    recorded: bool = True


@dataclass(frozen=True, slots=True)
class ScopeLoaded:
    """The scope in force. `may`, `asks`, `never` are its plain words, for the panel and for review."""

    KIND: ClassVar[str] = "scope.loaded"
    scope: str
    task: str
    digest: str
    source: str
    values: tuple[tuple[str, str], ...] = ()
    expires: datetime | None = None
    may: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CredentialMinted:
    """A credential that the broker holds for the task; never the secret, only its id.

    With an `issuer` it is a task token: `acts_as` is the user, `service` the scopes at the issuer, `digest` the token's
    SHA-256 in hex, `before` the credential that it follows.
    """

    KIND: ClassVar[str] = "credential.minted"
    credential: str
    acts_as: str
    expires: datetime
    service: str = ""
    escalation: str = ""
    issuer: str = ""
    digest: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class CredentialEnded:
    """A credential that is worth nothing from now on."""

    KIND: ClassVar[str] = "credential.ended"
    credential: str
    why: str


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request joined to an escalation that already waits (equal requests are one question).

    Where it adds something to the question (a burst of AWS calls), `digest` and `decision` are the question's from now
    on, about the request that `core.burst.merged` makes of the one before and this one.
    """

    KIND: ClassVar[str] = "request"
    request: Request
    escalation: str
    digest: str = ""
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """What the policy said about a request, with the facts that it said it about."""

    KIND: ClassVar[str] = "decision"
    request: Request
    effect: Effect
    decision: Decision


@dataclass(frozen=True, slots=True)
class EscalationOpened:
    """A question for a human. `digest` binds the answer to what was asked; `offers` are narrowest first."""

    KIND: ClassVar[str] = "escalation.opened"
    escalation: str
    request: Request
    decision: Decision
    digest: str
    expires: datetime
    offers: tuple[GrantOffer, ...] = ()


@dataclass(frozen=True, slots=True)
class EscalationShown:
    """The whole question was on a screen."""

    KIND: ClassVar[str] = "escalation.shown"
    escalation: str
    console: str


@dataclass(frozen=True, slots=True)
class EscalationAnswered:
    """A human's answer that was taken. `dwell_ms`: milliseconds from shown to answered, -1 if never shown.

    Where several humans must agree, `approver` says who vouches for this one, `receipt` is what an issuer signed about
    it, and `use_by` is when an allow is worth nothing any more unless the others have agreed.
    """

    KIND: ClassVar[str] = "escalation.answered"
    escalation: str
    choice: str
    by: str
    message: str = ""
    dwell_ms: int = -1
    approver: Approver | None = None
    receipt: Receipt | None = None
    use_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReceiptKeys:
    """Who vouches for approvers from here on: an issuer's public keys (`keys` is a JWKS), and the client at it.

    What stands in receipts can be checked with these alone, when the issuer is long gone.
    """

    KIND: ClassVar[str] = "receipt.keys"
    issuer: str
    client: str
    keys: str


@dataclass(frozen=True, slots=True)
class EscalationExpired:
    """A question that ended without an answer: `why` says timeout, withdrawn by the program, or session end."""

    KIND: ClassVar[str] = "escalation.expired"
    escalation: str
    why: str


@dataclass(frozen=True, slots=True)
class GrantAdded:
    """A kept answer, in force from now on."""

    KIND: ClassVar[str] = "grant.added"
    grant: Grant


@dataclass(frozen=True, slots=True)
class GrantEnded:
    """A grant that no longer answers anything."""

    KIND: ClassVar[str] = "grant.ended"
    grant: str
    why: str


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """What the gate was told about a request, and by what it was decided."""

    KIND: ClassVar[str] = "verdict"
    request: str
    effect: Effect
    by: By
    detail: str = ""
    escalation: str = ""


@dataclass(frozen=True, slots=True)
class ExecEnded:
    """A program that had been asked about came to its end (or was withdrawn before its start)."""

    KIND: ClassVar[str] = "exec.ended"
    request: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AwsAnswered:
    """What AWS said to a forwarded call; `aws_request_id` joins it to CloudTrail. Status 0: see `detail`."""

    KIND: ClassVar[str] = "aws.answered"
    request: str
    status: int
    aws_request_id: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NetClosed:
    """A connection ended: bytes out of the cell and into it, and why it failed if it did."""

    KIND: ClassVar[str] = "net.closed"
    request: str
    sent: int = 0
    received: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class McpAnswered:
    """What an MCP server said to a forwarded tool call, in one word."""

    KIND: ClassVar[str] = "mcp.answered"
    request: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the agent said it would do, told early by its hook; a courtesy, never decided on."""

    KIND: ClassVar[str] = "proposal"
    subject: Subject
    tool: str
    text: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something of ours broke; what it concerned was denied. `fix` is the way out for the human, where one is known."""

    KIND: ClassVar[str] = "fault"
    part: str
    what: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class PathWanted:
    """A path that the words of a program start name, and that the cell does not show, or (`write`) not for writing.

    What comes of it is the program's affair: file access is not asked about. A human could grant the path.
    """

    KIND: ClassVar[str] = "path.wanted"
    request: str
    path: str
    write: bool = False


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """A file that the session left and that the developer's own tools run later, or that leads them astray.

    `path` is relative to the workspace, or absolute. `what` says what became of it, `why` why it matters; with `alone`
    it acts without being asked for: when a folder is entered or opened, or with `git status`.
    """

    path: str
    what: str
    why: str
    alone: bool = False


@dataclass(frozen=True, slots=True)
class FilesLeft:
    """What to look at before using the workspace outside of the cell; those that act alone come first.

    `more` counts what is not listed; `cut` says why not everything was looked through, if it was not.
    """

    KIND: ClassVar[str] = "files.left"
    found: tuple[LeftBehind, ...] = ()
    more: int = 0
    cut: str = ""


@dataclass(frozen=True, slots=True)
class LimitReached:
    """The session took more of the host than its scope lets it; `what` says what was ended for it."""

    KIND: ClassVar[str] = "limit.reached"
    limit: str
    what: str


@dataclass(frozen=True, slots=True)
class GatesChecked:
    """What canaries showed: for each gate whether it held just now, and by what that was seen."""

    KIND: ClassVar[str] = "gates.checked"
    gates: tuple[GateStatus, ...]


@dataclass(frozen=True, slots=True)
class PortExposed:
    """A port of the cell's that this host's programs reach at 127.0.0.1:`at`; `wanted` was the scope's wish."""

    KIND: ClassVar[str] = "port.exposed"
    port: int
    at: int
    wanted: int


@dataclass(frozen=True, slots=True)
class PortClosed:
    """An exposed port that leads nowhere any more, and what went through it: bytes into the cell and out of it."""

    KIND: ClassVar[str] = "port.closed"
    port: int
    at: int
    connections: int = 0
    into: int = 0
    out_of: int = 0


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The last line of a journal. `exit_code` is the agent's (128 + signal if it was killed)."""

    KIND: ClassVar[str] = "session.ended"
    exit_code: int
    why: str
    cast_sha256: str = ""


Record = (
    SessionStarted
    | ScopeLoaded
    | CredentialMinted
    | CredentialEnded
    | RequestRecord
    | DecisionRecord
    | EscalationOpened
    | EscalationShown
    | EscalationAnswered
    | EscalationExpired
    | ReceiptKeys
    | GrantAdded
    | GrantEnded
    | VerdictRecord
    | ExecEnded
    | AwsAnswered
    | NetClosed
    | McpAnswered
    | Proposal
    | Fault
    | GatesChecked
    | LimitReached
    | PathWanted
    | FilesLeft
    | PortExposed
    | PortClosed
    | SessionEnded
)
