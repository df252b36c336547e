"""What a newcomer reads when the story is over: what is left of production, what was decided, where to look next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from supervisor.demo.cloud import Left
from supervisor.journal.reader import read


@dataclass(frozen=True, slots=True)
class Seen:
    """Decisions of a session, from its journal; `answer` is what became of its question, empty = there was none."""

    allowed: int = 0
    asked: int = 0
    denied: int = 0
    answer: str = ""

    @property
    def decisions(self) -> int:
        """All of them."""
        return self.allowed + self.asked + self.denied


def seen_in(folder: Path) -> Seen:
    """Count the journal in a session's folder. Raises `JournalError`."""
    effects = {"allow": 0, "ask": 0, "deny": 0}
    answer = ""
    for line in read(folder):
        match line.get("kind"):
            case "decision" if line.get("effect") in effects:
                effects[str(line["effect"])] += 1
            case "escalation.opened":
                answer = "it was not answered"
            case "escalation.answered":
                answer = "you said no" if line.get("choice") == "deny" else "you allowed it"
            case "escalation.expired":
                answer = "nobody answered, so it was denied"
    return Seen(effects["allow"], effects["ask"], effects["deny"], answer)


def epilogue(left: Left, seen: Seen, session: str, command: str = "agent-supervise") -> list[str]:
    """The last lines, for a plain terminal; `command` is how the reader calls us."""
    if not left.production_lives:
        return [
            f"PRODUCTION IS GONE: {left.rows:,} rows, {left.snapshots} snapshots are left of the pretend database.",
            "That must not happen, and is a defect of agent-supervise. The session that let it happen:",
            f"  {command} review {session}",
        ]
    site = f"{left.site_files} files in its bucket" if left.site_files else "not uploaded"
    because = f" ({seen.answer})" if seen.answer else ""
    return [
        "What is left, asked from the pretend cloud itself:",
        f"  production  {left.rows:,} rows and {left.snapshots} snapshots: all of it",
        f"  the site    {site}{because}",
        f"  decisions   {seen.decisions}: {seen.allowed} allowed, {seen.asked} asked, {seen.denied} denied",
        "",
        "Without the session the same agent empties that cloud: it found production's state, and tried four ways.",
        "What happened, beside what the terminal showed · whether anybody changed that record · your own agent:",
        f"  {command} review {session}",
        f"  {command} verify {session}",
        f"  cd your-project && {command} claude",
    ]
