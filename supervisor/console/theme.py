"""The colours: calm by default, amber only where something waits, red only where something was stopped.

Blue, amber and reversed red stay apart for the common colour-vision deficiencies, where green and red do not.
"""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

DARK: Final = Theme(
    name="supervise-dark",
    primary="#7aa2d6",
    secondary="#5b6b82",
    accent="#7aa2d6",
    warning="#e8b04b",
    error="#d0524c",
    success="#7aa2d6",
    foreground="#d6dae1",
    background="#12151a",
    surface="#181c22",
    panel="#1f242c",
    dark=True,
    variables={
        "allow": "#86b7f0",
        "ask": "#f0b955",
        "deny": "#b83a35",
        "deny-text": "#ffffff",
        "never": "#e5776f",
        "quiet": "#8590a2",
        "faint": "#565f6e",
        "strong": "#f1f3f6",
        "theirs": "#b9a7d9",
        "edge": "#343b47",
        "edge-live": "#7aa2d6",
        "pick": "#28303c",
    },
)

LIGHT: Final = Theme(
    name="supervise-light",
    primary="#2a5d9f",
    secondary="#6b7688",
    accent="#2a5d9f",
    warning="#8a5a00",
    error="#b3261e",
    success="#2a5d9f",
    foreground="#22262d",
    background="#fafafa",
    surface="#f2f3f5",
    panel="#e8eaee",
    dark=False,
    variables={
        "allow": "#1f5fae",
        "ask": "#8f5b00",
        "deny": "#b3261e",
        "deny-text": "#ffffff",
        "never": "#b3261e",
        "quiet": "#5f6877",
        "faint": "#9aa2af",
        "strong": "#0c0e12",
        "theirs": "#6a4fa3",
        "edge": "#c9ced6",
        "edge-live": "#2a5d9f",
        "pick": "#dde5f0",
    },
)
