"""What the configured issuer can do for a session, tried out as far as nobody has to log in for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from supervisor.cell.doctor import Check
from supervisor.errors import SuperviseError
from supervisor.identity.oidc.metadata import DEVICE, EXCHANGE
from supervisor.identity.oidc.server import Clients, OidcServer
from supervisor.identity.oidc.settings import Settings, client_secret, load_settings
from supervisor.identity.oidc.signed import usable
from supervisor.identity.oidc.values import Token
from supervisor.identity.oidc.wire import Wire, is_loopback

ISSUER: Final = "identity"
_SECONDS: Final = 5.0
_BY_USER: Final = (
    "another user of this machine counts, in the group that a role names: worth as much as your users are apart, as "
    "whoever has sudo or both passwords is both"
)


def issuer_checks(environment: Mapping[str, str], *, seconds: float = _SECONDS) -> tuple[Check, ...]:
    """The configuration, the issuer's answers, and whether AWS could be reached with its tokens. Never raises."""
    try:
        settings = load_settings(environment)
    except SuperviseError as error:
        return (Check(ISSUER, False, f"{error.where}: {error.what}", error.fix),)
    if settings.provider == "local":
        what = "local: task tokens are signed by the session itself, for the operating system's user"
        return (Check(ISSUER, True, what), Check("four eyes", True, _BY_USER))
    found = [_secret(settings, environment)]
    wire = Wire(ca_bundle=settings.ca_bundle, environment=environment, seconds=seconds)
    found += _server(settings, wire)
    found.append(_aws(settings))
    found.append(Check("four eyes", True, f"each approver logs in afresh at {settings.issuer}; the receipt is kept"))
    return tuple(found)


def _secret(settings: Settings, environment: Mapping[str, str]) -> Check:
    name = "client secret"
    try:
        client_secret(settings, environment)
    except SuperviseError as error:
        return Check(name, False, f"{error.where}: {error.what}", error.fix)
    return Check(name, True, f"there is one for client {settings.broker_client}")


def _server(settings: Settings, wire: Wire) -> list[Check]:
    server = OidcServer(settings.issuer, Clients(settings.login_client, settings.broker_client, Token("")), wire=wire)
    try:
        about = server.metadata()
        keys = usable(wire.get(about.jwks).members)
    except SuperviseError as error:
        return [Check(ISSUER, False, f"{settings.issuer}: {error.what}", error.fix)]
    checks = [Check(ISSUER, True, f"{settings.issuer} answers, with {len(keys)} keys that can be used")]
    if not keys:
        checks = [Check(ISSUER, False, f"{settings.issuer} publishes no key that can be used", "look at its keys")]
    if about.grants and EXCHANGE not in about.grants:
        checks.append(Check("token exchange", False, "the issuer does none", "Keycloak 26.2 or newer has it"))
    elif about.grants:
        checks.append(Check("token exchange", True, "the issuer does it"))
    if settings.login == "device" and (not about.device or DEVICE not in about.grants):
        fix = "write `login: browser`, or switch the device grant on for the client"
        checks.append(Check("device login", False, "the issuer offers none", fix))
    if not about.revocation:
        what = "the issuer revokes nothing: a task token is good until its own end"
        checks.append(Check("revocation", False, what, "use an issuer with RFC 7009"))
    return checks


def _aws(settings: Settings) -> Check:
    name, parts = "aws by token", urlsplit(settings.issuer)
    if not settings.aws_role:
        return Check(name, True, "not used: AWS is reached with the developer's own profile")
    if parts.scheme != "https" or is_loopback(parts.hostname or ""):
        what = f"AWS cannot reach {settings.issuer} to check a token, so it gives no role for one"
        fix = "take `aws: role:` out, and the developer's own profile is used; or put the issuer on the internet"
        return Check(name, False, what, fix)
    what = (
        f"{settings.aws_role} by AssumeRoleWithWebIdentity; AWS must reach {settings.issuer}, which is not tried here"
    )
    return Check(name, True, what)
