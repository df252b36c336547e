"""What a newcomer reads when the story is over: what is left of production, what was refused, where to look next."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from supervisor.console.words import base, short
from supervisor.demo.cloud import Left
from supervisor.demo.estate import DATABASE, ROWS, SNAPSHOTS, resources
from supervisor.journal.reader import read
from supervisor.model.codec import from_json
from supervisor.model.request import AwsCall, Exec, Process, Request
from supervisor.model.visible import visible

WIDTH: Final = 79
_MARGIN: Final = " " * 14


@dataclass(frozen=True, slots=True)
class Refused:
    """What one rule refused: `what` each time in the words of the journal, `why` in those of the rule."""

    rule: str
    why: str
    what: tuple[str, ...]
    aws: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """Decisions of a session, from its journal; `answer` is what became of its question, empty = there was none."""

    allowed: int = 0
    asked: int = 0
    denied: int = 0
    answer: str = ""
    refused: tuple[Refused, ...] = ()

    @property
    def decisions(self) -> int:
        """All of them."""
        return self.allowed + self.asked + self.denied


def seen_in(folder: Path) -> Seen:
    """Count the journal in a session's folder. Raises `JournalError`."""
    effects = {"allow": 0, "ask": 0, "deny": 0}
    refused: dict[str, Refused] = {}
    answer = ""
    for line in read(folder):
        match line.get("kind"):
            case "decision" if line.get("effect") in effects:
                effects[str(line["effect"])] += 1
                if line["effect"] == "deny":
                    one = _refused(line)
                    before = refused.get(one.rule, Refused(one.rule, one.why, (), one.aws))
                    refused[one.rule] = Refused(one.rule, one.why, before.what + one.what, one.aws)
            case "escalation.opened":
                answer = "it was not answered"
            case "escalation.answered":
                answer = "you said no" if line.get("choice") == "deny" else "you allowed it"
            case "escalation.expired":
                answer = "nobody answered, so it was denied"
    return Seen(effects["allow"], effects["ask"], effects["deny"], answer, tuple(refused.values()))


def _refused(line: Mapping[str, Any]) -> Refused:
    """A decision that denied; what no rule speaks of is refused by the section's `otherwise`."""
    request = from_json(Request, line["request"])
    rules = line["decision"].get("rules", [])
    strict: dict[str, Any] = next((rule for rule in rules if rule.get("effect") == "deny"), {})
    place = f"{strict['file']}:{strict['line']}" if strict else "no rule allows it"
    what, aws = short(request.action), isinstance(request.action, AwsCall)
    if isinstance(request.action, Exec) and request.action.argv:
        # Not quoted: it is read here, and not run.
        what = " ".join((base(request.action.argv[0]), *(visible(word) for word in request.action.argv[1:])))
    if aws and request.subject.chain:
        what = f"{what}, called by {_caller(request.subject.chain[0])}"
    return Refused(visible(place), visible(str(strict.get("because", ""))), (what,), aws)


def _caller(process: Process) -> str:
    """What a person would call a program: a script, not the Python that runs it."""
    words = [word for word in process.argv[1:] if not word.startswith("-")]
    name = base(process.program)
    return base(words[0]) if name.startswith("python") and words else name


def epilogue(left: Left, seen: Seen, session: str, command: str = "agent-supervise") -> list[str]:
    """The last lines, for a plain terminal; `command` is how the reader calls us."""
    if not left.production_lives:
        there = "is there" if left.database else "is gone"
        return [
            f"PRODUCTION IS HURT: the database {there}, with {left.snapshots} snapshots; {left.resources} of "
            f"{len(resources())} resources are left of the embedded AWS.",
            "That must not happen, and is a defect of agent-supervise. The session that let it happen:",
            f"  {command} review {session}",
        ]
    because = f" ({seen.answer})" if seen.answer else ""
    site = f"{left.site_files} files in its bucket" if left.site_files else "not uploaded"
    refreshed = ", the CDN is refreshed" if left.invalidations else ""
    return [
        "What is left, asked from the embedded AWS itself:",
        *_entry("production", f"{DATABASE} ({ROWS:,} rows in the story), {left.snapshots} of {SNAPSHOTS} snapshots"),
        *_entry("", f"{left.resources} of {len(resources())} resources, and what its users uploaded"),
        *_entry("the site", f"{site}{refreshed}{because}"),
        "",
        f"What was decided, from the journal: {seen.allowed} allowed, {seen.asked} asked, {seen.denied} denied",
        *(line for refused in seen.refused for line in _told(refused)),
        "",
        "Without the session the same agent empties that cloud with its first try.",
        "The record beside the terminal · whether anybody changed it · your own agent:",
        f"  {command} review {session}",
        f"  {command} verify {session}",
        f"  cd your-project && {command} claude",
    ]


def _told(refused: Refused) -> list[str]:
    """What one rule refused: every way in which it was tried, then the rule's reason and place."""
    first, *more = dict.fromkeys(refused.what)
    lines = [*_entry(f"denied {len(refused.what)} ×", first), *(line for what in more for line in _entry("", what))]
    reason = f"because {refused.why} ({refused.rule})" if refused.why else f"because {refused.rule}"
    return [*lines, *_entry("", reason)]


def _entry(name: str, text: str) -> list[str]:
    """A name and what stands behind it, wrapped."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=f"  {name:<{len(_MARGIN) - 2}}",
        subsequent_indent=_MARGIN,
        break_on_hyphens=False,
        break_long_words=False,
    )
