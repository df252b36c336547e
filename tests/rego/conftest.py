"""Sessions for tests of conditions."""

from tests.cell.conftest import real_cells
from tests.e2e.conftest import desk, opened

__all__ = ["desk", "opened", "real_cells"]
