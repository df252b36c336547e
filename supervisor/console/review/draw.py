"""The transport of a review: where it stands, how fast it goes, and where the decisions are."""

from __future__ import annotations

from textual.content import Content

from supervisor.console.entry import DECISIONS, Kind
from supervisor.console.look import Look, Mark
from supervisor.console.review.state import SPEEDS, Review
from supervisor.console.rows import row


def clock(seconds: float) -> str:
    """`0:41`, `1:02:09`."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def transport(review: Review, width: int, look: Look) -> Content:
    """`> 0:41 / 3:12 x2 ━━━━▲━━■──▲──`: the line is the session, its shapes are the decisions in it."""
    state = ("|>" if look.ascii else "▸") if review.playing else ("||" if look.ascii else "‖")
    word = "playing" if review.playing else "held"
    speed = SPEEDS[review.speed]
    head = f" {state} {word:<7} {clock(review.moment)} / {clock(review.length)} {look.times}{speed:g} "
    room = max(width - len(head) - 1, 10)
    scale = (room - 1) / review.length if review.length else 0.0
    done = round(review.moment * scale)
    cells = [("━" if not look.ascii else "=", "$allow") if at < done else (look.line, "$faint") for at in range(room)]
    for entry in review.story.timeline:
        if entry.kind in DECISIONS:
            mark = Mark.DENY if entry.kind is Kind.FAULT else entry.mark
            cells[min(round(review.second(entry) * scale), room - 1)] = (
                look.shape(mark),
                "bold $never" if mark is Mark.DENY else mark.style,
            )
    cells[min(done, room - 1)] = ("█" if not look.ascii else "%", "bold $strong")
    return Content.assemble(row((head, "bold")), *cells)
