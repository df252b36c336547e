"""One embedded AWS for the module; a gate in front of it for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.gates.aws.gate_stage import Stage, aws_stage, moto
from tests.gates.network.stage import ALLOW


@pytest.fixture(scope="module")
def cloud() -> Iterator[str]:
    """The URL of an embedded AWS."""
    with moto() as url:
        yield url


Made = Callable[..., Stage]


@pytest.fixture
def gate(cloud: str) -> Iterator[Made]:
    """Makes a gate whose desk answers `reply`; its upstream is the embedded AWS unless another is given."""
    with ExitStack() as stack:

        def make(reply: object = ALLOW, *, upstream: str = cloud, **more: Any) -> Stage:
            return stack.enter_context(aws_stage(upstream, reply, **more))

        yield make
