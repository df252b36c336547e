"""The engine over libghostty-vt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from supervisor.emulator.engine import CELL_HEIGHT, CELL_WIDTH, SCROLLBACK_BYTES, Key, Look, Mouse, Out, Theme
from supervisor.emulator.ghostty_abi import ffi, lib, point_ref, sized
from supervisor.emulator.ghostty_input import Encoders
from supervisor.emulator.ghostty_replies import Effects
from supervisor.emulator.ghostty_rows import RowReader
from supervisor.emulator.hostile import calm
from supervisor.emulator.wire import BAR, BLOCK, UNDERLINE, Row, State

APC_BYTES: Final = 64 << 10
_MODES_ON: Final = (2027, 1007)
"""Set from the start: grapheme clusters as one cell, wheel as arrow keys on the alternate screen."""
_SHAPES: Final = (BAR, BLOCK, UNDERLINE, BLOCK)


class GhosttyEngine:
    """See `engine.Engine`."""

    name = "ghostty"

    def __init__(self, columns: int, rows: int, theme: Theme) -> None:
        self.columns, self.rows, self.theme = columns, rows, theme
        self.out = Out()
        self.on_hold: Callable[[], None] = lambda: None
        self.held = False
        self._effects = Effects(self)
        self._encoders = Encoders()
        self._cursor = sized("GhosttyRenderStateCursor")
        terminal = ffi.new("GhosttyTerminal *")
        _check(lib.ghostty_terminal_new(ffi.NULL, terminal, columns, rows), "new")
        self._adopt(terminal[0])

    def _adopt(self, terminal: Any) -> None:
        """Make `terminal` the one, with this project's limits and replies."""
        self.terminal = terminal
        state, rows = ffi.new("GhosttyRenderState *"), ffi.new("GhosttyRenderStateRowIterator *")
        _check(lib.ghostty_render_state_new(ffi.NULL, state), "render state")
        _check(lib.ghostty_render_state_row_iterator_new(ffi.NULL, rows), "row iterator")
        self._state, self._rows = state[0], rows
        self._reader = RowReader(terminal)
        self.held = False
        self._effects.install(terminal)
        for option, kind, value in (
            ("SCROLLBACK_MAX_BYTES", "size_t *", SCROLLBACK_BYTES),
            ("SCROLLBACK_MAX_LINES", "size_t *", 1 << 40),
            ("KITTY_IMAGE_STORAGE_LIMIT", "uint64_t *", 0),
            ("GLYPH_PROTOCOL", "bool *", False),
            ("TITLE_REPORT", "bool *", False),
            ("APC_MAX_BYTES", "size_t *", APC_BYTES),
        ):
            self.set_option(option, ffi.new(kind, value))
        self._modes_on("MODE_DEFAULT")
        self.set_theme(self.theme)

    def _modes_on(self, option: str) -> None:
        for mode in _MODES_ON:
            self.set_option(option, ffi.new("GhosttyTerminalModeConfig *", {"mode": mode, "value": True}))

    def set_option(self, name: str, value: Any) -> None:
        """One `ghostty_terminal_set`."""
        _check(lib.ghostty_terminal_set(self.terminal, getattr(lib, f"GHOSTTY_TERMINAL_OPT_{name}"), value), name)

    def feed(self, data: bytes) -> None:
        data = calm(data)
        lib.ghostty_terminal_vt_write(self.terminal, data, len(data))

    def resize(self, columns: int, rows: int) -> None:
        lib.ghostty_terminal_resize(self.terminal, columns, rows, CELL_WIDTH, CELL_HEIGHT)
        self.columns, self.rows = columns, rows

    def reset(self) -> None:
        terminal = ffi.new("GhosttyTerminal *")
        _check(lib.ghostty_terminal_new(ffi.NULL, terminal, self.columns, self.rows), "new")
        self._replace(terminal[0])
        self._modes_on("MODE")

    def _replace(self, terminal: Any) -> None:
        old, state, rows = self.terminal, self._state, self._rows[0]
        self._reader.close()
        self._adopt(terminal)
        lib.ghostty_render_state_row_iterator_free(rows)
        lib.ghostty_render_state_free(state)
        lib.ghostty_terminal_free(old)

    def set_theme(self, theme: Theme) -> None:
        self.theme = theme
        for option, (red, green, blue) in (
            ("COLOR_FOREGROUND", theme.foreground),
            ("COLOR_BACKGROUND", theme.background),
        ):
            self.set_option(option, ffi.new("GhosttyColorRgb *", {"r": red, "g": green, "b": blue}))

    def get(self, name: str, kind: str) -> Any:
        """One `ghostty_terminal_get`, as the C type `kind`."""
        out = ffi.new(f"{kind} *")
        _check(lib.ghostty_terminal_get(self.terminal, getattr(lib, f"GHOSTTY_TERMINAL_DATA_{name}"), out), name)
        return out[0]

    def mode(self, mode: int) -> bool:
        """Whether a DEC private mode is set."""
        out = ffi.new("GhosttyTerminalModeConfig *")
        out.mode = mode
        _check(lib.ghostty_terminal_get(self.terminal, lib.GHOSTTY_TERMINAL_DATA_MODE, out), "mode")
        return bool(out.value)

    def look(self) -> Look:
        state, cursor = State(0), self._cursor
        lib.ghostty_render_state_get(self._state, lib.GHOSTTY_RENDER_STATE_DATA_CURSOR, cursor)
        if cursor.visible and cursor.viewport_has_value:
            state |= State.CURSOR
        if cursor.blinking:
            state |= State.BLINK
        if self.get("ACTIVE_SCREEN", "int"):
            state |= State.ALTERNATE
        if self.mouse_wanted:
            state |= State.MOUSE
            if self.mode(1003):
                state |= State.MOTION
        if self.mode(1004):
            state |= State.FOCUS
        at = min(cursor.viewport_x, self.columns - 1), min(cursor.viewport_y, self.rows - 1)
        return Look(at, _SHAPES[cursor.visual_style], state, self.get("SCROLLBACK_ROWS", "size_t"))

    @property
    def mouse_wanted(self) -> bool:
        """True if the program asked for mouse events."""
        return any(self.mode(mode) for mode in (9, 1000, 1002, 1003))

    def changed(self) -> list[tuple[int, Row]]:
        lib.ghostty_render_state_update(self._state, self.terminal)
        dirty = ffi.new("int *")
        lib.ghostty_render_state_get(self._state, lib.GHOSTTY_RENDER_STATE_DATA_DIRTY, dirty)
        if not dirty[0]:
            return []
        lib.ghostty_render_state_get(self._state, lib.GHOSTTY_RENDER_STATE_DATA_ROW_ITERATOR, self._rows)
        out = self._reader.live(self._rows[0], self.rows, everything=dirty[0] == 2)
        lib.ghostty_render_state_clean(self._state)
        return out

    def row(self, oldest: int) -> Row:
        return self._reader.any(oldest, self.columns)

    def anchor(self, oldest: int) -> GhosttyAnchor:
        return GhosttyAnchor(self.terminal, oldest)

    def encode_key(self, key: Key) -> bytes:
        return self._encoders.key(self.terminal, key)

    def encode_mouse(self, mouse: Mouse) -> bytes:
        return self._encoders.mouse(self.terminal, mouse, self.columns, self.rows) if self.mouse_wanted else b""

    def encode_paste(self, text: str) -> bytes:
        return self._encoders.paste(text, self.mode(2004))

    def encode_focus(self, gained: bool) -> bytes:
        return (b"\x1b[I" if gained else b"\x1b[O") if self.mode(1004) else b""

    def snapshot(self) -> bytes:
        size = ffi.new("size_t *")
        lib.ghostty_snapshot_encode_buf(self.terminal, ffi.NULL, 0, size)
        buffer = ffi.new("uint8_t[]", max(size[0], 1))
        if lib.ghostty_snapshot_encode_buf(self.terminal, buffer, size[0], size):
            return b""
        return bytes(ffi.buffer(buffer, size[0]))

    def restore(self, snapshot: bytes) -> bool:
        decoder, terminal = ffi.new("GhosttySnapshotDecoder *"), ffi.new("GhosttyTerminal *")
        data = ffi.from_buffer("uint8_t[]", snapshot)
        if lib.ghostty_snapshot_decoder_new_buf(ffi.NULL, decoder, data, len(snapshot)):
            return False
        done = not lib.ghostty_snapshot_decoder_decode(decoder[0], terminal)
        lib.ghostty_snapshot_decoder_free(decoder[0])
        if not done:
            self.reset()
            return False
        self._replace(terminal[0])
        columns, rows = self.get("COLS", "uint16_t"), self.get("ROWS", "uint16_t")
        self.columns, self.rows = columns, rows
        self._effects.standing()
        return True


class GhosttyAnchor:
    """See `engine.Anchor`."""

    def __init__(self, terminal: Any, oldest: int) -> None:
        point = ffi.new("SupervisorPoint *")
        point.tag, point.value.y = lib.GHOSTTY_POINT_TAG_SCREEN, oldest
        self._ref = ffi.new("GhosttyTrackedGridRef *")
        self._live = not point_ref(terminal, point[0], self._ref)

    def row(self) -> int | None:
        if not self._live:
            return None
        out = ffi.new("GhosttyPointCoordinate *")
        if lib.ghostty_tracked_grid_ref_point(self._ref[0], lib.GHOSTTY_POINT_TAG_SCREEN, out):
            return None
        return int(out.y)

    def free(self) -> None:
        if self._live:
            lib.ghostty_tracked_grid_ref_free(self._ref[0])
            self._live = False


def _check(result: int, what: str) -> None:
    if result:
        raise OSError(f"libghostty-vt: {what} failed ({result})")
