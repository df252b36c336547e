"""Why there is no login or no token: the kind of failure for the program, and words and a way out for the person."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Final

from supervisor.errors import SuperviseError
from supervisor.model.visible import visible

LONGEST: Final = 300
"""Characters of a server's own words that are passed on."""


class Why(StrEnum):
    """The kinds of failure; only `UNREACHABLE` may mend itself, so only that is tried again for a task that runs."""

    UNREACHABLE = "the server cannot be reached"
    REFUSED = "the server refused"
    SESSION_OVER = "the login is over"
    EXPIRED = "the time is over"
    CANCELLED = "it was given up"
    NOT_ALLOWED = "the user may not"
    MISCONFIGURED = "the server is not set up for it"
    UNTRUSTED = "the token cannot be trusted"
    WIDER = "the token is wider than asked"
    NARROWER = "the token is narrower than asked"
    CLOCK = "the clocks differ"


_FIXES: Final = {
    Why.UNREACHABLE: "look at the network, and whether the server runs",
    Why.REFUSED: "look at the issuer's log of events",
    Why.SESSION_OVER: "log in again",
    Why.EXPIRED: "log in again",
    Why.CANCELLED: "log in again",
    Why.NOT_ALLOWED: "ask whoever runs the realm",
    Why.MISCONFIGURED: "agent-supervise keycloak init sets a realm up",
    Why.UNTRUSTED: "log in again; if it stays so, look at the issuer",
    Why.WIDER: "look at the client scopes and mappers of the realm: agent-supervise keycloak init --dry-run",
    Why.NARROWER: "look at the client scopes and mappers of the realm: agent-supervise keycloak init --dry-run",
    Why.CLOCK: "set the clocks of both machines (timedatectl, chronyc tracking)",
}


class IdentityError(SuperviseError):
    """No identity, so nothing is granted. `why` is its kind; no text of it has a secret in it."""

    def __init__(self, why: Why, what: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(what, where=where, fix=fix or _FIXES[why])
        self.why = why

    def __reduce__(self) -> tuple[Callable[[], IdentityError], tuple[()]]:
        """A copy to raise again has no traceback of before."""
        return partial(IdentityError, self.why, self.what, where=self.where, fix=self.fix), ()


def told(text: object) -> str:
    """A server's own words: one line, bounded, harmless on a terminal."""
    line = " ".join(str(text).split())
    return visible(line if len(line) <= LONGEST else line[:LONGEST] + "…")
