"""Keys and mouse between Textual and the emulator host."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.events import Key as Pressed

from supervisor.console.pane.keys import key_of
from supervisor.emulator.consoles import read_input, write_key, write_mouse
from supervisor.emulator.engine import Action, Key, Mods, Mouse
from supervisor.emulator.keys import NAMED
from supervisor.emulator.wire import ToScreen


@pytest.mark.parametrize(
    ("name", "character", "key"),
    [
        ("a", "a", Key("a", Mods(0), "a")),
        ("A", "A", Key("a", Mods.SHIFT, "A")),
        ("exclamation_mark", "!", Key("1", Mods.SHIFT, "!")),
        ("space", " ", Key("space", Mods(0), " ")),
        ("enter", "\r", Key("enter")),
        ("shift+tab", None, Key("tab", Mods.SHIFT)),
        ("ctrl+c", "\x03", Key("c", Mods.CTRL)),
        ("ctrl+i", None, Key("i", Mods.CTRL)),
        ("ctrl+right", None, Key("right", Mods.CTRL)),
        ("f12", None, Key("f12")),
        ("é", "é", Key("é", Mods(0), "é")),
        ("ctrl+underscore", "\x1f", Key("-", Mods.CTRL)),
        ("plus", "+", Key("=", Mods.SHIFT, "+")),
    ],
)
def test_a_pressed_key_has_its_name(name: str, character: str | None, key: Key) -> None:
    """What Textual calls a key becomes the host's key, with its modifiers and its text."""
    got = key_of(Pressed(name, character))
    assert got is not None
    if name == "ctrl+underscore":
        assert got.mods & Mods.CTRL and got.text == ""
    else:
        assert got == key


@given(
    st.sampled_from([*NAMED, *"aZ9!~é漢"]),
    st.integers(0, 15).map(Mods),
    st.text(max_size=64).filter(lambda text: text.isprintable()),
)
def test_a_key_arrives_as_it_was_sent(name: str, mods: Mods, text: str) -> None:
    """A key survives the way to the host unchanged."""
    key = Key(name, mods, text)
    assert read_input(ToScreen.KEY, write_key(key)) == key


@given(
    st.sampled_from(list(Action)), st.integers(0, 7), st.integers(0, 15), st.integers(-9, 40_000), st.integers(0, 99)
)
def test_the_mouse_stays_inside(action: Action, button: int, mods: int, column: int, row: int) -> None:
    """A mouse event arrives with a cell that is never negative and fits the frame."""
    got = read_input(ToScreen.MOUSE, write_mouse(Mouse(action, button, Mods(mods), column, row)))
    assert got == Mouse(action, button, Mods(mods), min(max(column, 0), 0x7FFF), row)


@given(st.integers(0, 255), st.binary(max_size=60))
def test_any_frame_is_input_or_a_value_error(kind: int, payload: bytes) -> None:
    """Whatever a console sends, it is understood or refused with one kind of error."""
    try:
        read_input(kind, payload)
    except ValueError:
        return


def test_a_nested_key_is_refused() -> None:
    """A key that is brackets in brackets is refused as any other garbage."""
    with pytest.raises(ValueError, match="nested"):
        read_input(ToScreen.KEY, b"[" * 200_000)
