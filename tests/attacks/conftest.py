"""A production that must survive, and one that is thrown away."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest

from tests.attacks.stage import Stage
from tests.cell.conftest import real_cells
from tests.gates.exec.conftest import gcc
from tests.parts import missing

__all__ = ["gcc", "real_cells"]


@pytest.fixture(scope="session")
def attacked(real_cells: None, gcc: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The stage of the sessions."""
    if importlib.util.find_spec("moto") is None:
        missing("moto is not installed")
    stage = Stage(tmp_path_factory.mktemp("attacked"), cloud=True)
    yield stage
    stage.close()


@pytest.fixture(scope="session")
def unguarded(gcc: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The stage of the controls."""
    if importlib.util.find_spec("moto") is None:
        missing("moto is not installed")
    stage = Stage(tmp_path_factory.mktemp("unguarded"), cloud=False)
    yield stage
    stage.close()
