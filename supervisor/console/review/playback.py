"""A recording played into an emulator host of its own, shown by the same pane as a live terminal."""

from __future__ import annotations

import tempfile
from pathlib import Path

from textual.widget import Widget

from supervisor.console.pane import TerminalPane
from supervisor.emulator.handle import EmulatorHost
from supervisor.journal.cast_reader import CastReader


class CastTape:
    """Shows an asciicast v3 file (`console.review.tape.Tape`). Raises `JournalError` for any other file."""

    def __init__(self, cast: Path) -> None:
        self._reader = CastReader(cast)
        self._folder = tempfile.TemporaryDirectory(prefix="agent-supervise-")
        self._host: EmulatorHost | None = None
        self._shown = 0.0

    @property
    def length(self) -> float:
        """Seconds from the first byte to the last."""
        return self._reader.length

    def widget(self) -> Widget:
        """The pane, and the host behind it; the running loop is theirs."""
        screen = Path(self._folder.name) / "screen.sock"
        columns, rows = self._reader.columns, self._reader.rows
        self._host = EmulatorHost(columns, rows, screen, lambda data: None, lambda event: None)
        self._host.start()
        pane = TerminalPane(str(screen))
        pane.deaf = True
        return pane

    def seek(self, seconds: float) -> None:
        """The screen as it was then: what came between is fed, and everything from the start for a step back."""
        host = self._host
        if host is None or seconds == self._shown:
            return
        if seconds < self._shown:
            host.reset()
            host.resize(self._reader.columns, self._reader.rows)
            self._shown = 0.0
        # Events at exactly the moment that is shown were fed when it was.
        fed = self._shown
        for event in self._reader.events(fed):
            if event.at > seconds:
                break
            if event.at == fed and fed > 0:
                continue
            if event.code == "o":
                host.feed(event.data.encode("utf-8", "surrogateescape"))
            elif event.code == "r":
                columns, _, rows = event.data.partition("x")
                host.resize(int(columns), int(rows))
        self._shown = seconds

    def close(self) -> None:
        """End the host."""
        if self._host is not None:
            self._host.kill()
        self._folder.cleanup()
