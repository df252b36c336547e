"""A QR code is what a reader expects: a pinned one that was read, and the standard's own sums for any other."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.identity.oidc.qr import _MASKS, MOST_BYTES, Grid, _patterns, _way, half_blocks, qr_code

LINK = "https://id.example.com/device?user_code=ABCD-EFGH"
# Read back by OpenCV's detector, as were codes of every version up to 9.
DRAWN = """\
█████████████████████████████████
██ ▄▄▄▄▄ █▀ █▀▀ ▀▀  ▄▄▀█ ▄▄▄▄▄ ██
██ █   █ █▀ ▄ ▀▀ ▀█▀█▀▄█ █   █ ██
██ █▄▄▄█ █▀█ █ █▀▀ █▄▄ █ █▄▄▄█ ██
██▄▄▄▄▄▄▄█▄█▄█ █▄█ █ ▀ █▄▄▄▄▄▄▄██
██ ▄▄▄▄▀▄▄  ▄▄▄▄▄▀ ▄▀ ▀▄▀ ▀▄█▄▀██
██▀▄▀█▄▄▄ █ ▀▀██ ▄███▀▄ ▄  ▀█▀███
██   █▀▄▄▀▄ ▀█▄ ▀▄ ▄█▀▀▀▀▀▀▄▄█▀██
██▀▄▀▀█ ▄▄▀ ▄▀▄█   ▄▀▀▀▄█▀█▄▄▀███
██ ▄ ██▄▄▄████▄█▄▄▀ ▀ █▀▀█▀▄ █▀██
██ █▀▄ ▀▄▄█▀ ███▀▄▄█▄█ █▄▀ █▄▀███
██▄█▄█▄▄▄█▀ ▄█▄█▄▄ ▄▀█ ▄▄▄ ▀   ██
██ ▄▄▄▄▄ █▄█▄██▄█  ▄▄  █▄█ ▄▄████
██ █   █ █ ▀▀  █▄▄ ▄▀█▄▄▄▄▄▀ ▄▀██
██ █▄▄▄█ █ ███▄▄▀▄ ██▄ ▀▄   ▄ ███
██▄▄▄▄▄▄▄█▄███▄█▄█▄▄▄▄█▄████▄████
▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀
"""
BLOCKS = ((7, 1), (10, 1), (15, 1), (20, 1), (26, 1), (18, 2), (20, 2), (24, 2), (30, 2))


def words_of(code: Grid) -> tuple[int, list[int]]:
    """Version and codewords as they stand in a code: the mask that its format names taken off."""
    version = (len(code) - 21) // 4
    format_ = sum(code[8][column] << bit for bit, column in ((10, 4), (11, 3), (12, 2), (13, 1), (14, 0))) ^ 0x5412
    assert format_ >> 13 & 3 == 0b01, "level L"
    mask = _MASKS[format_ >> 10 & 7]
    _, taken = _patterns(version)
    bits = [code[row][column] != mask(row, column) for row, column in _way(len(code)) if not taken[row][column]]
    return version, [int("".join("01"[bit] for bit in bits[at : at + 8]), 2) for at in range(0, len(bits) - 7, 8)]


def value_at(words: list[int], power: int) -> int:
    """A polynomial over GF(256) at a power of two, by shifts alone."""
    x = 1
    for _ in range(power):
        x = x << 1 ^ (0x11D if x & 0x80 else 0)
    total = 0
    for word in words:
        product, factor, other = 0, total, x
        while other:
            product ^= factor if other & 1 else 0
            factor = factor << 1 ^ (0x11D if factor & 0x80 else 0)
            other >>= 1
        total = product ^ word
    return total


def test_a_code_that_was_read_stays_as_it_is() -> None:
    """The drawing of a link is the one that a reader took."""
    code = qr_code(LINK)
    assert code is not None
    assert "\n".join(half_blocks(code)) + "\n" == DRAWN


@settings(max_examples=12, deadline=None)
@given(st.text(max_size=MOST_BYTES // 4))
def test_every_code_holds_its_text_and_its_sums(text: str) -> None:
    """Mode, length and bytes stand where a reader looks for them, and every block is a codeword of Reed-Solomon."""
    code = qr_code(text)
    assert code is not None
    version, words = words_of(code)
    count, blocks = BLOCKS[version]
    each = (len(words) - count * blocks) // blocks
    data = [words[at * blocks + block] for block in range(blocks) for at in range(each)]
    whole = "".join(f"{word:08b}" for word in data)
    length = int(whole[4:12], 2)
    assert whole[:4] == "0100"
    assert bytes(int(whole[12 + 8 * at : 20 + 8 * at], 2) for at in range(length)) == text.encode()
    for block in range(blocks):
        one = words[block : each * blocks : blocks] + words[each * blocks + block :: blocks]
        assert not [power for power in range(count) if value_at(one[: each + count], power)]


@pytest.mark.parametrize("length", [1, 17, 18, 32, 53, 78, 106, 134, 154, 192, MOST_BYTES])
def test_the_smallest_version_is_taken(length: int) -> None:
    """Up to the capacities of the standard, and no code for more."""
    code = qr_code("x" * length)
    assert code is not None
    assert all(len(row) == len(code) for row in code)
    capacities = (17, 32, 53, 78, 106, 134, 154, 192, 230)
    assert (len(code) - 21) // 4 == next(at for at, most in enumerate(capacities) if length <= most)


def test_what_does_not_fit_is_none() -> None:
    """The link is shown as text alone then."""
    assert qr_code("x" * (MOST_BYTES + 1)) is None
    assert qr_code("é" * MOST_BYTES) is None


def test_lines_are_as_wide_as_each_other() -> None:
    """Two rows of modules are a line, the quiet zone is light all around."""
    code = qr_code("x")
    assert code is not None
    lines = half_blocks(code, quiet=1)
    assert {len(line) for line in lines} == {23} and len(lines) == 12
    assert lines[0].startswith("█") and lines[-1] == "▀" * 23
