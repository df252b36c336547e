"""What an issuer of identity can be asked for: the same for the local issuer, Keycloak, and any other server.

Every call blocks (the broker's users are threads; an event loop calls `off_loop`), and any thread may call. Whatever
goes wrong is an `IdentityError`, and then nothing was granted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from supervisor.identity.oidc.values import Claims, DevicePrompt, Login, LoginTerms, TaskTerms, TaskToken, Token

Open = Callable[[str], None]
"""Shows the human a page, in a browser as a rule; returns at once."""
Pause = Callable[[float], bool]
"""Waits so many seconds; true: whoever waits should give up. `threading.Event().wait` is one."""


class Provider(Protocol):
    """An issuer, as one client of it sees it."""

    @property
    def issuer(self) -> str:
        """The issuer's identifier, as it stands in `iss`."""
        ...

    def login(self, terms: LoginTerms, open_page: Open, *, seconds: float) -> Login:
        """Log a human in through a browser on this machine; `seconds` is how long the human may take."""
        ...

    def login_by_device(self, terms: LoginTerms, show: Callable[[DevicePrompt], None], pause: Pause) -> Login:
        """Log a human in who looks at another device (RFC 8628)."""
        ...

    def refresh(self, login: Login) -> Login:
        """The same login with tokens that live longer. Raises `Why.SESSION_OVER` when the issuer has ended it."""
        ...

    def exchange(self, login: Login, terms: TaskTerms) -> TaskToken:
        """Turn a login into the token of one task (RFC 8693), checked to be exactly what was asked."""
        ...

    def verify(self, token: Token, *, audience: str, scopes: frozenset[str]) -> Claims:
        """The claims of a token that this issuer signed for this audience, now in force, with at least these scopes."""
        ...

    def revoke(self, token: TaskToken) -> None:
        """Make the issuer take a task token for ended; one that has ended already is no error (RFC 7009)."""
        ...

    def end(self, login: Login, *, everywhere: bool = False) -> None:
        """End the login here; `everywhere`: the human's whole session at the issuer, in the browser too."""
        ...
