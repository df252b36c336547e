"""Sessions of their own home, where the kernel can hold a cell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cell.conftest import real_cells
from tests.e2e.headless import Desk

__all__ = ["desk", "real_cells"]


@pytest.fixture
def desk(real_cells: None, tmp_path: Path) -> Iterator[Desk]:
    """A desk in a folder of its own; no session outlives its test."""
    desk = Desk(tmp_path)
    yield desk
    desk.end()
