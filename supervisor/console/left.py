"""What a session left to be looked at, in lines for a shell."""

from __future__ import annotations

from typing import Final

from supervisor.model.event import FilesLeft, LeftBehind
from supervisor.model.visible import visible

_LONGEST: Final = 400


def left_line(left: LeftBehind) -> str:
    """One file: its name, what became of it, why it matters."""
    return f"{cut(visible(left.path))} ({cut(visible(left.what))}): {visible(left.why)}"


def left_lines(record: FilesLeft) -> list[str]:
    """What stands on stderr after a session; nothing where there is nothing to look at."""
    lines: list[str] = []
    if record.found:
        lines.append("agent-supervise: look at these before you use them outside of a session:")
        lines += [f"  {'!' if left.alone else '-'} {left_line(left)}" for left in record.found]
        if record.more:
            lines.append(f"  and {record.more:,} more")
        if any(left.alone for left in record.found):
            lines.append("  (! acts without being asked for: when the folder is entered or opened, or with git)")
    if record.cut:
        lines.append(f"agent-supervise: not everything was looked through: {visible(record.cut)}")
    return lines


def cut(text: str) -> str:
    """`text`, or its beginning where it is longer than anybody reads."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
