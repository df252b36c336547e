"""An approver's own login, made for one answer: what it gives is the receipt and nothing that could be used again."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from supervisor.errors import UsageError
from supervisor.journal.receipts import MAX_AGE, receipt_of
from supervisor.model.visible import visible

if TYPE_CHECKING:
    from supervisor.identity.oidc.values import DevicePrompt
    from supervisor.model.grant import Receipt

LOGIN_SECONDS: Final = 300.0


def log_in_for(nonce: str, terms: Mapping[str, object], show: Callable[[DevicePrompt], None]) -> Receipt:
    """Have this human log in afresh at the issuer that a session names (`terms`), for the answer with this nonce.

    Where to log in says this user's own configuration alone: a session of somebody else may name what it likes. The
    login ends as soon as its receipt is there. Raises `UsageError`, `IdentityError`, `SettingsError`.
    """
    from supervisor.identity.oidc.failures import IdentityError
    from supervisor.identity.oidc.server import Clients, OidcServer
    from supervisor.identity.oidc.settings import load_settings
    from supervisor.identity.oidc.values import DevicePrompt, LoginTerms, Token
    from supervisor.identity.oidc.wire import Wire

    settings = load_settings(os.environ)
    named, client = str(terms.get("issuer", "")), str(terms.get("client", ""))
    if settings.provider == "local" or (settings.issuer, settings.login_client) != (named, client):
        raise UsageError(
            f"this session takes logins of {visible(client)} at {visible(named)}, which you have not configured",
            fix="if you trust it, write it into identity.yaml as `issuer` and `login_client`",
        )
    wire = Wire(ca_bundle=settings.ca_bundle, environment=os.environ)
    server = OidcServer(settings.issuer, Clients(settings.login_client, "", Token("")), wire=wire)
    asked = LoginTerms(nonce=nonce, max_age=MAX_AGE, prompt="login", role="")
    until = datetime.now(UTC) + timedelta(seconds=LOGIN_SECONDS)
    if settings.login == "device":
        login = server.login_by_device(asked, show, threading.Event().wait)
    else:
        login = server.login(asked, lambda page: show(DevicePrompt("", page, "", until)), seconds=LOGIN_SECONDS)
    with contextlib.suppress(IdentityError):  # it ends by itself within minutes
        server.end(login)
    if login.id_token is None:
        raise UsageError("the issuer gave no ID token: it cannot vouch for you", fix="look at the issuer")
    return receipt_of(login.id_token.text)
