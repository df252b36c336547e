"""What an issuer says of itself, checked to be of this issuer. Source: OpenID Connect Discovery 1.0, RFC 8414."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from supervisor.identity.oidc.failures import IdentityError, Why, told
from supervisor.identity.oidc.wire import Wire, checked

WELL_KNOWN: Final = "/.well-known/openid-configuration"
EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
DEVICE: Final = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True, slots=True)
class Metadata:
    """The endpoints that are used; one that the issuer does not have is empty."""

    issuer: str
    authorization: str
    token: str
    jwks: str
    device: str = ""
    revocation: str = ""
    end_session: str = ""
    says_iss: bool = False
    """Whether `iss` comes with each authorization response (RFC 9207)."""
    grants: frozenset[str] = frozenset()


def fetch_metadata(wire: Wire, issuer: str) -> Metadata:
    """Ask the issuer. Raises `IdentityError`."""
    url = issuer.rstrip("/") + WELL_KNOWN
    answer = wire.get(url)
    if answer.status != 200 or not answer.members:
        raise IdentityError(
            Why.MISCONFIGURED, f"there is no OpenID Connect issuer (HTTP {answer.status})", where=url,
            fix="let `issuer` in the identity configuration be https://HOST/realms/REALM",
        )  # fmt: skip
    told_issuer = answer.members.get("issuer")
    if told_issuer != issuer:
        raise IdentityError(
            Why.UNTRUSTED, f"the server calls itself {told(told_issuer)}", where=issuer,
            fix=f"let `issuer` in the identity configuration be {told(told_issuer)}, or mend the server's host name",
        )  # fmt: skip

    def endpoint(name: str, *, needed: bool = False) -> str:
        found: Any = answer.members.get(name, "")
        if not isinstance(found, str) or (needed and not found):
            raise IdentityError(Why.MISCONFIGURED, f"the issuer names no {name}", where=url, fix="look at the issuer")
        return checked(found, where=url) if found else ""

    grants = answer.members.get("grant_types_supported", ())
    return Metadata(
        issuer,
        endpoint("authorization_endpoint", needed=True),
        endpoint("token_endpoint", needed=True),
        endpoint("jwks_uri", needed=True),
        endpoint("device_authorization_endpoint"),
        endpoint("revocation_endpoint"),
        endpoint("end_session_endpoint"),
        answer.members.get("authorization_response_iss_parameter_supported") is True,
        frozenset(one for one in grants if isinstance(one, str)) if isinstance(grants, list) else frozenset(),
    )
