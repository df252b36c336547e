"""An OpenID Connect server that others wrote keeps the contract too."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote
from urllib.request import ProxyHandler, build_opener

import pytest

from supervisor.identity.oidc.realm import BROKER_CLIENT, LOGIN_CLIENT
from supervisor.identity.oidc.server import Clients, OidcServer
from supervisor.identity.oidc.values import DevicePrompt, Token
from supervisor.identity.oidc.wire import Wire
from tests.identity.oidc.contract import AUDIENCE, Contract
from tests.parts import missing, need
from tests.real.keycloak_browser import Browser

pytestmark = pytest.mark.real

PROGRAM = Path(__file__).with_name("oidc_provider.mjs")
START_SECONDS = 60.0


class OidcProviderStage:
    """See `Stage`."""

    audience = AUDIENCE
    other_audience = BROKER_CLIENT

    def __init__(self, issuer: str, secret: str) -> None:
        clients = Clients(LOGIN_CLIENT, BROKER_CLIENT, Token(secret))
        self.client = OidcServer(issuer, clients, wire=Wire(seconds=30.0))
        self.failures: list[BaseException] = []

    def provider(self, user: str = "ann") -> OidcServer:
        """See `Stage.provider`."""
        return self.client

    def open_page(self, user: str) -> Callable[[str], None]:
        """See `Stage.open_page`."""

        def go(url: str) -> None:
            try:
                Browser(user).open(url)
            except BaseException as error:
                self.failures.append(error)

        return lambda url: threading.Thread(target=go, args=(url,), daemon=True).start()

    def enter_code(self, prompt: DevicePrompt, user: str) -> None:
        """See `Stage.enter_code`."""
        assert "Sign-in Success" in Browser(user).open(prompt.link)

    def pause(self, seconds: float) -> bool:
        """This server takes questions as fast as they come."""
        return False

    def is_active(self, token: Token) -> bool:
        """See `Stage.is_active`."""
        url = f"{self.client.issuer}/active?token={quote(token.text)}"
        with build_opener(ProxyHandler({})).open(url, timeout=30) as answer:
            return bool(json.loads(answer.read())["active"])


@pytest.fixture(scope="module")
def running(clis: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Issuer and secret of a server that ends when its input does."""
    node, secret = need("node"), secrets.token_urlsafe(24)
    folder = tmp_path_factory.mktemp("oidc-provider")
    shutil.copy(PROGRAM, folder)
    (folder / "node_modules").symlink_to(clis.parent)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [node, PROGRAM.name], cwd=folder, env=os.environ | {"SECRET": secret}, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
    assert process.stdout is not None and process.stdin is not None
    cut = threading.Timer(START_SECONDS, process.kill)
    cut.start()
    try:
        line = next((line for line in process.stdout if line.startswith("listening ")), "")
        cut.cancel()
        if not line:
            missing(f"oidc-provider did not start: {(folder / 'log').read_text()[-500:]}")
        yield line.split()[1], secret
    finally:
        cut.cancel()
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def stage(running: tuple[str, str]) -> Iterator[OidcProviderStage]:
    """A client that has asked nothing yet; a browser that could not go on is a failure."""
    made = OidcProviderStage(*running)
    yield made
    assert not made.failures


class TestOidcProvider(Contract):
    """The suite, against oidc-provider."""
