"""Keys and mouse events of Textual as the emulator host names them."""

from __future__ import annotations

import unicodedata
from typing import Final

from textual import events
from textual.keys import KEY_TO_UNICODE_NAME, REPLACED_KEYS

from supervisor.emulator.engine import Action, Key, Mods, Mouse
from supervisor.emulator.keys import NAMED, unshifted

_MODS: Final = {"shift": Mods.SHIFT, "alt": Mods.ALT, "ctrl": Mods.CTRL, "super": Mods.SUPER, "meta": Mods.SUPER}
_OTHER: Final = {"return": "enter", "page_up": "pageup", "page_down": "pagedown", "at": "@", "circumflex_accent": "^"}


def key_of(event: events.Key) -> Key | None:
    """The key that was pressed; `None` for one that no terminal program could be told."""
    *held, name = event.key.split("+") if event.key != "+" else ["+"]
    mods = Mods(0)
    for word in held:
        mods |= _MODS.get(word, Mods(0))
    char = event.character
    if char is not None and len(char) == 1 and char.isprintable() and not mods & (Mods.CTRL | Mods.SUPER):
        if char.isupper() or char != unshifted(char):
            mods |= Mods.SHIFT
        return Key("space" if char == " " else unshifted(char), mods, char)
    name = _OTHER.get(name, name)
    if name in NAMED:
        return Key(name, mods, " " if name == "space" and not mods else "")
    if len(name) != 1:
        named = KEY_TO_UNICODE_NAME.get(name, REPLACED_KEYS.get(name, name).replace("_", " ").upper())
        try:
            name = unicodedata.lookup(named)
        except KeyError:
            return Key(char, mods, char) if char and char.isprintable() else None
    if name.isupper():
        mods |= Mods.SHIFT
    return Key(unshifted(name), mods, "" if mods & (Mods.CTRL | Mods.SUPER) else name)


def mouse_of(event: events.MouseEvent, action: Action, button: int | None = None) -> Mouse:
    """A mouse event at its cell, counted from the pane's own corner."""
    mods = Mods.SHIFT if event.shift else Mods(0)
    mods |= Mods.ALT if event.meta else Mods(0)
    mods |= Mods.CTRL if event.ctrl else Mods(0)
    return Mouse(action, event.button if button is None else button, mods, int(event.x), int(event.y))
