"""From the user's settings to an issuer, and from a loaded scope to what its task's token must be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from supervisor.identity.names import PREFIX
from supervisor.identity.oidc.local import LocalIssuer
from supervisor.identity.oidc.provider import Provider
from supervisor.identity.oidc.realm import client_scope
from supervisor.identity.oidc.settings import Settings, client_secret
from supervisor.identity.oidc.values import LoginTerms, TaskTerms


def provider_of(
    settings: Settings, environment: Mapping[str, str], *, session: str, user: str, uid: int, deadline: datetime | None
) -> Provider:
    """The issuer that is configured; asks nothing of it yet. Raises `SettingsError`."""
    if settings.provider == "local":
        return LocalIssuer(session, user, uid, deadline=deadline)
    # Most sessions need none of it, and every session waits for imports.
    from supervisor.identity.oidc.server import Clients, OidcServer
    from supervisor.identity.oidc.wire import Wire

    clients = Clients(settings.login_client, settings.broker_client, client_secret(settings, environment))
    return OidcServer(settings.issuer, clients, wire=Wire(ca_bundle=settings.ca_bundle, environment=environment))


def login_terms(settings: Settings, scope: str) -> LoginTerms:
    """The login for a task under the scope of this name."""
    return LoginTerms(frozenset({client_scope(scope)}), role=settings.role)


def task_terms(settings: Settings, *, scope: str, digest: str, session: str) -> TaskTerms:
    """What the token of a session under this scope must be."""
    return TaskTerms(
        frozenset({client_scope(scope)}),
        settings.audience,
        session=session,
        scope=scope,
        digest=digest,
        seconds=settings.seconds,
        tags=((PREFIX + "scope", scope), (PREFIX + "session", session)),
    )
