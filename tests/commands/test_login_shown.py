"""What a human sees who must log in before a session starts."""

from __future__ import annotations

import webbrowser
from datetime import UTC, datetime

import pytest

from supervisor.commands.login_shown import login_lines, show_login
from supervisor.identity.oidc.values import DevicePrompt

ENDS = datetime(2026, 2, 1, 12, 5, tzinfo=UTC)
PAGE = "https://id.example.com/device"
DEVICE = DevicePrompt("WDJB-MJHT", PAGE, f"{PAGE}?user_code=WDJB-MJHT", ENDS)
BROWSER = DevicePrompt("", "https://id.example.com/auth?state=1", "", ENDS)


def test_page_code_and_end_are_words_of_their_own() -> None:
    """They are read aloud and typed at another device; no drawing where none is wanted."""
    text = "\n".join(login_lines(DEVICE, squares=0))
    assert f"page   {PAGE}\n" in text and "code   WDJB-MJHT" in text and f"{ENDS.astimezone():%H:%M}" in text
    assert "█" not in text


def test_the_link_is_drawn_where_it_fits() -> None:
    """Light on dark, whatever the terminal's colours are; a narrow terminal gets the words alone."""
    drawn = [line for line in login_lines(DEVICE, squares=80) if "█" in line]
    assert drawn and all(line.startswith("\x1b[38;5;231;48;5;16m") and line.endswith("\x1b[0m") for line in drawn)
    assert not any("█" in line for line in login_lines(DEVICE, squares=20))
    long = DevicePrompt("C", PAGE, PAGE + "?" + "x" * 400, ENDS)
    assert not any("█" in line for line in login_lines(long, squares=400))


def test_what_a_server_says_is_harmless() -> None:
    """Page and code are another machine's text."""
    hostile = DevicePrompt("A\x1b[2J", PAGE + "\x1b]0;x\x07", "", ENDS)
    assert not any("\x1b" in line or "\x07" in line for line in login_lines(hostile, squares=0))


def test_the_browser_opens_the_page_that_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written where the agent's output goes; without a browser the other way is named."""
    opened: list[str] = []

    def open_nothing(url: str) -> bool:
        opened.append(url)
        return False

    monkeypatch.setattr(webbrowser, "open", open_nothing)
    show_login(BROWSER)
    out, err = capsys.readouterr()
    assert opened == [BROWSER.page] and f"  {BROWSER.page}\n" in err and not out
    assert "login: device" in err
    show_login(DEVICE)
    assert opened == [BROWSER.page], "a device login is another device's"
