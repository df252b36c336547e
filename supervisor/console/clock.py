"""Times and durations as the screens write them."""

from __future__ import annotations

from datetime import datetime, timedelta


def left(until: datetime, now: datetime) -> str:
    """What is left until a moment: `1h 42m`, `14:09`, `0:41`, `over`."""
    seconds = int((until - now).total_seconds())
    if seconds <= 0:
        return "over"
    if seconds >= 3600:
        return f"{seconds // 3600}h {seconds % 3600 // 60:02}m"
    return f"{seconds // 60}:{seconds % 60:02}"


def lasting(span: timedelta) -> str:
    """A lifetime in words: `45 s`, `30 min`, `2 h`, `1 h 30 min`."""
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    hours, minutes = divmod(seconds // 60, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def at(moment: datetime) -> str:
    """The wall-clock time where the reader sits: `14:03:09`."""
    return moment.astimezone().strftime("%H:%M:%S")
