"""Pages of text that are shown on request: the keys, the details of an entry, the palette, the last question."""

from __future__ import annotations

import json
from collections.abc import Sequence

from textual.content import Content

from supervisor.console.bindings import Binding, Where, at
from supervisor.console.clock import at as clock
from supervisor.console.entry import Entry
from supervisor.console.look import Look, Mark
from supervisor.console.rows import ends, field, fold_call, paragraph, row
from supervisor.console.story import Story
from supervisor.model.codec import Json
from supervisor.model.visible import visible


def help_rows(where: Where, usable: Sequence[Binding], width: int, prefix: str) -> list[Content]:
    """The keys that work here and now, and the three things to know about the keyboard."""
    rows = [row((f"In {where.value}", "bold $strong"))]
    rows += key_rows(usable, width)
    rows += [row(), row(("The keyboard", "bold $strong"))]
    for cap, says in (
        (prefix, "from the agent to this panel; once more goes back"),
        (f"{prefix} {prefix}", f"twice in a row gives the agent its own {prefix}"),
        ("any other", "key is the agent's while it has the keyboard: no question ever takes it"),
    ):
        rows += field(cap, says, width, indent=17)
    rows += [row(), row(("Answering", "bold $strong"))]
    rows += paragraph(
        "A question answers only in this panel, after all of it was on screen and the keys rested for 0.4 seconds. "
        "Enter never allows. Esc leaves it undecided. What cannot be undone wants its name typed.",
        width,
    )
    return rows


def gates_rows(story: Story, width: int, look: Look) -> list[Content]:
    """Each gate: whether it holds, how that was shown last, and when."""
    session = story.session
    if session is None or not session.gates:
        return []
    rows = [row(), row(("The gates", "bold $strong"))]
    for gate in session.gates:
        proved = story.proved.get(gate.name)
        if not gate.holds or gate.name in session.weakened:
            mark, says = Mark.ASK, f"WEAK: {gate.detail or 'weakened when the session was started'}"
        elif proved is None:
            mark, says = Mark.ALLOW, gate.detail or "holds"
        elif proved.status.holds:
            mark, says = Mark.ALLOW, f"holds: {proved.status.detail}, at {clock(proved.at)}"
        else:
            mark, says = Mark.FAULT, f"FAILED at {clock(proved.at)}: {proved.status.detail}"
        rows += field(f"{look.shape(mark)} {visible(gate.name)}", visible(says), width, indent=17)
    return rows


def key_rows(bindings: Sequence[Binding], width: int) -> list[Content]:
    """The keys and what they do; keys of one kind share a row."""
    rows: list[Content] = []
    seen: set[str] = set()
    for binding in bindings:
        name = binding.does.partition("(")[0]
        if name in seen:
            continue
        seen.add(name)
        caps = " ".join(other.cap for other in bindings if other.does.partition("(")[0] == name)
        rows += field(caps, binding.help, width, indent=17)
    return rows


def key_table(prefix: str) -> str:
    """Every key as a Markdown table, for the README."""
    lines = ["| where | key | does |", "|---|---|---|"]
    for where in Where:
        lines += [f"| {where.value} | `{binding.cap}` | {binding.help} |" for binding in at(where)]
    lines.insert(2, f"| {Where.AGENT.value} | `{prefix}` | to the panel; twice gives the agent its own `{prefix}` |")
    return "\n".join(lines)


def detail_rows(entry: Entry, line: Json | None, width: int, look: Look) -> list[Content]:
    """Everything about an entry, and the journal line behind it."""
    rows = [row((f"{look.shape(entry.mark)} {entry.mark.word}", entry.mark.style), "  ", (clock(entry.time), "$quiet"))]
    rows.append(row())
    rows += field("what", entry.line(look.times) if entry.count > 1 else entry.title, width, style="$strong")
    pairs = (
        ("came", entry.outcome),
        ("why", entry.why),
        ("rule", entry.place),
        ("from", entry.who),
        ("gate", entry.gate),
        ("times", f"{entry.count:,}, the last at {clock(entry.until)}" if entry.until else ""),
    )
    for label, text in pairs:
        if text:
            rows += field(label, text, width)
    rows += [row(), row((f"journal line {entry.seq}", "$quiet"))]
    if line is None:
        return [*rows, row(("its text is no longer kept here: `agent-supervise review` has it", "$quiet"))]
    text = visible(json.dumps(line, indent=2, ensure_ascii=False), keep_newlines=True)
    return rows + [Content.assemble("  ", piece) for piece in fold_call(text, width - 2, look)]


def palette_rows(found: Sequence[Binding], width: int) -> list[Content]:
    """What the palette has; the first is what Enter does."""
    if not found:
        return [row(("nothing that can be done now is called that", "$quiet"))]
    return [
        ends(
            [(binding.help, "bold $strong on $pick" if number == 0 else "")],
            [(binding.cap, "$quiet")],
            width,
        )
        for number, binding in enumerate(found)
    ]


def sure_rows(waiting: int, width: int) -> list[Content]:
    """Before the agent is killed."""
    rows = paragraph("End the session? The agent and all that it started are killed.", width, "bold $strong")
    if waiting:
        rows += paragraph(f"{waiting} waiting questions are denied.", width, "$ask")
    rows += [row(), row(("[y]", "bold $strong"), " kill it   ", ("[any other key]", "bold $strong"), " go on")]
    return rows


def farewell(story: Story, code: int, *, detached: bool, vanished: bool) -> str:
    """What stands in the shell after the console is gone: one line, and the command that comes next."""
    session = visible(story.session.session) if story.session else ""
    counts = story.counts
    tally = f"{counts.allowed:,} allowed, {counts.asked:,} asked, {counts.denied:,} denied"
    if not session:
        return "agent-supervise: the session did not answer"
    if detached:
        waits = f", {len(story.waiting)} waiting" if story.waiting else ""
        return f"agent-supervise: detached, the agent goes on{waits}. Back to it: agent-supervise attach {session}"
    if vanished:
        return f"agent-supervise: the session process died; what it held was denied. agent-supervise verify {session}"
    failed = [name for name, proved in story.proved.items() if not proved.status.holds]
    if failed and story.ended is not None:
        return f"agent-supervise: stopped: {visible(story.ended.why)}. agent-supervise review {session}"
    return f"agent-supervise: the agent ended with {code}: {tally}. agent-supervise review {session}"


def small_rows(columns: int, rows: int, needed: tuple[int, int], waiting: int) -> list[Content]:
    """The window is too small to draw in."""
    lines = [
        row(("This window is too small", "bold $strong")),
        row(f"it has {columns}x{rows}, it takes {needed[0]}x{needed[1]}"),
        row(("the agent goes on meanwhile", "$quiet")),
    ]
    if waiting:
        lines.append(row((f"{waiting} waiting", "bold $ask")))
    return lines
