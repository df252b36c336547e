"""Keys, mouse and pastes as the bytes that the program's current modes ask for, by libghostty-vt's encoders."""

from __future__ import annotations

import re
from typing import Any, Final

from supervisor.emulator.engine import CELL_HEIGHT, CELL_WIDTH, Action, Key, Mods, Mouse
from supervisor.emulator.ghostty_abi import ffi, lib, sized
from supervisor.emulator.keys import NAMED, unshifted

_NAMES: Final = {
    "up": "ARROW_UP",
    "down": "ARROW_DOWN",
    "left": "ARROW_LEFT",
    "right": "ARROW_RIGHT",
    "pageup": "PAGE_UP",
    "pagedown": "PAGE_DOWN",
    "kp_begin": "NUMPAD_BEGIN",
    "menu": "CONTEXT_MENU",
}
_CHARACTERS: Final = {
    "`": "BACKQUOTE",
    "\\": "BACKSLASH",
    "[": "BRACKET_LEFT",
    "]": "BRACKET_RIGHT",
    ",": "COMMA",
    "=": "EQUAL",
    "-": "MINUS",
    ".": "PERIOD",
    "'": "QUOTE",
    ";": "SEMICOLON",
    "/": "SLASH",
    " ": "SPACE",
    **{digit: f"DIGIT_{digit}" for digit in "0123456789"},
    **{letter: letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"},
}
_SPELLED: Final = {"enter": "\r", "tab": "\t", "space": " ", "backspace": "\x7f", "escape": "\x1b"}
_BUTTONS: Final = {1: 1, 2: 3, 3: 2, 4: 4, 5: 5, 6: 6, 7: 7}
_OUT: Final = 512
_C1: Final = re.compile("[\x80-\x9f]")


class Encoders:
    """The library's encoders, with one event object of each kind that is used again and again."""

    def __init__(self) -> None:
        self._key, self._event = ffi.new("GhosttyKeyEncoder *"), ffi.new("GhosttyKeyEvent *")
        self._mouse, self._move = ffi.new("GhosttyMouseEncoder *"), ffi.new("GhosttyMouseEvent *")
        for created in (
            lib.ghostty_key_encoder_new(ffi.NULL, self._key),
            lib.ghostty_key_event_new(ffi.NULL, self._event),
            lib.ghostty_mouse_encoder_new(ffi.NULL, self._mouse),
            lib.ghostty_mouse_event_new(ffi.NULL, self._move),
        ):
            if created:
                raise OSError(f"libghostty-vt: no encoder ({created})")
        self._out, self._length = ffi.new("char[]", _OUT), ffi.new("size_t *")
        self._codes = {name: self._code(_NAMES.get(name, name.upper())) for name in NAMED}
        self._codes |= {char: self._code(name) for char, name in _CHARACTERS.items()}
        self._pressed = 0

    @staticmethod
    def _code(name: str) -> int:
        return int(getattr(lib, f"GHOSTTY_KEY_{name}", 0))

    def key(self, terminal: Any, key: Key) -> bytes:
        """A pressed key."""
        encoder, event = self._key[0], self._event[0]
        named = key.key in self._codes and len(key.key) > 1
        base = key.key if named else unshifted(key.key)
        mods, text = key.mods, key.text.encode()
        if not named and key.key != base:
            mods |= Mods.SHIFT
            if not text and not mods & Mods.CTRL:
                text = key.key.encode()
        lib.ghostty_key_encoder_setopt_from_terminal(encoder, terminal)
        option = ffi.new("GhosttyOptionAsAlt *", lib.GHOSTTY_OPTION_AS_ALT_TRUE)
        lib.ghostty_key_encoder_setopt(encoder, lib.GHOSTTY_KEY_ENCODER_OPT_MACOS_OPTION_AS_ALT, option)
        lib.ghostty_key_event_set_action(event, lib.GHOSTTY_KEY_ACTION_PRESS)
        lib.ghostty_key_event_set_key(event, self._codes.get(base, 0))
        lib.ghostty_key_event_set_mods(event, _mods(mods))
        shifted = not named and bool(mods & Mods.SHIFT)
        lib.ghostty_key_event_set_consumed_mods(event, _mods(Mods.SHIFT) if shifted and text else 0)
        char = ffi.from_buffer("char[]", text)  # kept alive until the key is encoded
        lib.ghostty_key_event_set_utf8(event, char, len(text))
        point = _SPELLED.get(base, "") if named else base
        lib.ghostty_key_event_set_unshifted_codepoint(event, ord(point) if len(point) == 1 else 0)
        if lib.ghostty_key_encoder_encode(encoder, event, self._out, _OUT, self._length):
            return b""
        return bytes(ffi.buffer(self._out, self._length[0])) or _control(key)

    def mouse(self, terminal: Any, mouse: Mouse, columns: int, rows: int) -> bytes:
        """A mouse event, in the format and of the kinds that the program asked for."""
        encoder, event = self._mouse[0], self._move[0]
        lib.ghostty_mouse_encoder_setopt_from_terminal(encoder, terminal)
        size = sized("GhosttyMouseEncoderSize")
        size.screen_width, size.screen_height = columns * CELL_WIDTH, rows * CELL_HEIGHT
        size.cell_width, size.cell_height = CELL_WIDTH, CELL_HEIGHT
        lib.ghostty_mouse_encoder_setopt(encoder, lib.GHOSTTY_MOUSE_ENCODER_OPT_SIZE, size)
        if mouse.action is Action.PRESS and mouse.button <= 3:
            self._pressed |= 1 << mouse.button
        elif mouse.action is Action.RELEASE:
            self._pressed &= ~(1 << mouse.button)
        pressed = ffi.new("bool *", bool(self._pressed))
        lib.ghostty_mouse_encoder_setopt(encoder, lib.GHOSTTY_MOUSE_ENCODER_OPT_ANY_BUTTON_PRESSED, pressed)
        lib.ghostty_mouse_event_set_action(event, int(mouse.action))
        if mouse.button:
            lib.ghostty_mouse_event_set_button(event, _BUTTONS.get(mouse.button, 0))
        else:
            lib.ghostty_mouse_event_clear_button(event)
        lib.ghostty_mouse_event_set_mods(event, _mods(mouse.mods))
        position = ffi.new(
            "GhosttyMousePosition *",
            {"x": (mouse.column + 0.5) * CELL_WIDTH, "y": (mouse.row + 0.5) * CELL_HEIGHT},
        )
        lib.ghostty_mouse_event_set_position(event, position[0])
        if lib.ghostty_mouse_encoder_encode(encoder, event, self._out, _OUT, self._length):
            return b""
        return bytes(ffi.buffer(self._out, self._length[0]))

    def paste(self, text: str, bracketed: bool) -> bytes:
        """Pasted text; whatever could end the bracket or act as a control key is made harmless by the library."""
        # The library leaves C1 alone, and some programs take U+009B for the beginning of a control sequence.
        data = _C1.sub(" ", text).encode("utf-8", "replace")
        source, size = ffi.new("char[]", data), len(data) * 2 + 64
        out = ffi.new("char[]", size)
        if lib.ghostty_paste_encode(source, len(data), bracketed, out, size, self._length):
            return b""
        return bytes(ffi.buffer(out, self._length[0]))


def _control(key: Key) -> bytes:
    """The control character of a key (`Ctrl+_`, `Ctrl+I`, `Ctrl+Shift+A`), where no protocol names the key."""
    if not key.mods & Mods.CTRL or len(key.key) != 1 or not "?" <= key.key.upper() <= "_":
        return b""
    code = b"\x7f" if key.key == "?" else bytes([ord(key.key) & 0x1F])
    return b"\x1b" + code if key.mods & Mods.ALT else code


def _mods(mods: Mods) -> int:
    """Ghostty's bits: shift 1, ctrl 2, alt 4, super 8."""
    swapped = {Mods.SHIFT: 1, Mods.CTRL: 2, Mods.ALT: 4, Mods.SUPER: 8}
    return sum(bit for mod, bit in swapped.items() if mods & mod)
