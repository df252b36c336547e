"""A kept answer: what it covers, for how long, who gave it, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from supervisor.model.codec import digest


@dataclass(frozen=True, slots=True)
class ExecMatcher:
    """Program starts of `program` (a name as rules write it) whose words begin with `words`; `cwd` empty = anywhere.

    `exact` asks for exactly this argument list instead of a prefix. `program` alone never suffices: `words` is empty
    only together with `exact`.
    """

    KIND: ClassVar[str] = "exec"
    program: str
    words: tuple[str, ...] = ()
    cwd: str = ""
    exact: bool = False
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class ConnectMatcher:
    """Connections to exactly `host` (or `*.suffix`) and `port`."""

    KIND: ClassVar[str] = "connect"
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class AwsMatcher:
    """Calls whose actions and resources are all covered by these IAM patterns."""

    KIND: ClassVar[str] = "aws"
    actions: tuple[str, ...]
    resources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToolMatcher:
    """Calls of exactly this MCP tool; `arguments` empty = any arguments, else their canonical JSON text."""

    KIND: ClassVar[str] = "mcp"
    server: str
    tool: str
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class PathMatcher:
    """A file or folder of the host (`path`, without links) that the cell shows while the grant lasts.

    It answers no request: file access is not asked about, what is not shown is not there.
    """

    KIND: ClassVar[str] = "path"
    path: str
    write: bool = False


Matcher = ExecMatcher | ConnectMatcher | AwsMatcher | ToolMatcher | PathMatcher


@dataclass(frozen=True, slots=True)
class Grant:
    """An answer kept for later requests of the task; it answers asks and never outranks a deny."""

    id: str
    matcher: Matcher
    expires: datetime
    by: str
    escalation: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GrantOffer:
    """A grant that the panel proposes for an escalation: its width in words and as a matcher, narrowest first."""

    label: str
    matcher: Matcher
    minutes: int


@dataclass(frozen=True, slots=True)
class Approver:
    """Whose an answer is where several humans must agree, by the word of somebody else than the console.

    `id` tells humans apart: `uid:1001` on the kernel's word, `ISSUER SUBJECT` on an issuer's. `roles` are the groups or
    roles that they have there. `owner`: whose session it is. `doubt` says why the answer proves no human, empty if
    nothing speaks against it. `proven` is when they last proved who they are, where that is known.
    """

    id: str
    vouched: Literal["kernel", "issuer"]
    roles: tuple[str, ...] = ()
    owner: bool = False
    doubt: str = ""
    proven: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an issuer signed about an approver's login: a JWS in its flattened form (RFC 7515, 7.2.2).

    In three pieces it is a proof and no token: nothing that looks for tokens takes it for one.
    """

    protected: str
    payload: str
    signature: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A human's intent about one escalation, bound to the digest of what was shown.

    `matcher` and `minutes` are set for `task` answers only. `typed` is what the human typed where a name was asked
    for. `by` names the human; it is filled in by the session process from the socket's peer, never by the console.
    """

    escalation: str
    choice: Literal["once", "task", "deny"]
    digest: str
    message: str = ""
    typed: str = ""
    matcher: Matcher | None = None
    minutes: int = 0
    by: str = ""


def nonce_of(session: str, answer: Answer) -> str:
    """What an approver's login is bound to: this choice about this question, in this session and at this place of it.

    The same question asked again, or grown, is another one.
    """
    return digest(
        {
            "session": session,
            "escalation": answer.escalation,
            "question": answer.digest,
            "choice": answer.choice,
        }
    )
