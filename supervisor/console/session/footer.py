"""The last row: how the session stands, and the keys that work now."""

from __future__ import annotations

from typing import Final

from textual.content import Content

from supervisor.console.bindings import Where
from supervisor.console.keysrow import Spot, lay
from supervisor.console.look import Look, Mark
from supervisor.console.panel.draw import count_parts, weak_parts
from supervisor.console.rows import Part, ends, row
from supervisor.console.session.seat import Seat

_ON_THE_CARD: Final = frozenset({"once", "task", "deny", "say", "whole", "grant", "edit", "offer", "turn", "page"})


def footer(seat: Seat, state: str, width: int, look: Look, cap: str) -> tuple[list[Content], list[Spot]]:
    """The row and where its keys stand; `state` is live, connecting, reconnecting or vanished."""
    if state == "vanished":
        says = f" {look.shape(Mark.FAULT)} the session process is gone; what it held was denied"
        return [ends([(says, "bold $ask")], [("[q] leave ", "bold $strong")], width)], []
    tally: list[Part] = [" ", *count_parts(seat.story, look)]
    if state == "reconnecting":
        tally = [(f" {look.shape(Mark.ASK)} connection lost, trying again: the agent goes on", "bold $ask")]
    if seat.where is Where.AGENT:
        hint = "to answer" if seat.cards.current else "panel"
        return [ends(tally, [(cap, "bold $strong"), f" {hint} "], width)], []
    if state == "live":
        tally = [" ", *weak_parts(seat.story, look)]
        if seat.cards.queue:
            tally.append((f"{look.shape(Mark.ASK)} {len(seat.cards.queue)} waiting", Mark.ASK.style))
    usable = [key for key in seat.usable() if key.shown and key.does.partition("(")[0] not in _ON_THE_CARD]
    used = row(*tally).cell_length
    (first, *_), spots = lay(usable, max(width - used - 3, 20))
    gap = max(width - used - first.cell_length - 1, 1)
    moved = [(0, start + used + gap, end + used + gap, key) for line, start, end, key in spots if line == 0]
    return [Content.assemble(row(*tally), " " * gap, first).truncate(width)], moved
