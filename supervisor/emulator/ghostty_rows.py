"""Rows of libghostty-vt as SGR text that stays inside its cells on any terminal.

The library's formatter writes a row's text and attributes and nothing else. Where terminals disagree about width (a
cluster of several code points) the row is written in pieces, each followed by an absolute column (`CSI n G`, counted
from the pane's left edge; the console adds the edge), so that a disagreement never moves what stands behind it.
"""

from __future__ import annotations

import re
from typing import Any, Final

from supervisor.emulator.ghostty_abi import ffi, grid_ref, lib, sized
from supervisor.emulator.hostile import link, row_text, widest
from supervisor.emulator.wire import Row

_SGR: Final = re.compile(rb"\x1b\[[0-9;:]*m")
_CLUSTER: Final = 1  # GHOSTTY_CELL_CONTENT_CODEPOINT_GRAPHEME
_EMPTY: Final = Row(b"", 0)
_BUFFER: Final = 1 << 20


class RowReader:
    """Reads rows of one terminal."""

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal
        self._buffer = ffi.new("uint8_t[]", _BUFFER)
        self._view = ffi.buffer(self._buffer)
        self._length = ffi.new("size_t *")
        self._formatter = ffi.new("GhosttyFormatter *")
        self._selection = sized("GhosttySelection")
        self._options = sized("GhosttyFormatterTerminalOptions")
        self._options.emit = lib.GHOSTTY_FORMATTER_FORMAT_VT
        self._options.trim = False
        self._options.selection = self._selection
        self._start, self._end = ffi.new("SupervisorPoint *"), ffi.new("SupervisorPoint *")
        self._ref = sized("GhosttyGridRef")
        self._refs = ffi.addressof(self._selection.start), ffi.addressof(self._selection.end)
        self._y, self._row, self._cells = ffi.new("uint16_t *"), ffi.new("GhosttyRow *"), ffi.new("GhosttyCellsView *")
        self._cell, self._flag, self._int = ffi.new("GhosttyCell *"), ffi.new("bool *"), ffi.new("int *")

    def close(self) -> None:
        """Nothing is kept in the library."""

    def live(self, rows: Any, height: int, *, everything: bool) -> list[tuple[int, Row]]:
        """The dirty rows of a render state's iterator (all rows are dirty if `everything`)."""
        out = []
        active = lib.GHOSTTY_POINT_TAG_ACTIVE
        while lib.ghostty_render_state_row_iterator_next_dirty(rows, self._y):
            y = self._y[0]
            lib.ghostty_render_state_row_get(rows, lib.GHOSTTY_RENDER_STATE_ROW_DATA_CELLS_RAW, self._cells)
            lib.ghostty_render_state_row_get(rows, lib.GHOSTTY_RENDER_STATE_ROW_DATA_RAW, self._row)
            raw = bytes(ffi.buffer(self._cells.ptr, self._cells.len * 8))
            out.append((y, self._read(active, y, raw, self._row[0])))
        return out

    def any(self, oldest: int, columns: int) -> Row:
        """A row of scrollback or screen, counted from the oldest."""
        tag = lib.GHOSTTY_POINT_TAG_SCREEN
        raw = []
        for x in range(columns):
            if self._at(self._ref, tag, x, oldest):
                return _EMPTY
            lib.ghostty_grid_ref_cell(self._ref, self._cell)
            raw.append(self._cell[0].to_bytes(8, "little"))
        lib.ghostty_grid_ref_row(self._ref, self._row)
        return self._read(tag, oldest, b"".join(raw), self._row[0])

    def _read(self, tag: int, y: int, raw: bytes, row: Any) -> Row:
        used = (len(raw.rstrip(b"\0")) + 7) // 8
        if not used:
            return _EMPTY
        if self._row_is(row, lib.GHOSTTY_ROW_DATA_GRAPHEME) or self._row_is(row, lib.GHOSTTY_ROW_DATA_HYPERLINK):
            return Row(self._pieces(tag, y, raw, used), used)
        return Row(row_text(self._format(tag, y, 0, used - 1)), used)

    def _row_is(self, row: Any, what: int) -> bool:
        lib.ghostty_row_get(row, what, self._flag)
        return bool(self._flag[0])

    def _at(self, ref: Any, tag: int, x: int, y: int) -> int:
        point = self._start
        point.tag, point.value.x, point.value.y = tag, x, y
        return int(grid_ref(self._terminal, point[0], ref))

    def _format(self, tag: int, y: int, first: int, last: int) -> bytes:
        """The cells `first` to `last` of a row as the formatter writes them."""
        if self._at(self._refs[0], tag, first, y) or self._at(self._refs[1], tag, last, y):
            return b""
        formatter = self._formatter
        if lib.ghostty_formatter_terminal_new(ffi.NULL, formatter, self._terminal, self._options[0]):
            return b""
        failed = lib.ghostty_formatter_format_buf(formatter[0], self._buffer, _BUFFER, self._length)
        lib.ghostty_formatter_free(formatter[0])
        return b"" if failed else self._view[: self._length[0]]

    def _pieces(self, tag: int, y: int, raw: bytes, used: int) -> bytes:
        """A row with clusters or links, in pieces."""
        columns = len(raw) // 8
        kinds = [self._kind(tag, x, y, raw) for x in range(used)]
        out, first = [], 0
        while first < used:
            cluster, uri = kinds[first]
            last = first
            while cluster is None and last + 1 < used and kinds[last + 1] == (None, uri):
                last += 1
            if cluster is not None:
                last = min(first + cluster - 1, used - 1)
            text = row_text(self._format(tag, y, first, last))
            if cluster is not None:
                # Every piece ends without attributes: a reset changes nothing, and says where the cluster begins.
                text = b"\x1b[0m" + self._fenced(text, first, columns) + b"\x1b[%dG" % (first + cluster + 1)
            out.append(b"\x1b]8;;" + uri + b"\x1b\\" + text + b"\x1b]8;;\x1b\\" if uri else text)
            first = last + 1
        return b"".join(out)

    def _kind(self, tag: int, x: int, y: int, raw: bytes) -> tuple[int | None, bytes]:
        """(cells of the cluster that starts here or None, link)."""
        cell = int.from_bytes(raw[8 * x : 8 * x + 8], "little")
        lib.ghostty_cell_get(cell, lib.GHOSTTY_CELL_DATA_CONTENT_TAG, self._int)
        cluster = None
        if self._int[0] == _CLUSTER:
            lib.ghostty_cell_get(cell, lib.GHOSTTY_CELL_DATA_WIDE, self._int)
            cluster = 2 if self._int[0] == 1 else 1
        lib.ghostty_cell_get(cell, lib.GHOSTTY_CELL_DATA_HAS_HYPERLINK, self._flag)
        if not self._flag[0] or self._at(self._ref, tag, x, y):
            return cluster, b""
        if lib.ghostty_grid_ref_hyperlink_uri(self._ref, self._buffer, _BUFFER, self._length):
            return cluster, b""
        return cluster, link(self._view[: self._length[0]])

    @staticmethod
    def _fenced(text: bytes, first: int, columns: int) -> bytes:
        """A cluster, or a stand-in where a terminal that does not join it would write past the pane's edge."""
        bare = _SGR.sub(b"", text).decode("utf-8", "replace")
        if first + widest(bare) <= columns:
            return text
        return text.replace(bare.encode(), b"?")
