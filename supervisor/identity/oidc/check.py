"""What a token must be to be taken: pure checks of claims whose signature holds already.

A token that is wider than asked is refused like a forged one: nobody can tell what else it opens. Sources: RFC 9068
(JWT access tokens), RFC 8693 (token exchange), OpenID Connect Core 3.1.3.7 (ID tokens).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from supervisor.identity.oidc.failures import IdentityError, Why, told
from supervisor.identity.oidc.values import (
    DEVELOPER,
    LEAST_SECONDS,
    TAGS_CLAIM,
    TASK_CLAIM,
    Claims,
    Login,
    LoginTerms,
    TaskTerms,
    TaskToken,
    Token,
)

LEEWAY: Final = timedelta(seconds=5)
"""By so much the clocks of issuer and verifier may differ. python-keycloak's 60 s would double a token's life."""
_ACCESS_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
_GRANTING: Final = ("groups", "entitlements", "authorization", "authorization_details")


@dataclass(frozen=True, slots=True)
class Window:
    """Our clock before the request that a token answers was sent, and after the answer was there. Both aware."""

    before: datetime
    after: datetime


def access_token(header: Mapping[str, Any], claims: Claims, *, issuer: str, now: datetime) -> None:
    """Of this issuer, an access token, and in force. Raises `IdentityError`."""
    if claims.get("iss") != issuer:
        raise IdentityError(
            Why.UNTRUSTED, f"the token is of another issuer: {told(claims.get('iss'))}", where=issuer,
            fix="let `issuer` in the configuration be exactly what the server calls itself",
        )  # fmt: skip
    kind = str(header.get("typ", "")).lower()
    # Keycloak writes the kind into a claim, and tells ID and refresh tokens apart by that.
    bearer = claims.get("typ", "Bearer" if kind in _ACCESS_TYPES else "")
    if (kind not in _ACCESS_TYPES and kind not in ("jwt", "")) or bearer != "Bearer":
        raise IdentityError(
            Why.UNTRUSTED, f"the token is no access token: {told(bearer or kind or 'untyped')}", where=issuer,
            fix="pass the access token, not the ID or refresh token",
        )  # fmt: skip
    in_force(claims, issuer=issuer, now=now)


def in_force(claims: Claims, *, issuer: str, now: datetime) -> None:
    """Begun, and not over. Raises `IdentityError`."""
    expires, issued = moment(claims, "exp", issuer), moment(claims, "iat", issuer)
    begins = moment(claims, "nbf", issuer) if claims.get("nbf") else issued
    if now >= expires + LEEWAY:
        raise IdentityError(
            Why.EXPIRED, f"the token has been over for {_seconds(now - expires)} s", where=issuer, fix="log in again"
        )
    if max(begins, issued) > now + LEEWAY:
        ahead = _seconds(max(begins, issued) - now)
        raise IdentityError(Why.CLOCK, f"the token begins {ahead} s from now", where=issuer)


def fresh(claims: Claims, window: Window, *, issuer: str) -> None:
    """Made for this request: neither an older token handed out again nor one of a clock that is wrong."""
    issued = moment(claims, "iat", issuer)
    if issued > window.after + LEEWAY:
        ahead = _seconds(issued - window.after)
        raise IdentityError(Why.CLOCK, f"the issuer's clock is {ahead} s ahead of this machine's", where=issuer)
    # Whole seconds: a token of the same second seems to be older than its request.
    if issued < window.before - LEEWAY - timedelta(seconds=1):
        behind = _seconds(window.before - issued)
        raise IdentityError(
            Why.CLOCK, f"the token was made {behind} s before it was asked for: the issuer's clock is behind this "
            "machine's, or it was handed out before", where=issuer,
        )  # fmt: skip


def login_access(claims: Claims, *, issuer: str, client: str, broker: str) -> None:
    """An access token of a login through our own client, which the broker may exchange."""
    azp = claims.get("azp") or claims.get("client_id")
    if azp != client:
        raise IdentityError(
            Why.UNTRUSTED, f"the login's token was made for client {told(azp)}, not for {client}", where=issuer,
            fix="let `login_client` in the configuration be this machine's client",
        )  # fmt: skip
    if broker and broker != client and broker not in audiences(claims):
        raise IdentityError(
            Why.MISCONFIGURED, f"logins through {client} are not for {broker}, so they cannot be exchanged",
            where=issuer, fix=f"give client {client} a default scope that adds audience {broker}: "
            "agent-supervise keycloak init does",
        )  # fmt: skip


def has_role(claims: Claims, terms: LoginTerms, *, issuer: str, user: str) -> None:
    """The user has the role that was asked for. Raises `Why.NOT_ALLOWED`."""
    if terms.role and terms.role not in roles(claims):
        raise IdentityError(
            Why.NOT_ALLOWED, f"{told(user)} does not have the role {terms.role}", where=issuer,
            fix=f"ask whoever runs the realm to give {told(user)} the realm role {terms.role}",
        )  # fmt: skip


def has_scopes(got: frozenset[str], wanted: frozenset[str], *, issuer: str, user: str, client: str) -> None:
    """The login has every scope that was asked for: servers leave out silently what a user may not have."""
    if less := wanted - got:
        raise IdentityError(
            Why.NARROWER, f"the issuer did not give {told(' '.join(sorted(less)))} to {told(user)}", where=issuer,
            fix=f"give {told(user)} the realm role {DEVELOPER}, and make it an optional scope of client {client}",
        )  # fmt: skip


def id_token(claims: Claims, terms: LoginTerms, *, issuer: str, client: str, nonce: str, now: datetime) -> None:
    """The receipt of exactly this login. Raises `IdentityError`. Source: OpenID Connect Core 3.1.3.7."""
    if claims.get("iss") != issuer or client not in audiences(claims):
        raise _other_login("the ID token is of another issuer, or for another client", issuer)
    if claims.get("azp", client) != client or (len(audiences(claims)) > 1 and "azp" not in claims):
        raise _other_login("the ID token is for another client", issuer)
    if claims.get("typ", "ID") != "ID":
        raise _other_login("what should be an ID token is none", issuer)
    in_force(claims, issuer=issuer, now=now)
    if nonce and claims.get("nonce") != nonce:
        raise _other_login("the ID token is of another login", issuer)
    if terms.acr and claims.get("acr") != terms.acr:
        raise IdentityError(
            Why.NOT_ALLOWED, f"the login was not as strong as asked: {told(claims.get('acr', 'nothing was said'))}",
            where=issuer, fix=f"log in with {terms.acr}",
        )  # fmt: skip
    if terms.max_age is not None:
        proven = moment(claims, "auth_time", issuer)
        if now - proven > timedelta(seconds=terms.max_age) + LEEWAY or proven > now + LEEWAY:
            raise IdentityError(
                Why.EXPIRED, f"the login is {_seconds(now - proven)} s old, and at most {terms.max_age} s were asked",
                where=issuer, fix="log in again, and enter the password when you are asked",
            )  # fmt: skip


def task_token(
    token: Token, header: Mapping[str, Any], claims: Claims, *, terms: TaskTerms, issuer: str, client: str,
    login: Login, window: Window,
) -> TaskToken:  # fmt: skip
    """The token of exactly this task, made of this login. Raises `IdentityError`; wider than asked is `Why.WIDER`."""
    fresh(claims, window, issuer=issuer)
    access_token(header, claims, issuer=issuer, now=window.after)
    issued, expires = moment(claims, "iat", issuer), moment(claims, "exp", issuer)
    life = _seconds(expires - issued)
    if life > terms.seconds:
        raise _wider(f"it lives {life} s, and at most {terms.seconds} s were asked", issuer,
                     f"set the access token lifespan of client {client} to at most {terms.seconds} s")  # fmt: skip
    if life < LEAST_SECONDS:
        raise IdentityError(
            Why.NARROWER, f"the token lives {life} s only: the login may be about to end", where=issuer,
            fix=f"log in again, or set the access token lifespan of client {client} to {LEAST_SECONDS} s or more",
        )  # fmt: skip
    _same_scopes(scopes_of(claims), terms, issuer=issuer, client=client)
    if more := terms.scopes - login.scopes:
        raise _wider(f"the login that it was made of does not have {told(' '.join(sorted(more)))}", issuer,
                     "enforce down-scoping in the realm: agent-supervise keycloak init does")  # fmt: skip
    _same_audience(audiences(claims), terms, issuer=issuer, client=client)
    azp = claims.get("azp") or claims.get("client_id")
    if azp != client:
        raise IdentityError(
            Why.UNTRUSTED, f"the task token was made for client {told(azp)}, not for {client}", where=issuer,
            fix="let `broker_client` in the configuration be the client that exchanges",
        )  # fmt: skip
    if not claims.get("sub") or claims["sub"] != login.subject:
        raise IdentityError(Why.UNTRUSTED, "the task token is of another user than the login", where=issuer,
                            fix="log in again; if it stays so, look at the issuer")  # fmt: skip
    if granted := _grants(claims):
        raise _wider(f"it carries roles or rights of its own: {granted}", issuer,
                     f"take scopes that add them away from client {client}")  # fmt: skip
    carries: set[str] = set()
    for name, value in ((TASK_CLAIM, terms.task_claim), (TAGS_CLAIM, terms.tags_claim)):
        if name in claims:
            carries |= _fits(name, claims[name], value, issuer)
    id_ = claims.get("jti")
    if not isinstance(id_, str) or not id_:
        raise IdentityError(Why.UNTRUSTED, "the task token has no id", where=issuer, fix="look at the issuer")
    return TaskToken(
        token, id_, issuer, login.subject, client, terms.scopes, terms.audience, issued, expires, frozenset(carries)
    )


def covers(claims: Claims, *, issuer: str, audience: str, scopes: frozenset[str]) -> None:
    """For this audience, with at least these scopes: what a door asks of a token that it is shown."""
    if audience not in audiences(claims):
        raise IdentityError(Why.UNTRUSTED, f"the token is not for {told(audience)}", where=issuer,
                            fix="ask for a token with that audience")  # fmt: skip
    if less := scopes - scopes_of(claims):
        raise IdentityError(Why.NOT_ALLOWED, f"the token lacks {told(' '.join(sorted(less)))}", where=issuer,
                            fix="ask for a token with that scope")  # fmt: skip


def moment(claims: Claims, name: str, issuer: str) -> datetime:
    """A time claim (NumericDate, RFC 7519 section 2) as an aware time. Raises `Why.UNTRUSTED` where there is none."""
    value = claims.get(name)
    try:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        what = f"the token does not say when it was made or ends ({name})"
        raise IdentityError(Why.UNTRUSTED, what, where=issuer, fix="look at the issuer") from None


def scopes_of(claims: Claims) -> frozenset[str]:
    """The scopes that a token names."""
    value = claims.get("scope", "")
    return frozenset(value.split()) if isinstance(value, str) else frozenset({told(value)})


def audiences(claims: Claims) -> tuple[str, ...]:
    """Who a token is for."""
    value = claims.get("aud", ())
    return tuple(str(one) for one in ([value] if isinstance(value, str) else value if isinstance(value, list) else ()))


def roles(claims: Claims) -> frozenset[str]:
    """The roles that a token gives: of the realm by name, of a client as `client/role` (Keycloak's layout)."""
    found = set()
    realm = claims.get("realm_access")
    for name in _names(realm):
        found.add(name)
    clients = claims.get("resource_access")
    for client, held in clients.items() if isinstance(clients, dict) else ():
        found.update(f"{client}/{name}" for name in _names(held))
    plain = claims.get("roles")
    found.update(name for name in plain if isinstance(name, str)) if isinstance(plain, list) else None
    return frozenset(found)


def _grants(claims: Claims) -> str:
    """What a token gives beside its scopes. Source: RFC 9068 section 2.2.3.1, RFC 9396, Keycloak's permissions."""
    held = sorted(roles(claims)) or [name for name in _GRANTING if claims.get(name)]
    return told(", ".join(held))


def _names(held: object) -> tuple[str, ...]:
    names = held.get("roles") if isinstance(held, dict) else None
    return tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()


def _same_scopes(got: frozenset[str], terms: TaskTerms, *, issuer: str, client: str) -> None:
    if more := got - terms.scopes:
        raise _wider(f"it has {told(' '.join(sorted(more)))} beside {told(' '.join(sorted(terms.scopes)))}", issuer,
                     f"make these scopes of client {client} optional instead of default")  # fmt: skip
    if less := terms.scopes - got:
        raise IdentityError(
            Why.NARROWER, f"the issuer left {told(' '.join(sorted(less)))} out of the task token", where=issuer,
            fix=f"make it an optional scope of client {client}, and give the user the role {DEVELOPER}",
        )  # fmt: skip


def _same_audience(got: tuple[str, ...], terms: TaskTerms, *, issuer: str, client: str) -> None:
    if more := [one for one in got if one != terms.audience]:
        raise _wider(f"it is for {told(', '.join(more))} beside {told(terms.audience)}", issuer,
                     f"take the audience mappers of the default scopes away from client {client}")  # fmt: skip
    if terms.audience not in got:
        raise IdentityError(
            Why.MISCONFIGURED, f"the task token is not for {told(terms.audience)}", where=issuer,
            fix="give the task's client scope an audience mapper: agent-supervise keycloak init does",
        )  # fmt: skip


def _fits(name: str, got: object, wanted: Mapping[str, object], issuer: str) -> set[str]:
    """What of it is there; nothing else may be. An issuer's fixed claims may know the scope's name only."""
    if name == TAGS_CLAIM:
        tags = got.get("principal_tags") if isinstance(got, dict) else None
        asked = wanted["principal_tags"]
        if not isinstance(tags, dict) or not isinstance(asked, dict):
            raise _wider("its session tags cannot be read", issuer, "look at the mappers of the task's client scope")
        got, wanted = tags, asked
    if not isinstance(got, dict):
        raise _wider(f"its claim {name} cannot be read", issuer, "look at the mappers of the task's client scope")
    for key, value in got.items():
        if key not in wanted or wanted[key] != value:
            raise _wider(f"its claim {name} says {told(key)}: {told(value)}, which is not this task's", issuer,
                         "look at the mappers of the task's client scope")  # fmt: skip
    return {f"tag {key}" if name == TAGS_CLAIM else key for key in got}


def _wider(what: str, issuer: str, fix: str) -> IdentityError:
    return IdentityError(Why.WIDER, f"the task token is wider than asked: {what}", where=issuer, fix=fix)


def _other_login(what: str, issuer: str) -> IdentityError:
    return IdentityError(Why.UNTRUSTED, what, where=issuer, fix="log in again")


def _seconds(span: timedelta) -> int:
    return round(span.total_seconds())
