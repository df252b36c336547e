"""Cells for the exec gate, and programs that are compiled once."""

from __future__ import annotations

import shutil

import pytest

from tests.cell.conftest import real_cells, stage
from tests.parts import missing

__all__ = ["real_cells", "stage"]


@pytest.fixture(scope="session")
def gcc() -> None:
    """Skip where nothing can be compiled."""
    if shutil.which("gcc") is None:
        missing("there is no gcc here")
