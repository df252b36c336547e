"""The suite's stage at a real Keycloak: ann and bob log in through its own pages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from supervisor.identity.oidc.realm import BROKER_CLIENT, LOGIN_CLIENT, Plan, representation
from supervisor.identity.oidc.server import Clients, OidcServer
from supervisor.identity.oidc.values import DevicePrompt, Token
from supervisor.identity.oidc.wire import Wire
from tests.identity.oidc.contract import AUDIENCE
from tests.real.keycloak_browser import Browser
from tests.real.keycloak_server import PATIENCE, Keycloak, post

SECRET = "broker/secret+of the=tests"
USERS = {"ann": "developer", "bob": "approver", "eve": ""}
TASKS = ("s3-static-site", "terraform-plan")


def realm(name: str = "tests") -> dict[str, Any]:
    """What `keycloak init --out` writes, and people, and a secret that is known."""
    made = representation(Plan(name, TASKS))
    made["oauth2DevicePollingInterval"] = 1
    made["users"] = [person(user, role) for user, role in USERS.items()]
    for client in made["clients"]:
        if client["clientId"] in (BROKER_CLIENT, AUDIENCE):
            client["secret"] = SECRET
    return made


def person(name: str, *roles: str) -> dict[str, Any]:
    """A user whose password is the name."""
    return {
        "username": name, "enabled": True, "email": f"{name}@example.com", "emailVerified": True, "firstName": name,
        "lastName": "Example", "credentials": [{"type": "password", "value": name, "temporary": False}],
        "realmRoles": [role for role in roles if role],
    }  # fmt: skip


class KeycloakStage:
    """See `Stage`."""

    audience = AUDIENCE
    other_audience = BROKER_CLIENT

    def __init__(self, server: Keycloak, name: str = "tests", secret: str = SECRET) -> None:
        self.server, self.realm, self.secret = server, name, secret
        self.client = self.new_client()
        self.failures: list[BaseException] = []

    def new_client(self, **more: Any) -> OidcServer:
        """A client that knows nothing yet."""
        clients = Clients(LOGIN_CLIENT, BROKER_CLIENT, Token(self.secret))
        return OidcServer(self.server.issuer(self.realm), clients, wire=Wire(seconds=PATIENCE), **more)

    def provider(self, user: str = "ann") -> OidcServer:
        """See `Stage.provider`."""
        return self.client

    def open_page(self, user: str) -> Callable[[str], None]:
        """See `Stage.open_page`."""
        return lambda url: self._browse(user, url)

    def enter_code(self, prompt: DevicePrompt, user: str) -> None:
        """See `Stage.enter_code`."""
        assert prompt.code in prompt.link
        page = Browser(user).open(prompt.link)
        assert "Device Login Successful" in page, page[-2000:]

    def pause(self, seconds: float) -> bool:
        """Keycloak refuses who asks too often."""
        return threading.Event().wait(seconds)

    def is_active(self, token: Token) -> bool:
        """Introspection (RFC 7662); Keycloak answers only a client that is in the token's audience."""
        form = {"token": token.text, "client_id": AUDIENCE, "client_secret": self.secret}
        url = self.server.issuer(self.realm) + "/protocol/openid-connect/token/introspect"
        return bool(post(url, form)["active"])

    def _browse(self, user: str, url: str) -> None:
        def go() -> None:
            try:
                Browser(user).open(url)
            except BaseException as error:
                self.failures.append(error)

        threading.Thread(target=go, daemon=True).start()


def by_name(members: Iterable[dict[str, Any]], name: str, key: str = "name") -> dict[str, Any]:
    """The member that is called so."""
    return next(member for member in members if member[key] == name)
