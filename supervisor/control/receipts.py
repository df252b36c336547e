"""An issuer's word on approvers: taken from the answer, checked against the issuer's keys, kept on record."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from supervisor.journal.receipts import Issuer, NoReceipt, Proven, proven, public_keys
from supervisor.model.event import ReceiptKeys
from supervisor.model.grant import Answer, Approver, Receipt, nonce_of
from supervisor.model.visible import visible

if TYPE_CHECKING:
    from supervisor.identity.oidc.settings import Settings


class Receipts:
    """What one session knows of its issuer. Every method blocks on it; any thread may call.

    `owner` is the subject of the login that the session runs under, as far as one is known: without it, whoever answers
    as the session's own OS user is taken for its owner. `record` puts the issuer's keys into the journal.
    """

    def __init__(
        self,
        issuer: str,
        client: str,
        session: str,
        *,
        fetch: Callable[[], Mapping[str, Any]],
        owner: Callable[[], str],
        clock: Callable[[], datetime],
    ) -> None:
        from supervisor.identity.oidc.signed import Keys

        self._session, self._fetch, self._owner, self._clock = session, fetch, owner, clock
        self._keys = Keys(self._fetched, clock, issuer=issuer)
        self._issuer = Issuer(issuer, client, self._keys.named)
        self._published: Mapping[str, Any] = {}
        self._recorded: set[str] = set()
        self._lock = threading.Lock()

    @property
    def terms(self) -> dict[str, str]:
        """What an approver's console must know of it to log its human in."""
        return {"issuer": self._issuer.name, "client": self._issuer.client}

    def _fetched(self) -> Mapping[str, Any]:
        self._published = self._fetch()
        return self._published

    def begin(self, record: Callable[[ReceiptKeys], None]) -> None:
        """Put the issuer's keys on record. Raises `IdentityError`: then they follow with the first receipt."""
        with self._lock:
            self._write(self._fetched(), record)

    def approver(
        self, receipt: Receipt | None, answer: Answer, *, own: bool, record: Callable[[ReceiptKeys], None]
    ) -> tuple[Approver, str]:
        """Who gives this answer, and their name for people; `own`: it came from the session's own OS user.

        The key that signed is on record when this returns. Raises `NoReceipt`.
        """
        if receipt is None:
            raise NoReceipt("this needs a login of your own: answer it with `agent-supervise answer`")
        nonce = nonce_of(self._session, answer)
        with self._lock:
            found = proven(receipt, self._issuer, nonce=nonce, now=self._clock())
            if found.kid not in self._recorded:
                self._write(self._published, record)
        return self._of(found, own), f"{visible(found.user)} (logged in)"

    def _write(self, published: Mapping[str, Any], record: Callable[[ReceiptKeys], None]) -> None:
        from supervisor.identity.oidc.signed import usable

        record(ReceiptKeys(self._issuer.name, self._issuer.client, public_keys(published)))
        self._recorded |= usable(published).keys()

    def _of(self, found: Proven, own: bool) -> Approver:
        owner = self._owner()
        return Approver(
            f"{self._issuer.name} {found.subject}",
            "issuer",
            found.roles,
            owner=found.subject == owner if owner else own,
            proven=found.at,
        )


def receipts_of(
    settings: Settings, session: str, *, owner: Callable[[], str], clock: Callable[[], datetime]
) -> Receipts | None:
    """The user's choice of an issuer, for approvers; `None` where it vouches for this OS user alone."""
    if settings.provider == "local":
        return None
    from supervisor.identity.oidc.failures import IdentityError, Why
    from supervisor.identity.oidc.server import Clients, OidcServer
    from supervisor.identity.oidc.values import Token
    from supervisor.identity.oidc.wire import Wire

    wire = Wire(ca_bundle=settings.ca_bundle, environment=os.environ)
    server = OidcServer(settings.issuer, Clients(settings.login_client, "", Token("")), wire=wire)

    def fetch() -> Mapping[str, Any]:
        answer = wire.get(server.metadata().jwks)
        if answer.status != 200:
            raise IdentityError(
                Why.UNREACHABLE, f"the issuer does not show its keys (HTTP {answer.status})", where=settings.issuer
            )
        return answer.members

    return Receipts(settings.issuer, settings.login_client, session, fetch=fetch, owner=owner, clock=clock)
