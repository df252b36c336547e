"""What the exports need to put requests into words; the console's words do (they are passed in by the command)."""

from __future__ import annotations

from typing import Protocol

from supervisor.model.decision import Decision
from supervisor.model.grant import Matcher
from supervisor.model.request import Action, Process, Request


class Words(Protocol):
    """Everything returned went through `visible`."""

    def title(self, request: Request, *, most: int = 400) -> str:
        """The request in one line of at most `most` characters, saying how much is not shown."""

    def name_of(self, action: Action) -> str:
        """The shortest name of what happens: a program, a host and port, an action, a tool."""

    def started_by(self, chain: tuple[Process, ...], arrow: str = "←") -> str:
        """The processes that led here, nearest first."""

    def why(self, decision: Decision) -> str:
        """Why the policy said so, in one line."""

    def place(self, decision: Decision) -> str:
        """`file:line` of the rule that decided; empty where none did."""

    def covers(self, matcher: Matcher) -> str:
        """What a grant answers."""
