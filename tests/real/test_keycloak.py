"""A real Keycloak keeps the contract, and its own rules hold where ours would too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.identity.oidc.contract import Contract
from tests.real.keycloak_server import Keycloak, running
from tests.real.keycloak_stage import KeycloakStage, realm

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    """One server for all tests of this module."""
    with running(tmp_path_factory.mktemp("keycloak"), {"tests": realm()}) as made:
        yield made


@pytest.fixture
def stage(server: Keycloak) -> Iterator[KeycloakStage]:
    """A client that has asked nothing yet; a browser that could not go on is a failure."""
    made = KeycloakStage(server)
    yield made
    assert not made.failures


class TestKeycloak(Contract):
    """The suite, against Keycloak."""
