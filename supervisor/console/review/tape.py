"""What a review needs of a recording of the terminal, and the journal lines beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from textual.widget import Widget

from supervisor.model.codec import Json


class Tape(Protocol):
    """A recording that can be shown as it was at any moment."""

    @property
    def length(self) -> float:
        """Seconds from the first byte to the last."""

    def widget(self) -> Widget:
        """What shows it; made once."""

    def seek(self, seconds: float) -> None:
        """Show the screen as it was that many seconds after the start. Called many times a second while it plays."""


def journal_lines(path: Path) -> Iterator[Json]:
    """The lines of a journal as objects; one that is not JSON is told as a line that is not understood.

    Raises `OSError`. Whether the journal is intact is what `verify` says; a review shows what is there.
    """
    with path.open("rb") as file:
        for seq, text in enumerate(file):
            try:
                line = json.loads(text)
            except (ValueError, RecursionError):
                line = None
            yield line if isinstance(line, dict) else {"seq": seq, "kind": "unreadable"}
