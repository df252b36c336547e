"""The client of OpenID Connect servers keeps the contract with a server that is straight."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.identity.oidc.contract import Contract, Stage
from tests.identity.oidc.crooked import CrookedStage, crooked


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A server that is not bent."""
    with crooked() as server:
        yield CrookedStage(server)


class TestOidcServer(Contract):
    """The suite, over HTTP."""
