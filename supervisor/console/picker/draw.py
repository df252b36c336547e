"""The picker as rows: the list, a scope in plain words with its form, the host's checks, a difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.content import Content

from supervisor.console.clock import lasting
from supervisor.console.look import Look, Mark
from supervisor.console.picker.choice import HostCheck, ScopeChoice
from supervisor.console.picker.state import Picker, Step
from supervisor.console.rows import Part, clip, ends, field, fold, paragraph, row, wrap
from supervisor.model.visible import visible


def list_rows(picker: Picker, width: int, look: Look) -> tuple[list[Content], int | None]:
    """The scopes by name, under the place that they come from; and the row of the chosen one."""
    rows: list[Content] = []
    here, origin = None, ""
    for number, choice in enumerate(picker.choices):
        if choice.origin != origin:
            origin = choice.origin
            heading = {"project": "this project", "user": "yours", "shipped": "presets"}[origin]
            rows += [row()] * bool(rows) + [row((heading, "$quiet"))]
        chosen = number == picker.at
        sign = look.shape(Mark.FAULT) if choice.problem else look.shape(Mark.ASK) if choice.difference else " "
        live = chosen and picker.field < 0
        style = "bold $strong on $pick" if live else "bold $strong" if chosen else ""
        text = f"{look.pick if chosen else ' '} {clip(visible(choice.name), width - 4, look)}"
        rows.append(row((text.ljust(width - 2), style), (f"{sign} ", "$ask" if sign.strip() else style)))
        if chosen:
            here = len(rows) - 1
    return rows or [row(("no scope was found", "$ask"))], here


def choice_rows(picker: Picker, width: int, look: Look) -> tuple[list[Content], int | None]:
    """The chosen scope: task, form, what it may do, asks, never does, and its examples; and the row of the cursor."""
    choice = picker.choice
    if choice is None:
        return [], None
    rows = [ends([(visible(choice.name), "bold $strong")], [(_ends_after(choice), "$quiet")], width)]
    rows += paragraph(_filled(choice.task, picker.values), width, "$foreground")
    rows.append(row((clip(visible(choice.file), width, look), "$faint")))
    for trouble in (choice.problem, picker.trouble):
        if trouble:
            rows.append(row())
            rows += [
                row((f"{look.shape(Mark.FAULT)} " if number == 0 else "  ", "$ask"), (piece, "bold $ask"))
                for number, piece in enumerate(wrap(visible(trouble, keep_newlines=True), width - 2))
            ]
    form, cursor = _form_rows(picker, choice, width, look)
    if form:
        rows.append(row())
        cursor = None if cursor is None else len(rows) + cursor
        rows += form
    for mark, heading, lines in (
        (Mark.ALLOW, "may", choice.may),
        (Mark.ASK, "asks first", choice.asks),
        (Mark.DENY, "never does", choice.never),
    ):
        rows += _words(mark, heading, [_filled(line, picker.values) for line in lines], width, look)
    if choice.examples:
        rows += [row(), row((f"proved by {len(choice.examples)} examples of its own", "$quiet"))]
        for example in choice.examples:
            mark = Mark.of(example.expect)
            word = f"{look.shape(mark)} {mark.word}"
            rows.append(
                row("  ", (word, mark.style), " " * (9 - len(word)), clip(visible(example.text), width - 11, look))
            )
    return rows, cursor


def _ends_after(choice: ScopeChoice) -> str:
    return f"ends after {lasting(choice.expires)}" if choice.expires else ""


def _words(mark: Mark, heading: str, lines: Sequence[str], width: int, look: Look) -> list[Content]:
    if not lines:
        return []
    style = "bold $never" if mark is Mark.DENY else mark.style
    rows = [row(), row((f"{look.shape(mark)} {heading}", style))]
    for line in lines:
        rows += field("  " + look.dot, line, width, indent=4)
    return rows


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Plain words with the form's values in place of `${name}`; an empty value leaves the name to be seen."""
    for name, value in values.items():
        if value:
            text = text.replace(f"${{{name}}}", value)
    return visible(text)


def _form_rows(picker: Picker, choice: ScopeChoice, width: int, look: Look) -> tuple[list[Content], int | None]:
    rows: list[Content] = []
    cursor = None
    trouble = dict(picker.wrong())
    indent = min(max((len(parameter.name) for parameter in choice.parameters), default=0) + 3, width // 2)
    for number, parameter in enumerate(choice.parameters):
        line = picker.line(parameter.name)
        live = number == picker.field
        name = clip(visible(parameter.name), indent - 2, look)
        lead: list[Part] = [(f"{look.pick if live else ' '} {name:<{indent - 2}}", "bold $strong" if live else "")]
        hint = visible(parameter.ask)
        if live:
            cursor = len(rows)
            rows.append(Content.assemble(row(*lead), line.shown(width - indent, hint)))
        else:
            shown = clip(visible(line.text), width - indent, look)
            rows.append(row(*lead, (shown, "$strong") if shown else (clip(hint, width - indent, look), "$faint")))
        why = trouble.get(number, "")
        if why and (line.text or live):
            says = f"{look.shape(Mark.ASK)} {visible(why)}"
            rows += [row(" " * indent, (piece, "$ask")) for piece in wrap(says, width - indent)]
        elif why:
            rows.append(row(" " * indent, (f"{look.shape(Mark.ASK)} required", "$ask")))
        elif live and line.text:
            rows.append(row(" " * indent, (hint, "$quiet")))
    return rows, cursor


def host_rows(checks: Sequence[HostCheck], width: int, look: Look) -> list[Content]:
    """What this host can enforce, at a glance; what it cannot, with the way to get it."""
    missing = [check for check in checks if not check.holds]
    holding = [check for check in checks if check.holds]
    parts: list[Part] = [("this host  ", "$quiet")]
    for check in missing:
        parts += [(f"{look.shape(Mark.FAULT)} {visible(check.name)} MISSING", "bold $ask"), "  "]
    named: list[Part] = []
    for check in holding:
        named += [(f"{look.shape(Mark.ALLOW)} ", "$allow"), visible(check.name), "  "]
    if row(*parts, *named[:-1]).cell_length > width:
        # By their names there is no room: what is missing matters more.
        said = f"{len(holding)} more hold" if missing else f"every gate holds ({len(holding)} checks)"
        named = [(f"{look.shape(Mark.ALLOW)} ", "$allow"), said]
    rows = [row(*parts, *named).truncate(width, ellipsis=True)]
    for check in missing[:2]:
        text = visible(f"{check.name}: {check.detail}" + (f"; {check.fix}" if check.fix else ""))
        rows += [row(("  ", ""), (piece, "$ask")) for piece in wrap(text, width - 2)[:2]]
    return rows


def difference_rows(choice: ScopeChoice, width: int, look: Look) -> list[Content]:
    """A project's scope that changed since it was accepted: every changed line, with its sign in front."""
    rows = paragraph(
        f"The scope {visible(choice.name)} of this project changed since you accepted it. The file lies where an agent "
        "can write: read what is new before you let it decide.",
        width,
        "$strong",
    )
    rows += [row((clip(visible(choice.file), width, look), "$quiet")), row()]
    for line in choice.difference.splitlines():
        style = {"+": "bold $allow", "-": "$ask", "@": "$quiet"}.get(line[:1], "")
        rows += [row((piece, style)) for piece in fold(visible(line), width)]
    return rows


def hint(picker: Picker) -> str:
    """What the keys do now."""
    if picker.step is Step.STARTING:
        return "starting…"
    if picker.step is Step.DIFFERENCE:
        accept = "[a] accept and start" if picker.read else "read to the end first"
        return f"{accept}  [↑↓] read  [esc] back"
    if picker.choice is None:
        return "[q] leave"
    if picker.choice.problem:
        return "cannot start: mend the file  [↑↓] another  [q] leave"
    missing = len(picker.wrong())
    fields = "  [tab] form" if picker.choice.parameters else ""
    move = "[↑↓] fields  [esc] to the list" if picker.field >= 0 else f"[↑↓] scope{fields}  [pgdn] more  [q] leave"
    if missing:
        return f"[enter] fill in {missing} more  {move}" if missing > 1 else f"[enter] one value is missing  {move}"
    return f"[enter] start  {move}"
