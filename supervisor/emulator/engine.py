"""What the host needs of a terminal emulator, whichever library it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Protocol

from supervisor.emulator.wire import Row, State
from supervisor.errors import HostError

SCROLLBACK_BYTES = 11 << 20
"""About 10,000 rows of 120 columns. A limit in rows would cost most of the parser's speed."""

CELL_WIDTH, CELL_HEIGHT = 8, 16
"""Pixels that a program is told a cell has; only images would depend on it, and there are none."""


class Mods(IntFlag):
    """Modifier keys; the values of the kitty protocol, less one bit shift."""

    SHIFT = 1
    ALT = 2
    CTRL = 4
    SUPER = 8


NO_MODS, NO_STATE = Mods(0), State(0)


@dataclass(frozen=True, slots=True)
class Key:
    """A pressed key: a name (`KEYS` of `emulator.keys`) or one character, and the text that it types, if any."""

    key: str
    mods: Mods = NO_MODS
    text: str = ""


class Action(IntEnum):
    """What the mouse did."""

    PRESS = 0
    RELEASE = 1
    MOVE = 2


@dataclass(frozen=True, slots=True)
class Mouse:
    """A mouse event; `button` 1 left, 2 middle, 3 right, 4 wheel up, 5 down, 6 left, 7 right, 0 none. 0-based cell."""

    action: Action
    button: int
    mods: Mods
    column: int
    row: int


@dataclass(frozen=True, slots=True)
class Theme:
    """The default colours as (red, green, blue): programs choose light or dark by them."""

    foreground: tuple[int, int, int] = (230, 237, 243)
    background: tuple[int, int, int] = (13, 17, 23)

    @property
    def dark(self) -> bool:
        """True if the background is dark (ITU-R BT.601 luma below one half)."""
        red, green, blue = self.background
        return 299 * red + 587 * green + 114 * blue < 127_500


@dataclass(slots=True)
class Look:
    """The screen's state around its rows."""

    cursor: tuple[int, int] = (0, 0)
    shape: int = 1
    state: State = NO_STATE
    history: int = 0


@dataclass(slots=True)
class Out:
    """What parsing produced besides changed cells; the host empties it after each slice."""

    replies: bytearray = field(default_factory=bytearray)
    events: list[dict[str, object]] = field(default_factory=list)


class Anchor(Protocol):
    """A row of the scrollback that is followed while rows are added and dropped."""

    def row(self) -> int | None:
        """Its place counted from the oldest row kept; None once it was dropped."""

    def free(self) -> None: ...


class Engine(Protocol):
    """One terminal. Rows are counted from 0 at the top; `oldest` coordinates count from the oldest row kept."""

    name: str
    columns: int
    rows: int
    out: Out
    on_hold: Callable[[], None]
    """Called, inside `feed`, just before the program starts a synchronised update: the screen is whole now."""

    @property
    def held(self) -> bool:
        """True while the program keeps its screen from being shown (DECSET 2026)."""

    def feed(self, data: bytes) -> None:
        """Parse output of the program. Must not raise for any bytes."""

    def resize(self, columns: int, rows: int) -> None: ...

    def reset(self) -> None:
        """As new; nothing is answered or reported."""

    def set_theme(self, theme: Theme) -> None: ...

    def look(self) -> Look:
        """As of the last `changed`."""

    def changed(self) -> list[tuple[int, Row]]:
        """The rows of the live screen that may have changed since the last call."""

    def row(self, oldest: int) -> Row:
        """Any row of scrollback and screen."""

    def anchor(self, oldest: int) -> Anchor: ...

    def encode_key(self, key: Key) -> bytes: ...

    def encode_mouse(self, mouse: Mouse) -> bytes:
        """Empty if the program did not ask for it."""

    def encode_paste(self, text: str) -> bytes: ...

    def encode_focus(self, gained: bool) -> bytes: ...

    def snapshot(self) -> bytes:
        """Everything, for `restore` after a crash; empty if the engine cannot."""

    def restore(self, snapshot: bytes) -> bool:
        """False if the snapshot is not usable; the engine is as new then."""


def open_engine(columns: int, rows: int, theme: Theme) -> Engine:
    """The engine of this host. Raises `HostError` where the library has no build for it."""
    try:
        from supervisor.emulator.ghostty import GhosttyEngine
    except (ImportError, OSError) as error:
        raise HostError(
            f"the terminal emulator cannot be loaded: {error}",
            fix="it has builds for Linux and macOS, x86_64 and arm64; elsewhere use --headless",
        ) from error
    return GhosttyEngine(columns, rows, theme)
