"""What the policy said about a request, and what the gate was told in the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from supervisor.model.condition import Condition
from supervisor.model.effect import Effect


@dataclass(frozen=True, slots=True)
class RuleRef:
    """A rule that applied, and where a reader finds it. `text` is the rule in one line, `section` the scope's key."""

    section: str
    effect: Effect
    file: str
    line: int
    text: str
    because: str = ""


@dataclass(frozen=True, slots=True)
class Approvers:
    """Who must agree: `count` different humans who have `role`.

    The session's owner is one of them without it, and never more than one; with `owner` "excluded" not even that.
    """

    count: int
    role: str
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The policy's answer to one request.

    `rules` are the matching rules, strictest first; empty means that `otherwise` decided. `explain` says why in one
    line; `needs` is the narrowest change of the scope that would allow it, in the scope's own notation, empty for an
    allow. `grant` names the grant that answered an ask.
    """

    effect: Effect
    rules: tuple[RuleRef, ...] = ()
    explain: str = ""
    needs: str = ""
    scope: str = ""
    grant: str = ""
    irreversible: tuple[str, ...] = ()
    """Names that a human must type before an allow (a bucket, a database): empty for what can be undone."""
    four_eyes: int = 0
    """How many different humans must allow it; 0 or 1 means the developer alone."""
    approvers: tuple[Approvers, ...] = ()
    """Who those humans are, line by line of the scope: each line must be satisfied."""
    once: str = ""
    """Why it is allowed once at a time only, whatever grants there are; empty where a grant may answer it."""
    condition: Condition | None = None
    """What the scope's conditions in Rego said; `None` where there are none, or the rules deny already."""


class By(StrEnum):
    """What a verdict was decided by."""

    POLICY = "policy"
    GRANT = "grant"
    HUMAN = "human"
    TIMEOUT = "timeout"
    FAULT = "fault"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate is told: allow or deny, never ask.

    `message` is one line for the program that asked (its stderr, an HTTP body); it never holds a control character.
    `escalation` is the question that it came from, also where a kept answer of it was used.
    """

    effect: Effect
    by: By
    message: str = ""
    escalation: str = field(default="", compare=False)

    @property
    def allowed(self) -> bool:
        """True only for an explicit allow."""
        return self.effect is Effect.ALLOW
