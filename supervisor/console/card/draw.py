"""A question as rows: the effect first, then the raw call, who started it, why it asks, and what could be granted."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from textual.content import Content

from supervisor.console import words
from supervisor.console.card import eyes
from supervisor.console.clock import lasting, left
from supervisor.console.look import Look, Mark
from supervisor.console.rows import clip, ends, field, fold_call, paragraph, row, wrap
from supervisor.console.story import Waiting
from supervisor.core.arming import phrase
from supervisor.model.grant import GrantOffer
from supervisor.model.visible import visible

OUR_WORDS = frozenset({"note", "found", "more", "where"})
"""Effects that are sentences of ours, broken between words; others are broken where the row ends."""

LONG_CALL = 24
"""A call of more rows stands behind everything else, so that who asks and why is not pages away."""


def request_rows(waiting: Waiting, width: int, look: Look) -> list[Content]:
    """Everything that is asked, on as many rows as it takes: what has to be read before it can be allowed."""
    return list(_rows(waiting, width, look))


@lru_cache(maxsize=8)
def _rows(waiting: Waiting, width: int, look: Look) -> tuple[Content, ...]:
    # A question about thousands of things is laid out once, not at every key.
    request, decision = waiting.request, waiting.decision
    first, *rest = wrap(words.headline(request.action), width - 2)
    rows = [row((first, "bold $strong")), *(row("  ", (piece, "bold $strong")) for piece in rest)]
    if decision.irreversible:
        rows += _field("", f"cannot be undone: {phrase(decision.irreversible)}", width, "bold $ask")
    for label, text in words.effects(request.action):
        rows += _field(label, text, width, exact=label not in OUR_WORDS)
    if decision.four_eyes > 1:
        for text in eyes.needs(waiting):
            rows += _field("needs", text, width)
    amount, text = words.raw(request.action)
    call = [row(("call  ", "$quiet"), (f"{amount}, {len(text):,} characters", "$quiet"))]
    call += [Content.assemble((f"{look.quote} ", "$faint"), line) for line in fold_call(text, width - 2, look)]
    long = len(call) > LONG_CALL
    rows += [] if long else call
    chain = words.started_by(request.subject.chain, look.from_)
    rows += _field("from", chain or visible(request.subject.agent), width)
    rows += _field("why", words.why(decision), width)
    where = words.place(decision)
    if where:
        short = where if len(where) <= width - 6 else where.rpartition("/")[2]
        rows += _field("rule", short, width, "$quiet", exact=True)
    if request.reason:
        rows += _field("agent", f"says: “{visible(request.reason)}”", width, "italic $theirs")
    return (*rows, *call) if long else tuple(rows)


def _field(label: str, text: str, width: int, style: str = "", *, exact: bool = False) -> list[Content]:
    return field(label, text, width, style=style, exact=exact)


def title(waiting: Waiting, place: int, total: int, look: Look) -> str:
    """The card's heading: `▲ ASK 1 of 3 · aws ×2 · eu-central-1`. One answer answers them all."""
    head = f"{look.shape(Mark.ASK)} {Mark.ASK.word} {place} of {total}"
    times = f" {look.times}{waiting.merged + 1}" if waiting.merged else ""
    region = getattr(waiting.request.action, "region", "")
    return f" {look.dot} ".join(part for part in (head, waiting.request.gate + times, visible(region)) if part)


def offer_rows(
    offers: tuple[GrantOffer, ...], chosen: int, width: int, look: Look, minutes: int | None = None
) -> list[Content]:
    """The grants on offer, narrowest first, with their lifetimes; `chosen` is the one that `s` would give."""
    rows = [row(("for the task, narrowest first", "$quiet"))]
    for number, offer in enumerate(offers):
        here = number == chosen
        lasts = lasting(timedelta(minutes=minutes if here and minutes else offer.minutes))
        mark = look.pick if here else " "
        style = "bold $strong on $pick" if here else ""
        rows.append(ends([(f"{mark} {visible(offer.label)}", style)], [(lasts, style or "$quiet")], width))
        if here:
            rows += paragraph(f"answers: {words.covers(offer.matcher)}", width, "$quiet", indent=2)
    return rows


def expiry(waiting: Waiting, now: datetime) -> str:
    """How long it waits before it is denied."""
    return f"{left(waiting.due, now)} left"


def one_line(waiting: Waiting, now: datetime, width: int, look: Look) -> Content:
    """A question further down the queue."""
    text = clip(words.short(waiting.request.action), max(width - 12, 8), look)
    return ends(
        [(f"{look.shape(Mark.ASK)} ", Mark.ASK.style), text],
        [(f" {left(waiting.due, now)}", "$quiet")],
        width,
    )
