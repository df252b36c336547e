"""What programs write into a pane: four streams made here, and recordings of real programs."""

from __future__ import annotations

import random
import re
from pathlib import Path

HERE = Path(__file__).parent / "recordings"
MORE = Path(__file__).resolve().parents[3] / "shared/recordings"
"""Recordings that do not ship; used where they are."""
MADE = ("scroll", "unicode", "ink", "dense")
SIZE = 1 << 19
_WORDS = "reading writing plan state apply bucket cache policy route table version module build test ok error".split()
_UNICODE = "日本語 漢字かな交じり文 한국어 🚀 👩‍💻 🇩🇪 👍🏽 é̂ ñ ö̈ ✔️ — “quoted” … ελληνικά кириллица".split()


def _scroll(chance: random.Random) -> bytes:
    line = " ".join(chance.choices(_WORDS, k=chance.randint(3, 14)))
    return f"\x1b[32m{chance.randint(0, 99999):05d}\x1b[0m {line}\r\n".encode()


def _unicode(chance: random.Random) -> bytes:
    return (" ".join(chance.choices(_UNICODE, k=12)) + "\r\n").encode()


def _ink(chance: random.Random, rows: int = 30) -> bytes:
    lines = [
        f"\x1b[2K\x1b[3{chance.randint(1, 7)}m●\x1b[39m {' '.join(chance.choices(_WORDS, k=9))}" for _ in range(rows)
    ]
    return (f"\x1b[{rows}A\r" + "\r\n".join(lines) + "\r\n").encode()


def _dense(chance: random.Random) -> bytes:
    cells = "".join(
        f"\x1b[38;2;{value & 255};{value >> 8 & 255};{value >> 16};48;2;{value >> 4 & 255};9;{value >> 12 & 255}m▀"
        for value in (chance.getrandbits(24) for _ in range(110))
    )
    return f"{cells}\x1b[0m\r\n".encode()


def streams() -> dict[str, bytes]:
    """Every stream by its name; the made ones are the same each time."""
    made = {}
    for name, piece in zip(MADE, (_scroll, _unicode, _ink, _dense), strict=True):
        chance, parts, size = random.Random(name), [], 0
        while size < SIZE:
            parts.append(piece(chance))
            size += len(parts[-1])
        made[name] = b"".join(parts)
    recordings = sorted([*HERE.glob("*.raw"), *MORE.glob("*.raw")])
    return made | {re.sub(r"\W", "-", path.stem): path.read_bytes() for path in recordings}
