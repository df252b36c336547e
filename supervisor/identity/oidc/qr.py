"""A link as a QR code, for a phone in front of a terminal: modules as booleans, drawn by whoever shows them.

Byte mode, error correction level L, versions 1 to 9: links of up to 230 bytes. Source: ISO/IEC 18004:2015; section
numbers in comments are its.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

Grid = list[list[bool]]
QUIET: Final = 4
"""Light modules that must surround a code (6.3.8); on a terminal two are enough for today's cameras."""
# By version: error correction codewords of a block, blocks, data codewords of a block (table 9, level L).
_BLOCKS: Final = (
    (7, 1, 19), (10, 1, 34), (15, 1, 55), (20, 1, 80), (26, 1, 108), (18, 2, 68), (20, 2, 78), (24, 2, 97),
    (30, 2, 116),
)  # fmt: skip
_ALIGNED: Final = (
    (), (6, 18), (6, 22), (6, 26), (6, 30), (6, 34), (6, 22, 38), (6, 24, 42), (6, 26, 46),
)  # fmt: skip
MOST_BYTES: Final = _BLOCKS[-1][1] * _BLOCKS[-1][2] - 2
_LEVEL_L: Final = 0b01
_MASKS: Final[tuple[Callable[[int, int], bool], ...]] = (  # table 10
    lambda row, column: (row + column) % 2 == 0,
    lambda row, column: row % 2 == 0,
    lambda row, column: column % 3 == 0,
    lambda row, column: (row + column) % 3 == 0,
    lambda row, column: (row // 2 + column // 3) % 2 == 0,
    lambda row, column: (row * column) % 2 + (row * column) % 3 == 0,
    lambda row, column: ((row * column) % 2 + (row * column) % 3) % 2 == 0,
    lambda row, column: ((row + column) % 2 + (row * column) % 3) % 2 == 0,
)


def qr_code(text: str) -> Grid | None:
    """Dark modules of the smallest code for a text, row by row, without the quiet zone; `None` if it does not fit."""
    data = text.encode()
    version = next((at for at, (_, blocks, each) in enumerate(_BLOCKS) if len(data) + 2 <= blocks * each), None)
    if version is None:
        return None
    grid, taken = _patterns(version)
    _place(grid, taken, _codewords(data, version))
    return min((_masked(grid, taken, version, mask) for mask in range(len(_MASKS))), key=_penalty)


def half_blocks(grid: Grid, *, quiet: int = 2) -> list[str]:
    """Lines of a dark-on-light code, two rows of modules in one row of cells; light is a full block.

    Whoever draws it must set light on dark colours, as a terminal's own may be either way round.
    """
    width = len(grid) + 2 * quiet
    light = [True] * width
    rows = [light] * quiet + [[True] * quiet + [not dark for dark in row] + [True] * quiet for row in grid]
    rows += [light] * quiet
    rows += [[False] * width] * (len(rows) % 2)
    signs = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}
    return [
        "".join(signs[pair] for pair in zip(above, below, strict=True))
        for above, below in zip(rows[::2], rows[1::2], strict=True)
    ]


# ── data and its correction ──────────────────────────────────────────────────────────────────────


def _codewords(data: bytes, version: int) -> list[int]:
    """Data with error correction, in the order in which they are placed (7.4, 7.5, 7.6)."""
    correction, blocks, each = _BLOCKS[version]
    bits = f"0100{len(data):08b}" + "".join(f"{byte:08b}" for byte in data) + "0000"
    words = [int(bits[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(bits), 8)][: blocks * each]
    words += [(0xEC, 0x11)[at % 2] for at in range(blocks * each - len(words))]
    parts = [words[at * each : (at + 1) * each] for at in range(blocks)]
    checks = [_remainder(part, correction) for part in parts]
    found = [part[at] for at in range(each) for part in parts]
    return found + [check[at] for at in range(correction) for check in checks]


def _exponents() -> tuple[list[int], list[int]]:
    powers, logs, value = [0] * 512, [0] * 256, 1
    for power in range(255):
        powers[power] = powers[power + 255] = value
        logs[value] = power
        value = value * 2 ^ (0x11D if value >= 128 else 0)
    return powers, logs


_POWERS, _LOGS = _exponents()


def _product(one: int, other: int) -> int:
    """In GF(256) (annex A)."""
    return _POWERS[_LOGS[one] + _LOGS[other]] if one and other else 0


def _remainder(data: list[int], count: int) -> list[int]:
    """Reed-Solomon: the data as a polynomial, modulo the generator of this degree."""
    generator = [1]
    for power in range(count):
        shifted = [*generator, 0]
        for at, factor in enumerate(generator):
            shifted[at + 1] ^= _product(factor, _POWERS[power])
        generator = shifted
    left = data + [0] * count
    for at in range(len(data)):
        factor = left[at]
        for offset, of_generator in enumerate(generator):
            left[at + offset] ^= _product(of_generator, factor)
    return left[len(data) :]


# ── modules ──────────────────────────────────────────────────────────────────────────────────────


def _patterns(version: int) -> tuple[Grid, Grid]:
    """What every code of a version has, and which modules that takes (6.3)."""
    size = 21 + 4 * version
    grid, taken = [[False] * size for _ in range(size)], [[False] * size for _ in range(size)]

    def put(row: int, column: int, dark: bool) -> None:
        if 0 <= row < size and 0 <= column < size:
            grid[row][column], taken[row][column] = dark, True

    for at in range(size):
        put(6, at, at % 2 == 0)
        put(at, 6, at % 2 == 0)
    for top, left in ((0, 0), (0, size - 7), (size - 7, 0)):
        for row in range(-1, 8):
            for column in range(-1, 8):
                ring = max(abs(row - 3), abs(column - 3))
                put(top + row, left + column, ring not in (2, 4))
    places = _ALIGNED[version]
    corners = {(6, 6), (6, size - 7), (size - 7, 6)}
    for middle_row in places:
        for middle in places:
            if (middle_row, middle) not in corners:
                for row in range(-2, 3):
                    for column in range(-2, 3):
                        put(middle_row + row, middle + column, max(abs(row), abs(column)) != 1)
    for row, column, _ in _format_places(size):
        put(row, column, False)
    put(size - 8, 8, True)
    if version >= 6:
        told = _coded(version + 1, 6, 12, 0x1F25)
        for bit in range(18):
            dark = bool(told >> bit & 1)
            put(bit // 3, size - 11 + bit % 3, dark)
            put(size - 11 + bit % 3, bit // 3, dark)
    return grid, taken


def _place(grid: Grid, taken: Grid, words: list[int]) -> None:
    """Codewords upwards and downwards in columns of two, from the right (7.7.3)."""
    bits = (bool(word >> bit & 1) for word in words for bit in range(7, -1, -1))
    for row, column in _way(len(grid)):
        if not taken[row][column]:
            grid[row][column] = next(bits, False)


def _way(size: int) -> Iterator[tuple[int, int]]:
    upwards = True
    for right in [*range(size - 1, 6, -2), *range(5, 0, -2)]:
        for step in range(size):
            row = size - 1 - step if upwards else step
            yield row, right
            yield row, right - 1
        upwards = not upwards


def _masked(grid: Grid, taken: Grid, version: int, mask: int) -> Grid:
    """With the mask, and the format information that names it (7.8, 7.9)."""
    size = len(grid)
    turned = _MASKS[mask]
    made = [
        [dark != (not taken[row][column] and turned(row, column)) for column, dark in enumerate(line)]
        for row, line in enumerate(grid)
    ]
    told = _coded(_LEVEL_L << 3 | mask, 5, 10, 0x537) ^ 0x5412
    for row, column, bit in _format_places(size):
        made[row][column] = bool(told >> bit & 1)
    return made


def _format_places(size: int) -> Iterator[tuple[int, int, int]]:
    """Row, column and bit of both copies of the format information (figure 25)."""
    for bit in range(15):
        row = bit if bit < 6 else bit + 1 if bit < 8 else size - 15 + bit
        column = size - 1 - bit if bit < 8 else 15 - bit if bit == 8 else 14 - bit
        yield row, 8, bit
        yield 8, column, bit


def _coded(value: int, bits: int, checks: int, generator: int) -> int:
    """A BCH code: the value with its remainder behind it (annexes C, D)."""
    left = value << checks
    for at in range(bits - 1, -1, -1):
        if left >> (at + checks) & 1:
            left ^= generator << at
    return value << checks | left


def _penalty(grid: Grid) -> int:
    """How hard a code is to read (7.8.3)."""
    size, found = len(grid), 0
    lines = [*grid, *([row[at] for row in grid] for at in range(size))]
    for line in lines:
        text = "".join("1" if dark else "0" for dark in line)
        run = 1
        for at in range(1, size + 1):
            if at < size and text[at] == text[at - 1]:
                run += 1
                continue
            found += run - 2 if run >= 5 else 0
            run = 1
        found += 40 * sum(text[at : at + 11] in ("10111010000", "00001011101") for at in range(size - 10))
    for above, below in pairwise(grid):
        for at in range(size - 1):
            found += 3 if above[at] == above[at + 1] == below[at] == below[at + 1] else 0
    dark = sum(map(sum, grid))
    return found + 10 * (abs(dark * 20 - size * size * 10) // (size * size))
