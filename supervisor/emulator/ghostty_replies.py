"""What libghostty-vt may answer to the program, and what it reports of it: the pane's reply policy.

Answered: device attributes, status, version, modes, size, colours (the theme's), the program status query. Never
answered: the title, the clipboard, the enquiry, checksums, files. A clipboard write is dropped and reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from supervisor.emulator.engine import CELL_HEIGHT, CELL_WIDTH
from supervisor.emulator.ghostty_abi import ffi, lib
from supervisor.emulator.hostile import BODY_LENGTH, plain, program_status

if TYPE_CHECKING:
    from supervisor.emulator.ghostty import GhosttyEngine

VERSION: Final = b"agent-supervise"
UNKNOWN_BYTES: Final = 8 << 10
CLIPBOARD_BYTES: Final = 1 << 20
EVENTS_KEPT: Final = 64
"""Events of one slice; a program that sends more is flooding."""


class Effects:
    """The library's callbacks for one engine."""

    def __init__(self, engine: GhosttyEngine) -> None:
        self._engine = engine
        self._version = ffi.new("char[]", VERSION)
        self._callbacks: dict[str, Any] = {
            option: ffi.callback(f"GhosttyTerminal{kind}Fn", function)
            for option, kind, function in (
                ("WRITE_PTY", "WritePty", self._reply),
                ("BELL", "Bell", lambda t, u: self._report({"type": "bell"})),
                ("XTVERSION", "Xtversion", self._xtversion),
                ("TITLE_CHANGED", "TitleChanged", lambda t, u: self._text("title", "TITLE")),
                ("PWD_CHANGED", "PwdChanged", lambda t, u: self._text("directory", "PWD")),
                ("SIZE", "Size", self._size),
                ("COLOR_SCHEME", "ColorScheme", self._scheme),
                ("CLIPBOARD_WRITE", "ClipboardWrite", self._clipboard),
                ("DESKTOP_NOTIFICATION", "DesktopNotification", self._notification),
                ("UNKNOWN_SEQUENCE", "UnknownSequence", self._unknown),
                ("RENDER_HOLD", "RenderHold", self._hold),
            )
        }

    def install(self, terminal: Any) -> None:
        """Set them on a terminal."""
        for option, callback in self._callbacks.items():
            lib.ghostty_terminal_set(terminal, getattr(lib, f"GHOSTTY_TERMINAL_OPT_{option}"), callback)
        for option, size in (("UNKNOWN_MAX_BYTES", UNKNOWN_BYTES), ("CLIPBOARD_WRITE_MAX_BYTES", CLIPBOARD_BYTES)):
            lib.ghostty_terminal_set(
                terminal, getattr(lib, f"GHOSTTY_TERMINAL_OPT_{option}"), ffi.new("size_t *", size)
            )

    def _report(self, event: dict[str, object]) -> None:
        events = self._engine.out.events
        if len(events) < EVENTS_KEPT:
            events.append(event)
        elif event["type"] in ("title", "directory", "status"):
            events[-1] = event

    def _reply(self, terminal: Any, user: Any, data: Any, length: int) -> None:
        self._engine.out.replies += ffi.buffer(data, length)

    def _xtversion(self, terminal: Any, user: Any) -> Any:
        return ffi.new("GhosttyString *", {"ptr": ffi.cast("uint8_t *", self._version), "len": len(VERSION)})[0]

    def _size(self, terminal: Any, user: Any, out: Any) -> bool:
        out.rows, out.columns = self._engine.rows, self._engine.columns
        out.cell_width, out.cell_height = CELL_WIDTH, CELL_HEIGHT
        return True

    def _scheme(self, terminal: Any, user: Any, out: Any) -> bool:
        out[0] = lib.GHOSTTY_COLOR_SCHEME_DARK if self._engine.theme.dark else lib.GHOSTTY_COLOR_SCHEME_LIGHT
        return True

    def _text(self, kind: str, data: str) -> None:
        string = self._engine.get(data, "GhosttyString")
        text = ffi.buffer(string.ptr, string.len)[:] if string.len else b""
        self._report({"type": kind, "text": plain(text)})

    def standing(self) -> None:
        """Report the title and the folder that a restored terminal has."""
        for kind, data in (("title", "TITLE"), ("directory", "PWD")):
            if self._engine.get(data, "GhosttyString").len:
                self._text(kind, data)

    def _clipboard(self, terminal: Any, user: Any, write: Any) -> None:
        total = sum(write.contents[at].data.len for at in range(min(write.contents_len, 8)))
        self._report({"type": "clipboard", "bytes": int(total)})

    def _notification(self, terminal: Any, user: Any, note: Any) -> None:
        title, body = (
            plain(ffi.buffer(part.ptr, part.len)[:] if part.len else b"", length)
            for part, length in ((note.title, 200), (note.body, BODY_LENGTH))
        )
        self._report({"type": "notification", "title": title, "body": body})

    def _hold(self, terminal: Any, user: Any, held: bool) -> None:
        if held and not self._engine.held:
            self._engine.on_hold()
        self._engine.held = bool(held)

    def _unknown(self, terminal: Any, user: Any, sequence: Any) -> None:
        if sequence.tag != lib.GHOSTTY_TERMINAL_UNKNOWN_SEQUENCE_OSC:
            return
        osc = sequence.value.osc
        content = ffi.buffer(osc.content.ptr, osc.content.len)[:] if osc.content.len else b""
        event, answer = unknown_osc(content)
        self._engine.out.replies += answer
        if event is not None:
            self._report(event)


def unknown_osc(content: bytes) -> tuple[dict[str, object] | None, bytes]:
    """What an OSC that the emulator does not know means to us: an event or None, and the answer."""
    number, _, rest = content.partition(b";")
    if number == b"7501":
        if rest == b"?":
            return None, b"\x1b]7501;?\x1b\\"
        return program_status(rest), b""
    if number == b"99":  # kitty's desktop notifications: metadata ; text
        body = plain(rest.partition(b";")[2], BODY_LENGTH)
        return ({"type": "notification", "title": "", "body": body} if body else None), b""
    return None, b""
