"""The engine: what a program draws is what the rows say, and keys arrive as the program asked for them."""

from __future__ import annotations

import re

import pytest

from supervisor.emulator.engine import NO_MODS, Action, Engine, Key, Mods, Mouse, Theme, open_engine
from supervisor.emulator.wire import State

_SEQUENCE = re.compile(r"\x1b\[[0-9;:]*[A-Za-z]|\x1b\]8;;[^\x1b]*\x1b\\")
CODER = "👩\u200d💻"
CLICK = Mouse(Action.PRESS, 1, NO_MODS, 3, 2)
DRAG = Mouse(Action.MOVE, 1, NO_MODS, 4, 2)
HOVER = Mouse(Action.MOVE, 0, NO_MODS, 5, 2)


def engine(data: str | bytes = b"", columns: int = 20, rows: int = 4) -> Engine:
    made = open_engine(columns, rows, Theme())
    made.feed(data.encode() if isinstance(data, str) else data)
    return made


def raw(made: Engine) -> list[bytes]:
    made.changed()
    return [made.row(made.look().history + y).text for y in range(made.rows)]


def bare(text: bytes) -> str:
    return _SEQUENCE.sub("", text.decode())


def screen(made: Engine) -> list[str]:
    return [bare(row) for row in raw(made)]


def test_true_colours_and_attributes_stay_what_they_were() -> None:
    """A 24-bit colour, a palette colour and bold reach the row as the program wrote them."""
    (row, *_) = raw(engine("\x1b[38;2;1;2;3mhi\x1b[0m \x1b[1;48;5;17mx"))
    assert b"\x1b[38;2;1;2;3mhi" in row and b"\x1b[1m\x1b[48;5;17mx" in row
    assert row.endswith(b"\x1b[0m")


@pytest.mark.parametrize(
    ("text", "cells"), [("日本", 4), (CODER, 2), ("🇩🇪", 2), ("👍🏽", 2), ("e\u0301", 1), ("ab", 2), ("❤\ufe0f", 2)]
)
def test_a_character_has_the_cells_that_terminals_give_it(text: str, cells: int) -> None:
    """Wide characters, clusters of several code points and combining marks move the cursor by their width."""
    made = engine(text + "|")
    assert screen(made)[0] == text + "|"
    assert made.look().cursor == (cells + 1, 0)


def test_a_cluster_moves_nothing_behind_it() -> None:
    """Behind a cluster stands an absolute column, so that a terminal which draws it wider cannot shift the row."""
    assert f"{CODER}\x1b[3Gx".encode() in raw(engine(CODER + "x"))[0]


def test_a_cluster_at_the_edge_cannot_be_drawn_past_it() -> None:
    """Where a terminal that does not join the cluster would leave the pane, a stand-in is drawn."""
    made = engine(f"\x1b[1;19H{CODER}")
    assert CODER not in screen(made)[0] and "?" in screen(made)[0]


def test_the_alternate_screen_leaves_the_first_one_as_it_was() -> None:
    """A full-screen program draws on a screen of its own, and the text before it is there when it has ended."""
    made = engine("before\x1b[?1049h\x1b[Hinside")
    assert screen(made)[0] == "inside"
    assert State.ALTERNATE in made.look().state
    made.feed(b"\x1b[?1049l")
    assert screen(made)[0] == "before"
    assert State.ALTERNATE not in made.look().state


def test_what_scrolled_away_is_kept() -> None:
    """Rows that left the screen are read from the oldest on, ten thousand of them at the least."""
    made = engine(b"".join(b"line %d\r\n" % number for number in range(10_000)), columns=120)
    made.changed()
    history = made.look().history
    assert history == 10_000 - 3
    assert [made.row(at).text for at in (0, 1, history - 1)] == [b"line 0", b"line 1", b"line 9996"]


def test_a_narrower_window_folds_rows_and_a_wider_one_unfolds_them() -> None:
    """Text survives any change of size; long rows are folded anew."""
    made = engine("0123456789abcdef", columns=20)
    made.resize(10, 4)
    assert screen(made)[:2] == ["0123456789", "abcdef"]
    made.resize(20, 4)
    assert screen(made)[0] == "0123456789abcdef"


def test_a_synchronised_update_is_announced_before_it_begins() -> None:
    """While a program holds its screen back the engine says so, and it tells at the moment when all was still whole."""
    made = engine("whole")
    seen: list[str] = []
    made.on_hold = lambda: seen.append(screen(made)[0])
    made.feed(b"\x1b[?2026h\x1b[Hhalf.")
    assert made.held and seen == ["whole"]
    made.feed(b"\x1b[?2026l")
    assert not made.held and screen(made)[0] == "half."


def test_a_paste_cannot_end_its_own_brackets() -> None:
    """Text that holds the end of a bracketed paste, in seven or eight bits, arrives inside the brackets as text."""
    made = engine("\x1b[?2004h")
    for end in ("\x1b[201~", "\u009b201~"):
        pasted = made.encode_paste(f"a{end}rm -rf ~\n")
        assert pasted.startswith(b"\x1b[200~a") and pasted.endswith(b"rm -rf ~\n\x1b[201~")
        inside = pasted[6:-6].decode()
        assert "\x1b" not in inside and "\u009b" not in inside


def test_a_paste_presses_no_control_key() -> None:
    """Without brackets too, an escape or Ctrl+C in pasted text is no key; a line end is Enter."""
    assert engine().encode_paste("a\x1b[Ab\x03c\nd") == b"a [Ab c\rd"


def test_focus_is_told_only_to_who_asked() -> None:
    """A program hears of the focus after DECSET 1004, and not before."""
    made = engine()
    assert made.encode_focus(True) == b""
    made.feed(b"\x1b[?1004h")
    assert (made.encode_focus(True), made.encode_focus(False)) == (b"\x1b[I", b"\x1b[O")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("", [b"", b"", b""]),
        ("\x1b[?1000h", [b"\x1b[M $#", b"", b""]),
        ("\x1b[?1000h\x1b[?1006h", [b"\x1b[<0;4;3M", b"", b""]),
        ("\x1b[?1002h\x1b[?1006h", [b"\x1b[<0;4;3M", b"\x1b[<32;5;3M", b""]),
        ("\x1b[?1003h\x1b[?1006h", [b"\x1b[<0;4;3M", b"\x1b[<32;5;3M", b"\x1b[<35;6;3M"]),
        ("\x1b[?1003h\x1b[?1006h\x1b[?1003l", [b"", b"", b""]),
    ],
)
def test_the_mouse_is_told_as_asked(asked: str, told: list[bytes]) -> None:
    """Click, drag and bare movement are told each only to a program that asked for it, in the format it asked for."""
    made = engine(asked)
    assert [made.encode_mouse(mouse) for mouse in (CLICK, DRAG, HOVER)] == told


@pytest.mark.parametrize(
    ("key", "plain", "kitty"),
    [
        (Key("a", text="a"), b"a", b"a"),
        (Key("a", Mods.SHIFT, "A"), b"A", b"A"),
        (Key("é", text="é"), "é".encode(), "é".encode()),
        (Key("a", Mods.CTRL), b"\x01", b"\x1b[97;5u"),
        (Key("i", Mods.CTRL), b"\t", b"\x1b[105;5u"),
        (Key("m", Mods.CTRL), b"\r", b"\x1b[109;5u"),
        (Key("[", Mods.CTRL), b"\x1b", b"\x1b[91;5u"),
        (Key("c", Mods.CTRL | Mods.SHIFT), b"\x03", b"\x1b[99;6u"),
        (Key("_", Mods.CTRL), b"\x1f", b"\x1b[45;6u"),
        (Key("space", Mods.CTRL), b"\0", b"\x1b[32;5u"),
        (Key("a", Mods.ALT, "a"), b"\x1ba", b"\x1b[97;3u"),
        (Key("escape"), b"\x1b", b"\x1b[27u"),
        (Key("enter"), b"\r", b"\r"),
        (Key("tab", Mods.SHIFT), b"\x1b[Z", b"\x1b[9;2u"),
        (Key("backspace"), b"\x7f", b"\x7f"),
        (Key("up"), b"\x1b[A", b"\x1b[A"),
        (Key("right", Mods.CTRL), b"\x1b[1;5C", b"\x1b[1;5C"),
        (Key("f5"), b"\x1b[15~", b"\x1b[15~"),
    ],
)
def test_keys_are_told_in_the_protocol_that_was_asked_for(key: Key, plain: bytes, kitty: bytes) -> None:
    """A key is what a terminal without a protocol sends, or the kitty protocol's name for it once that is on."""
    assert engine().encode_key(key) == plain
    assert engine("\x1b[>1u").encode_key(key) == kitty
    assert engine("\x1b[>1u\x1b[<u").encode_key(key) == plain


def test_arrows_follow_the_cursor_key_mode() -> None:
    """After DECCKM an arrow is an SS3 sequence."""
    assert engine("\x1b[?1h").encode_key(Key("up")) == b"\x1bOA"


@pytest.mark.parametrize("letter", "abcdefghijklmnopqrstuvwxyz")
def test_every_control_letter_reaches_a_plain_program(letter: str) -> None:
    """Ctrl with any letter, shifted or not, is that letter's control character."""
    for mods in (Mods.CTRL, Mods.CTRL | Mods.SHIFT):
        assert engine().encode_key(Key(letter, mods)) == bytes([ord(letter) & 31])


def test_a_snapshot_is_the_whole_terminal() -> None:
    """Screen, scrollback, modes, links and the first screen under the alternate one come back, title and folder too."""
    made = engine("\x1b]2;the title\x07\x1b]7;file:///work\x07\x1b[>1u\x1b[?2004h\x1b[31m", columns=20)
    made.feed(b"".join(b"\r\nrow %d" % number for number in range(50)))
    made.feed(f"\x1b]8;;https://a.example/\x07link\x1b]8;;\x07{CODER}".encode())
    keys = made.encode_key(Key("escape"))
    made.feed(b"\x1b[?1049h\x1b[Hinside")
    other = open_engine(3, 3, Theme())
    assert other.restore(made.snapshot())
    assert {event["type"]: event["text"] for event in other.out.events} == {
        "title": "the title",
        "directory": "file:///work",
    }
    assert (raw(other), other.look()) == (raw(made), made.look())
    for each in (made, other):
        each.feed(b"\x1b[?1049l")
    assert (raw(other), other.look()) == (raw(made), made.look())
    assert [other.row(at) for at in range(40)] == [made.row(at) for at in range(40)]
    assert other.encode_key(Key("escape")) == keys == b"\x1b[27u"
    assert other.encode_paste("x") == b"\x1b[200~x\x1b[201~"


def test_a_broken_snapshot_is_refused() -> None:
    """Bytes that are no snapshot leave an empty terminal that works."""
    made = engine("old")
    assert not made.restore(b"no snapshot at all")
    made.feed(b"\x1b[2J\x1b[Hnew")
    assert screen(made)[0] == "new"


def test_a_place_in_the_scrollback_is_followed() -> None:
    """An anchor counts its row as older rows are dropped or everything is, and never points at another terminal."""
    made = engine(b"".join(b"\r\nline %d" % number for number in range(20)))
    anchor = made.anchor(4)
    made.feed(b"\r\nmore" * 10)
    assert anchor.row() == 4
    made.reset()
    assert anchor.row() is None
    anchor.free()
