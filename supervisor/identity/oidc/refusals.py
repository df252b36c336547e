"""A server's refusal as words that a person can act on, by the error's code and what Keycloak says with it."""

from __future__ import annotations

from typing import Final, Protocol

from supervisor.identity.oidc.failures import IdentityError, Why, told
from supervisor.identity.oidc.wire import Answer


class _Clients(Protocol):
    @property
    def broker(self) -> str: ...


_INIT: Final = "agent-supervise keycloak init sets the realm up"
# error code, what the description holds (lower case): kind, fix; the first that fits.
_EXCHANGE: Final = (
    ("invalid_client", "audience not found", Why.MISCONFIGURED, f"the realm has no client of that audience: {_INIT}"),
    ("invalid_client", "", Why.MISCONFIGURED, "look at `broker_client` and its secret"),
    ("unauthorized_client", "", Why.MISCONFIGURED, "look at `broker_client` and its secret"),
    ("unsupported_grant_type", "", Why.MISCONFIGURED, "the server has no token exchange: Keycloak 26.2 or newer does"),
    ("", "exchange is not enabled", Why.MISCONFIGURED, f"switch Standard Token Exchange on for the client: {_INIT}"),
    ("", "not within the token audience", Why.MISCONFIGURED, f"logins must have the broker in their audience: {_INIT}"),
    ("", "audience not available", Why.MISCONFIGURED, f"the task's client scope must add that audience: {_INIT}"),
    ("invalid_scope", "", Why.NOT_ALLOWED, "the login or the client does not have that scope: log in for this task "
     f"again, and see that its client scope exists ({_INIT})"),
    ("invalid_grant", "", Why.SESSION_OVER, "log in again"),
    ("invalid_token", "", Why.SESSION_OVER, "log in again"),
    ("invalid_request", "invalid token", Why.SESSION_OVER, "log in again"),
    ("", "invalid access token", Why.SESSION_OVER, "log in again"),
    ("", "value for claim", Why.UNTRUSTED, "exchange the token of a login, through the client that people log in at"),
    ("access_denied", "", Why.NOT_ALLOWED, "see in the realm what the user may"),
)  # fmt: skip


def task_refused(answer: Answer, issuer: str, clients: _Clients, *, doing: str = "gave no task token") -> IdentityError:
    """Why an exchange or a revocation failed."""
    code, said = _said(answer)
    for wanted, part, why, fix in _EXCHANGE:
        if wanted in ("", code) and part in said.lower() and (code or said):
            return IdentityError(why, f"the issuer {doing} to {told(clients.broker)}: {said or code}", where=issuer,
                                 fix=fix)  # fmt: skip
    what = f"the issuer {doing} to {told(clients.broker)}: {said or code or f'HTTP {answer.status}'}"
    return IdentityError(Why.REFUSED, what, where=issuer, fix="look at the issuer's log of events")


def login_refused(answer: Answer, issuer: str, client: str, *, doing: str = "refused the login") -> IdentityError:
    """Why a login or its renewal failed."""
    code, said = _said(answer)
    why, fix = Why.REFUSED, "log in again"
    if code in ("invalid_client", "unauthorized_client"):
        why, fix = Why.MISCONFIGURED, f"look at `login_client`, and at what client {told(client)} may do: {_INIT}"
    elif code == "invalid_scope":
        why = Why.MISCONFIGURED
        fix = f"let {told(client)} have the task's client scope: agent-supervise keycloak init --task SCOPE"
    return IdentityError(why, f"the issuer {doing}: {said or code or f'HTTP {answer.status}'}", where=issuer, fix=fix)


def _said(answer: Answer) -> tuple[str, str]:
    code, said = answer.members.get("error", ""), answer.members.get("error_description", "")
    return (told(code) if isinstance(code, str) else ""), (told(said) if isinstance(said, str) else "")
