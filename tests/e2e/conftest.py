"""Sessions of their own home, where the kernel can hold a cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cell.conftest import real_cells
from tests.e2e.headless import COMMAND, Desk
from tests.e2e.screen import Terminal

__all__ = ["Open", "desk", "opened", "real_cells"]

Open = Callable[..., Terminal]


@pytest.fixture
def desk(real_cells: None, tmp_path: Path) -> Iterator[Desk]:
    """A desk in a folder of its own; no session outlives its test."""
    desk = Desk(tmp_path)
    yield desk
    desk.end()


@pytest.fixture
def opened(desk: Desk) -> Iterator[Open]:
    """Terminals that are closed with the test; each runs the product with the words given."""
    terminals: list[Terminal] = []

    def start(*words: str, columns: int = 120, rows: int = 36) -> Terminal:
        environment = desk.environment | {"PS1": "$ "}
        terminals.append(Terminal([*COMMAND, *words], desk.work, environment, columns, rows))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.close()
