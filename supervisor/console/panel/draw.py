"""The parts of the panel as rows: the head with scope and gates, and the timeline."""

from __future__ import annotations

from datetime import datetime, timedelta

from textual.content import Content

from supervisor.console.clock import at, left
from supervisor.console.entry import WAITS, Entry, Kind
from supervisor.console.look import Look, Mark
from supervisor.console.rows import Part, clip, ends, paragraph, row, rule
from supervisor.console.story import Story
from supervisor.console.words import covers, issuer_name
from supervisor.model.visible import visible

SOON = timedelta(minutes=10)


def head_rows(story: Story, now: datetime, width: int, look: Look, *, brief: bool = False) -> list[Content]:
    """Scope, task, time left, gates, credentials and grants; `brief` fits it into three rows."""
    scope, session = story.scope, story.session
    if scope is None or session is None:
        return [row(("connecting to the session…", "$quiet"))]
    rows = [ends([(visible(scope.scope), "bold $strong")], time_left(story, now), width)]
    task = visible(scope.task)
    rows += [row((clip(task, width, look), "$quiet"))] if brief else paragraph(task, width, "$quiet")
    rows.append(gate_row(story, width, look))
    if brief:
        return rows
    if story.proved and all(proved.status.holds for proved in story.proved.values()):
        last = max(proved.at for proved in story.proved.values())
        rows.append(row((clip(f"proven {at(last)}, each minute", width, look), "$quiet")))
    rows += identity_rows(story, now, width, look)
    held = len(story.credentials)
    if held:
        ending = min(credential.expires for credential in story.credentials.values())
        noun = "credential" if held == 1 else "credentials"
        rows.append(
            ends(
                [(f"{look.shape(Mark.CREDENTIAL)} ", "$quiet"), f"{held} {noun}"],
                [(left(ending, now), "$quiet")],
                width,
            )
        )
    for grant in list(story.grants.values())[-2:]:
        rows.append(
            ends(
                [(f"{look.shape(Mark.GRANT)} ", Mark.GRANT.style), clip(covers(grant.matcher), width - 9, look)],
                [(left(grant.expires, now), "$quiet")],
                width,
            )
        )
    return rows


def identity_rows(story: Story, now: datetime, width: int, look: Look) -> list[Content]:
    """Who the task acts as and until when; loudly, with the way out, where that could not be made longer."""
    acting = story.identity
    rows = []
    if acting is not None:
        over = acting.expires <= now
        name = clip(f"acts as {visible(acting.acts_as)}, {issuer_name(acting.issuer)}", width - 10, look)
        shape = (f"{look.shape(Mark.CREDENTIAL)} ", "$quiet")
        rows.append(ends([shape, name], [(left(acting.expires, now), "bold $never" if over else "$quiet")], width))
    if story.unrenewed is not None:
        what = f"{look.shape(Mark.FAULT)} not renewed: {visible(story.unrenewed.what)}"
        rows += paragraph(what, width, "$never")
        if story.unrenewed.fix:
            rows += paragraph(f"fix: {visible(story.unrenewed.fix)}", width, "$quiet")
    return rows


def time_left(story: Story, now: datetime) -> list[Part]:
    """When the task ends: quiet while it is far, loud when it is near."""
    expires = story.scope.expires if story.scope else None
    if expires is None:
        return [("no end", "$quiet")]
    near = expires - now < SOON
    return [(f"{left(expires, now)} left", "bold $ask" if near else "$quiet")]


def gate_row(story: Story, width: int, look: Look) -> Content:
    """The gates that hold, and loudly the ones that do not."""
    parts: list[Part] = []
    session = story.session
    for gate in session.gates if session else ():
        weak = not gate.holds or (session is not None and gate.name in session.weakened)
        proved = story.proved.get(gate.name)
        if proved is not None and not proved.status.holds:
            parts += [(f"{look.shape(Mark.FAULT)} {visible(gate.name)} FAILED", "bold $never"), "  "]
        elif weak:
            parts += [(f"{look.shape(Mark.ASK)} {visible(gate.name)} WEAK", "bold $ask"), "  "]
        else:
            parts += [(f"{look.shape(Mark.ALLOW)} ", "$allow"), visible(gate.name), "  "]
    return row(*parts[:-1]).truncate(width, ellipsis=True)


def entry_rows(entry: Entry, width: int, look: Look, *, here: bool = False) -> list[Content]:
    """An entry of the timeline: one row, and a second with the reason where something was stopped or broke."""
    time = at(entry.time) if width >= 60 else at(entry.time)[:5]
    mark = entry.mark
    over = entry.kind is Kind.ASKED and entry.outcome != WAITS
    word = f"{look.shape(mark)} {'asked' if over else mark.word}"
    mark_style = "$ask" if over else mark.style
    pad = " " * (7 - len(word))
    count = f" {look.times}{entry.count}" if entry.count > 1 else ""
    taken = len(time) + 10 + len(count)
    text = clip(entry.line(look.times), width - taken, look)
    tone = "$quiet" if entry.kind in (Kind.SESSION, Kind.CREDENTIAL, Kind.SAID) else ""
    first = row((f"{look.pick if here else ' '}{time} ", "$quiet"), (word, mark_style), pad + " ", (text, tone))
    first = Content.assemble(first, " " * max(width - first.cell_length - len(count), 0), (count, "$quiet"))
    rows = [first]
    indent = len(time) + 2
    second = _second(entry, width - indent, look)
    if second:
        rows.append(row(" " * indent, (second, "$quiet")))
    if not here:
        return rows
    return [Content.assemble(line, " " * (width - line.cell_length)).stylize_before("on $pick") for line in rows]


def _second(entry: Entry, width: int, look: Look) -> str:
    if entry.kind not in (Kind.DENIED, Kind.FAULT, Kind.ANSWERED):
        return ""
    place = entry.place.rpartition("/")[2]
    if not place or not entry.why or len(place) > width // 2:
        return clip(entry.why or place, width, look)
    return f"{clip(entry.why, width - len(place) - 3, look)} {look.dot} {place}"


def timeline_title(filter_name: str, search: str, shown: int, dropped: int) -> str:
    """The heading of the timeline: what it is limited to, and what is no longer in it."""
    parts = ["what happened"]
    if filter_name != "all":
        parts.append(f"only {filter_name}")
    if search:
        parts.append(f"with “{visible(search)}”")
    if not shown:
        parts.append("nothing")
    if dropped:
        parts.append(f"{dropped:,} older in the journal")
    return " · ".join(parts)


def weak_parts(story: Story, look: Look) -> list[Part]:
    """The gates that do not hold: said on every screen of such a session, to its end."""
    session = story.session
    names = [gate.name for gate in session.gates if not gate.holds or gate.name in session.weakened] if session else []
    weak: list[Part] = [(f"{look.shape(Mark.ASK)} WEAK {visible(', '.join(names))}", "bold $ask"), "  "]
    failed = [name for name, proved in story.proved.items() if not proved.status.holds]
    stopped: list[Part] = [(f"{look.shape(Mark.FAULT)} FAILED {visible(', '.join(failed))}", "bold $never"), "  "]
    return (weak if names else []) + (stopped if failed else [])


def count_parts(story: Story, look: Look) -> list[Part]:
    """The tally for the footer: word, shape and number of each."""
    counts = story.counts
    waiting = len(story.waiting)
    parts = weak_parts(story, look)
    if waiting:
        parts += [(f"{look.shape(Mark.ASK)} {waiting} waiting", Mark.ASK.style), "  "]
    parts += [(f"{look.shape(Mark.ALLOW)} ", "$allow"), (f"{counts.allowed:,} allowed", "$quiet")]
    if counts.denied:
        parts += ["  ", (f"{look.shape(Mark.DENY)} ", "$never"), (f"{counts.denied:,} denied", "$quiet")]
    if counts.faults:
        parts += ["  ", (f"{look.shape(Mark.FAULT)} {counts.faults:,} broke", Mark.FAULT.style)]
    return parts


def heading(text: str, width: int, look: Look, *, live: bool = False) -> Content:
    """A heading between parts of the panel."""
    style = "bold $strong" if live else "$quiet"
    return rule(Content.styled(clip(text, width - 4, look), style), width, look, "$edge-live" if live else "$edge")
