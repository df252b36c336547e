"""Hostile text on its way to a screen."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.model.visible import from_portable, from_visible, portable, visible

TEXT = st.text(st.characters(), max_size=40)


@given(TEXT)
def test_visible_text_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    """No control, no format character (bidirectional overrides, zero width), no surrogate, no private use is left."""
    for char in visible(text):
        assert unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}, hex(ord(char))


@given(TEXT)
def test_visible_is_injective(text: str) -> None:
    """What is shown can be read back, so that no two texts look the same in code points."""
    assert from_visible(visible(text)) == text


@given(TEXT)
def test_portable_text_is_unicode_and_reads_back(text: str) -> None:
    """Foreign bytes cross JSON as scalar values and come back as they were."""
    moved = portable(text)
    moved.encode("utf-8")
    assert from_portable(moved) == text


@pytest.mark.parametrize(
    "text", ["\x1b[2J", "rm \u202efdp.exe", "a\u200bb", "line\nline", "\x9b31m", "\udcff", "\u2028", "\U000e0041"]
)
def test_tricks_become_visible_code_points(text: str) -> None:
    """Escape sequences, overrides, zero widths and foreign bytes are spelled out."""
    assert "⟨" in visible(text)


def test_ordinary_text_stays_as_it_is() -> None:
    """Letters, emoji, wide and combining characters are shown as they are."""
    text = "terraform apply -auto-approve • naïve 漢字 🚀 é"
    assert visible(text) == text
