"""What the identity tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.identity.fake_sts import FakeSts, fake_sts


@pytest.fixture
def sts() -> Iterator[FakeSts]:
    """A strict STS of this test's own."""
    with fake_sts() as running:
        yield running
