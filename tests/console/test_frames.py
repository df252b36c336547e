"""Every screen as plain text at three sizes, against the frames in tests/frames.

Write them anew with `FRAMES=write pytest tests/console/test_frames.py`, and read the difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.scenarios.pictures import PICTURES, SIZES, Picture, texts_of

FRAMES = Path(__file__).parent.parent / "frames"


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
async def test_the_screen_looks_as_agreed(picture: Picture) -> None:
    """At every size the screen is the frame that was agreed on, character by character."""
    for size, text in (await texts_of(picture)).items():
        path = FRAMES / f"{picture.name}-{size[0]}x{size[1]}.txt"
        if os.environ.get("FRAMES") == "write":
            path.write_text(text, "utf-8")
        assert text == path.read_text("utf-8")


def test_no_two_pictures_are_the_same() -> None:
    """Frames have no colour: two screens that differ in colour alone would be one frame."""
    for columns, rows in SIZES:
        frames = {path.read_text("utf-8") for path in FRAMES.glob(f"*-{columns}x{rows}.txt")}
        assert len(frames) == len(PICTURES)
