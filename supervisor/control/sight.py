"""What another user gets to see of a session: the questions that they may answer, and nothing else of its journal."""

from __future__ import annotations

import json
from typing import Final

from supervisor.core.approvers import concerns
from supervisor.model.codec import Malformed, from_json
from supervisor.model.decision import Decision
from supervisor.model.grant import Approver

_KINDS: Final = (b'"kind":"escalation.', b'"kind":"request"')


class Sight:
    """One approver's view. `open` are the ids of the questions that they were told of."""

    def __init__(self, approver: Approver) -> None:
        self._approver = approver
        self.open: set[str] = set()

    def of(self, lines: list[bytes]) -> list[bytes]:
        """Those of the journal's lines that they may read, as they may read them."""
        return [told for line in lines if any(kind in line for kind in _KINDS) and (told := self._told(line))]

    def _told(self, text: bytes) -> bytes:
        try:
            line = json.loads(text)
            kind, escalation = line["kind"], line["escalation"]
            if kind == "escalation.opened":
                decision: Decision = from_json(Decision, line["decision"])
                if decision.four_eyes > 1 and concerns(decision, self._approver):
                    self.open.add(escalation)
        except (ValueError, KeyError, TypeError, RecursionError, Malformed):
            return b""  # what is not understood is not told
        if escalation not in self.open or not (kind == "request" or kind.startswith("escalation.")):
            return b""
        if "receipt" in line:
            del line["receipt"]  # of another human's login they need to know that it was
            return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        return text
