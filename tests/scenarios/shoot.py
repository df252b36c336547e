"""`python -m tests.scenarios.shoot`: writes screenshots/*.svg from the scenarios that the frames are made of."""

from __future__ import annotations

import asyncio
import os
import re
import time
from pathlib import Path

from tests.scenarios.pictures import PICTURES, Picture

FOLDER = Path(__file__).parent.parent.parent / "screenshots"
SHOTS = {
    "picker": (100, 30),
    "difference": (100, 24),
    "working": (120, 32),
    "answering": (120, 36),
    "asked": (80, 24),
    "granting": (100, 28),
    "burst": (100, 30),
    "database": (100, 30),
    "typing-the-name": (100, 28),
    "hostile": (120, 36),
    "timeline": (120, 32),
    "review": (120, 32),
}


async def shoot(picture: Picture, size: tuple[int, int]) -> str:
    """One picture as SVG; the ids that Textual makes up are replaced, so that the same picture is the same file."""
    async with picture.open(size) as app:
        svg = app.export_screenshot(title="agent-supervise", simplify=True)
    return re.sub(r"terminal-\d+", "terminal", svg)


async def main() -> None:
    """Write every shot."""
    named = {picture.name: picture for picture in PICTURES}
    for name, size in SHOTS.items():
        (FOLDER / f"{name}.svg").write_text(await shoot(named[name], size) + "\n", "utf-8")


if __name__ == "__main__":
    os.environ["TZ"] = "UTC"
    time.tzset()
    FOLDER.mkdir(exist_ok=True)
    asyncio.run(main())
