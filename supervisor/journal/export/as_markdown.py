"""A session's report as Markdown, to be pasted into a ticket."""

from __future__ import annotations

import re

from supervisor.journal.account import Account
from supervisor.journal.export.report import Item, Line, Quoted, report
from supervisor.journal.export.spoken import Words
from supervisor.journal.verify import Verification

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!@])")


def as_markdown(whole: Account, verification: Verification, words: Words) -> str:
    """The report; foreign text stands in code spans, in which CommonMark knows no markup, link or mention."""
    title, parts = report(whole, verification, words)
    lines = [f"# {_line(title)}"]
    for part in parts:
        lines += ["", f"## {_escaped(part.head)}", ""]
        lines += [_sentence(part.lead), ""] if part.lead else []
        for item in part.items:
            lines += _item(item)
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def _item(item: Item) -> list[str]:
    return [f"- {_line(item.line)}", *(f"  - {_line(line)}" for line in item.below)]


def _line(line: Line) -> str:
    return "".join(code(piece.text) if isinstance(piece, Quoted) else _escaped(piece) for piece in line)


def code(text: str) -> str:
    """A code span with exactly `text`, whatever backticks are in it (CommonMark 6.1)."""
    if not text:
        return "(nothing)"
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    # One space on both sides is taken off again by the reader, unless the text is nothing but spaces.
    pad = " " if text.strip(" ") and (text[0] in "` " or text[-1] in "` ") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _sentence(text: str) -> str:
    """A sentence of ours, in which backticks are meant."""
    return re.sub(r"([\\*_{}\[\]<>#|~&@])", r"\\\1", text)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
