"""The names of keys between console and host."""

from __future__ import annotations

from typing import Final

NAMED: Final = (
    "enter",
    "tab",
    "backspace",
    "escape",
    "space",
    "delete",
    "insert",
    "home",
    "end",
    "pageup",
    "pagedown",
    "up",
    "down",
    "left",
    "right",
    "kp_begin",
    "caps_lock",
    "scroll_lock",
    "num_lock",
    "print_screen",
    "pause",
    "menu",
    *(f"f{number}" for number in range(1, 26)),
)
"""Keys that are not a character."""

SHIFTED: Final = dict(zip('~!@#$%^&*()_+{}|:"<>?', "`1234567890-=[]\\;',./", strict=True))
"""The unshifted character of a shifted one, on the layout that key encodings are defined on (US)."""


def unshifted(char: str) -> str:
    """The character that the key of `char` types without shift."""
    lower = char.lower()
    return SHIFTED.get(char, lower if len(lower) == 1 else char)
