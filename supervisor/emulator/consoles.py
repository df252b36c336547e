"""What a console may say to the host, checked: a frame becomes a value, or the console is hung up on."""

from __future__ import annotations

import json
import struct
from typing import Literal

from supervisor.emulator.engine import Action, Key, Mods, Mouse
from supervisor.emulator.keys import NAMED
from supervisor.emulator.wire import MOUSE, SCROLL, ToScreen

Input = (
    Key
    | Mouse
    | Literal["next"]
    | tuple[Literal["paste"], str]
    | tuple[Literal["focus"], bool]
    | tuple[Literal["scroll"], int]
)


def read_input(kind: int, payload: bytes) -> Input:
    """One frame of a console; `ValueError` if it is none."""
    try:
        match kind:
            case ToScreen.HELLO | ToScreen.NEXT:
                return "next"
            case ToScreen.KEY:
                return _key(payload)
            case ToScreen.MOUSE:
                action, button, mods, column, row = MOUSE.unpack(payload)
                return Mouse(Action(action), min(button, 7), Mods(mods & 15), max(column, 0), max(row, 0))
            case ToScreen.PASTE:
                return "paste", payload.decode()
            case ToScreen.FOCUS:
                return "focus", payload == b"\1"
            case ToScreen.SCROLL:
                return "scroll", SCROLL.unpack(payload)[0]
    except struct.error as error:
        raise ValueError(f"a frame {chr(kind)!r} of {len(payload)} bytes: {error}") from None
    raise ValueError(f"a frame of unknown kind {kind}")


def _key(payload: bytes) -> Key:
    try:
        said = json.loads(payload)
    except RecursionError:
        raise ValueError("a key that is nested") from None
    if not isinstance(said, dict):
        raise ValueError("a key is an object")
    key, mods, text = said.get("key"), said.get("mods", 0), said.get("text", "")
    if not (isinstance(key, str) and isinstance(mods, int) and isinstance(text, str)):
        raise ValueError("a key has a name, modifiers and a text")
    if len(key) != 1 and key not in NAMED and not text:
        raise ValueError("a key that nobody knows")
    return Key(key, Mods(mods & 15), text[:64])


def write_key(key: Key) -> bytes:
    """The payload of a KEY frame."""
    return json.dumps({"key": key.key, "mods": int(key.mods), "text": key.text}).encode()


def write_mouse(mouse: Mouse) -> bytes:
    """The payload of a MOUSE frame."""
    column, row = (min(max(side, 0), 0x7FFF) for side in (mouse.column, mouse.row))
    return MOUSE.pack(int(mouse.action), mouse.button, int(mouse.mods), column, row)
