"""The life of one question: a table of states, and what makes an answer acceptable.

```
waiting ──shown──▶ shown ──answered──▶ answered
   │    ◀──grew───   │
   └──expired, withdrawn, ended, answered elsewhere──▶ closed
```
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from supervisor.core.approvers import Agreed, concerns, no_help
from supervisor.core.arming import phrase
from supervisor.model.codec import digest, to_json
from supervisor.model.decision import Decision
from supervisor.model.grant import (
    Answer,
    Approver,
    AwsMatcher,
    ConnectMatcher,
    ExecMatcher,
    GrantOffer,
    Matcher,
    ToolMatcher,
)
from supervisor.model.request import Request
from supervisor.model.visible import visible
from supervisor.policy.offers import covers, offers

MAX_GRANT_MINUTES: Final = 24 * 60


class Stage(StrEnum):
    """Where a question stands."""

    WAITING = "waiting"
    SHOWN = "shown"
    ANSWERED = "answered"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


OPEN: Final = frozenset({Stage.WAITING, Stage.SHOWN})

STAGES: Final = {
    (Stage.WAITING, "shown"): Stage.SHOWN,
    (Stage.SHOWN, "shown"): Stage.SHOWN,
    (Stage.WAITING, "answered"): Stage.ANSWERED,  # only a deny: an allow needs it shown, see `refusal`
    (Stage.SHOWN, "answered"): Stage.ANSWERED,
    (Stage.WAITING, "expired"): Stage.EXPIRED,
    (Stage.SHOWN, "expired"): Stage.EXPIRED,
    (Stage.WAITING, "grew"): Stage.WAITING,
    (Stage.SHOWN, "grew"): Stage.WAITING,  # what was on a screen is not what waits now
    (Stage.WAITING, "withdrawn"): Stage.WITHDRAWN,
    (Stage.SHOWN, "withdrawn"): Stage.WITHDRAWN,
}


@dataclass(frozen=True, slots=True)
class Escalation:
    """A decision *ask* that waits for a human. `holders` are the ids of the requests that it holds.

    Where several humans must agree, `agreed` are those who have, and the others must by `use_by`, however long it may
    wait otherwise.

    `burst` is the key by which other calls join it, empty where only equal ones do. A holder that is gone leaves what
    it wanted to touch in the question: its retry is then the same question, and what a human reads is never too little.
    """

    id: str
    request: Request
    decision: Decision
    digest: str
    opened: datetime
    expires: datetime
    offers: tuple[GrantOffer, ...]
    holders: tuple[str, ...]
    stage: Stage = Stage.WAITING
    shown: datetime | None = None
    agreed: tuple[Agreed, ...] = ()
    use_by: datetime | None = None
    burst: str = ""

    def step(self, what: str) -> Escalation:
        """The escalation after `what` happened; raises `KeyError` where the table has no such step."""
        return replace(self, stage=STAGES[self.stage, what])

    def without(self, request: str) -> Escalation:
        """The escalation after one of its holders is gone."""
        return replace(self, holders=tuple(holder for holder in self.holders if holder != request))

    def grown(self, request: Request, decision: Decision) -> Escalation:
        """The escalation about more than before: nobody has seen it, and nobody has agreed to it."""
        return replace(
            self.step("grew"),
            request=request,
            decision=decision,
            digest=question_digest(request, decision),
            offers=offers(request, decision),
            shown=None,
            agreed=(),
            use_by=None,
        )

    @property
    def due(self) -> datetime:
        """When it ends without an answer."""
        return self.expires if self.use_by is None else min(self.expires, self.use_by)

    @property
    def several(self) -> bool:
        """Whether one human does not suffice."""
        return self.decision.four_eyes > 1

    @property
    def required_name(self) -> str:
        """What must be typed for an allow; empty where nothing irreversible would happen."""
        return phrase(self.decision.irreversible)


def question_digest(request: Request, decision: Decision) -> str:
    """The digest that binds an answer to a question: what would happen and why it asks, not which process asked."""
    return digest(
        {
            "gate": request.gate,
            "action": to_json(request.action),
            "rules": to_json(decision.rules),
            "scope": decision.scope,
            "irreversible": to_json(decision.irreversible),
            "four_eyes": decision.four_eyes,
            **({"approvers": to_json(decision.approvers)} if decision.approvers else {}),
            **({"condition": to_json(replace(decision.condition, logged=""))} if decision.condition else {}),
        }
    )


def refusal(escalation: Escalation | None, answer: Answer, approver: Approver, *, now: datetime) -> str:
    """Why this answer of this human is not taken, in words for them; empty if it is."""
    if escalation is None or escalation.stage not in OPEN:
        return "this question is no longer open: it was answered elsewhere, withdrawn or has expired"
    if now >= escalation.due:
        return "this question has expired"
    if answer.digest != escalation.digest:
        return "what waits now is not what was shown: look again"
    if not answer.by:
        return "the answer does not say whose it is"
    if not escalation.several and not approver.owner:
        return "this question is for the session's owner alone"
    if not concerns(escalation.decision, approver):
        return no_help(escalation.decision, (), approver)
    if answer.choice == "deny":
        return ""
    if escalation.stage is not Stage.SHOWN:
        return "the whole question has not been on a screen yet"
    if escalation.required_name and answer.typed != escalation.required_name:
        return f"type {escalation.required_name} to allow what cannot be undone"
    if escalation.several and (why := no_help(escalation.decision, escalation.agreed, approver)):
        return why
    condition = escalation.decision.condition
    if condition is not None and condition.reason and not answer.message.strip():
        return f"{visible(condition.by)} wants to know why: an allow of this has a reason"
    return _task_refusal(escalation, answer) if answer.choice == "task" else ""


def _task_refusal(escalation: Escalation, answer: Answer) -> str:
    if answer.matcher is None:
        return "a grant for the task must say what it covers"
    if escalation.required_name:
        return "what cannot be undone is allowed once at a time, never for the task"
    if escalation.several:
        return "what needs several people is allowed once at a time, never for the task"
    if escalation.decision.once:
        return "this is allowed once at a time, never for the task"
    condition = escalation.decision.condition
    most = MAX_GRANT_MINUTES if condition is None or condition.minutes is None else condition.minutes
    if not 1 <= answer.minutes <= most:
        return f"a grant lasts between 1 and {most} minutes"
    if wide := too_wide(answer.matcher):
        return wide
    if not covers(answer.matcher, escalation.request.action):
        return "this grant would not cover what waits"
    return ""


def too_wide(matcher: Matcher) -> str:
    """Why a grant is wider than a human may give with one key; empty if it is not."""
    match matcher:
        case ExecMatcher(words=(), exact=False):
            return "a grant by program name alone covers everything that the program can do: add its subcommand"
        case ConnectMatcher(host=host) if "*" in host.removeprefix("*.") or host.count(".") < (2 if "*" in host else 0):
            return "a grant for hosts names one host, or all below a domain such as *.example.com"
        case AwsMatcher(actions=actions) if any(action in ("*", "*:*") or action.endswith(":*") for action in actions):
            return "a grant names AWS actions, not whole services"
        case AwsMatcher(resources=resources) if not resources or "*" in resources:
            return "a grant names the resources that it covers"
        case ToolMatcher(server=server, tool=tool) if not server or not tool or "*" in server + tool:
            return "a grant names one tool of one server"
        case _:
            return ""
