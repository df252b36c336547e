"""The embedded issuer: the same interface in the session process, with a key that ends with the session.

It vouches for the operating system's user and for nobody else: who may run a session as that user is that user here.
There is no server; doors that verify get `jwks`.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey

from supervisor.identity.oidc import check
from supervisor.identity.oidc.failures import IdentityError, Why
from supervisor.identity.oidc.provider import Open, Pause
from supervisor.identity.oidc.signed import Key, read, usable
from supervisor.identity.oidc.values import (
    DEVELOPER,
    TAGS_CLAIM,
    TASK_CLAIM,
    Claims,
    DevicePrompt,
    Login,
    LoginTerms,
    TaskTerms,
    TaskToken,
    Token,
)

CLIENT: Final = "agent-supervise"
ACCESS_SECONDS: Final = 300
_ID_BYTES: Final = 16
Algorithm = Literal["ES256", "Ed25519"]


@dataclass(frozen=True, slots=True)
class _Held:
    """A login that is in force; `refresh` is the digest of what renews it."""

    terms: LoginTerms
    proven: datetime
    refresh: str


class LocalIssuer:
    """A `Provider` that needs no configuration. `user` and `uid` are the OS user's, `session` names the issuer.

    `deadline` (aware) is the task's end: no token of this issuer lives past it.
    """

    def __init__(
        self,
        session: str,
        user: str,
        uid: int,
        *,
        deadline: datetime | None = None,
        roles: frozenset[str] = frozenset({DEVELOPER}),
        algorithm: Algorithm = "ES256",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._issuer = f"urn:agent-supervise:session:{session}"
        self._user, self._subject, self._roles = user, f"uid:{uid}", roles
        self._deadline, self._algorithm, self._clock = deadline, algorithm, clock
        made = ECKey.generate_key("P-256") if algorithm == "ES256" else OKPKey.generate_key("Ed25519")
        self._key: ECKey | OKPKey = made
        self._kid = made.thumbprint()
        self._public = usable(self.jwks())
        self._lock = threading.Lock()
        self._logins: dict[str, _Held] = {}
        self._over: dict[str, datetime] = {}

    @property
    def issuer(self) -> str:
        """See `Provider.issuer`."""
        return self._issuer

    def jwks(self) -> dict[str, Any]:
        """The public key, as doors that verify take it (RFC 7517)."""
        public = self._key.as_dict(private=False)
        return {"keys": [public | {"kid": self._kid, "use": "sig", "alg": self._algorithm}]}

    def key(self, kid: str, algorithm: str) -> Key:
        """The key that a token of this issuer names. Raises `IdentityError`."""
        found = self._public.get(kid)
        if found is None or algorithm != self._algorithm:
            raise IdentityError(Why.UNTRUSTED, "the token is signed with another key than this session's",
                                where=self._issuer, fix="use a token of this session")  # fmt: skip
        return found

    # ── login ────────────────────────────────────────────────────────────────────────────────────

    def login(self, terms: LoginTerms, open_page: Open, *, seconds: float) -> Login:
        """See `Provider.login`. The operating system has logged its user in already: no page is opened."""
        return self._login(terms, secrets.token_urlsafe(_ID_BYTES), self._now())

    def login_by_device(self, terms: LoginTerms, show: Callable[[DevicePrompt], None], pause: Pause) -> Login:
        """See `Provider.login_by_device`. Nothing is shown."""
        return self.login(terms, lambda page: None, seconds=0)

    def _login(self, terms: LoginTerms, sid: str, proven: datetime) -> Login:
        if terms.max_age is not None or terms.prompt or terms.acr:
            raise IdentityError(
                Why.MISCONFIGURED, "the local issuer cannot make anybody prove who they are again", where=self._issuer,
                fix="set `identity.provider: keycloak` up: a fresh login needs a server of its own",
            )  # fmt: skip
        check.has_role({"roles": sorted(self._roles)}, terms, issuer=self._issuer, user=self._user)
        now = self._now()
        expires = self._end(now, ACCESS_SECONDS)
        who = {
            "aud": CLIENT, "azp": CLIENT, "preferred_username": self._user, "sid": sid,
            "auth_time": int(proven.timestamp()),
        }  # fmt: skip
        asked = {"scope": " ".join(["openid", *sorted(terms.scopes - {"openid"})]), "roles": sorted(self._roles)}
        access = self._signed(now, expires, "at+jwt", who | asked)
        receipt = self._signed(now, expires, "JWT", who | {"typ": "ID", "nonce": terms.nonce})
        refresh = Token(secrets.token_urlsafe(_ID_BYTES))
        with self._lock:
            self._logins[sid] = _Held(terms, proven, refresh.digest)
        return Login(
            self._issuer, self._subject, self._user, access, expires, refresh, receipt, self._roles, sid, proven,
            role=terms.role, scopes=terms.scopes,
        )  # fmt: skip

    def refresh(self, login: Login) -> Login:
        """See `Provider.refresh`. What a login was renewed with is worth nothing from then on."""
        held = self._held(login)
        if login.refresh is None or login.refresh.digest != held.refresh:
            raise self._session_over(login)
        return self._login(held.terms, login.sid, held.proven)

    def _held(self, login: Login) -> _Held:
        with self._lock:
            held = self._logins.get(login.sid)
        if held is None or login.issuer != self._issuer:
            raise self._session_over(login)
        return held

    def _session_over(self, login: Login) -> IdentityError:
        return IdentityError(
            Why.SESSION_OVER, f"the login of {login.user} is over", where=self._issuer, fix="start a new session"
        )

    # ── task tokens ──────────────────────────────────────────────────────────────────────────────

    def exchange(self, login: Login, terms: TaskTerms) -> TaskToken:
        """See `Provider.exchange`."""
        self._held(login)
        header, claims = read(login.access, self.key, issuer=self._issuer)
        check.access_token(header, claims, issuer=self._issuer, now=self._clock())
        if missing := terms.scopes - check.scopes_of(claims):
            raise IdentityError(Why.NOT_ALLOWED, f"the login was not for {' '.join(sorted(missing))}",
                                where=self._issuer, fix="log in for this task")  # fmt: skip
        before = self._clock()
        now = self._now()
        token = self._signed(now, self._end(now, terms.seconds), "at+jwt", {
            "azp": CLIENT, "client_id": CLIENT, "aud": terms.audience, "scope": " ".join(sorted(terms.scopes)),
            "sid": login.sid, TASK_CLAIM: terms.task_claim,
        } | ({TAGS_CLAIM: terms.tags_claim} if terms.tags else {}))  # fmt: skip
        header, claims = read(token, self.key, issuer=self._issuer)
        return check.task_token(
            token, header, claims, terms=terms, issuer=self._issuer, client=CLIENT, login=login,
            window=check.Window(before, self._clock()),
        )  # fmt: skip

    def verify(self, token: Token, *, audience: str, scopes: frozenset[str]) -> Claims:
        """See `Provider.verify`. Knows of every revocation."""
        header, claims = read(token, self.key, issuer=self._issuer)
        check.access_token(header, claims, issuer=self._issuer, now=self._clock())
        check.covers(claims, issuer=self._issuer, audience=audience, scopes=scopes)
        with self._lock:
            over = claims.get("jti") in self._over or claims.get("sid") not in self._logins
        if over:
            raise IdentityError(Why.EXPIRED, "the token was revoked", where=self._issuer, fix="ask for a new one")
        return claims

    # ── ends ─────────────────────────────────────────────────────────────────────────────────────

    def revoke(self, token: TaskToken) -> None:
        """See `Provider.revoke`."""
        now = self._clock()
        with self._lock:
            self._over = {one: expires for one, expires in self._over.items() if expires + check.LEEWAY > now}
            self._over[token.id] = token.expires

    def end(self, login: Login, *, everywhere: bool = False) -> None:
        """See `Provider.end`. Ends the task tokens of this login too; of the OS user's other logins nothing."""
        with self._lock:
            self._logins.pop(login.sid, None)

    def _now(self) -> datetime:
        return self._clock().replace(microsecond=0)

    def _end(self, now: datetime, seconds: int) -> datetime:
        wanted = now + timedelta(seconds=seconds)
        if self._deadline is None:
            return wanted
        if now >= self._deadline:
            raise IdentityError(Why.EXPIRED, "the task's time is over", where=self._issuer, fix="start a new session")
        return min(wanted, self._deadline.replace(microsecond=0))

    def _signed(self, issued: datetime, expires: datetime, kind: str, claims: dict[str, Any]) -> Token:
        header = {"alg": self._algorithm, "kid": self._kid, "typ": kind}
        whole = {
            "iss": self._issuer, "sub": self._subject, "jti": secrets.token_urlsafe(_ID_BYTES),
            "iat": int(issued.timestamp()), "exp": int(expires.timestamp()),
        } | claims  # fmt: skip
        payload = json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode()
        return Token(jws.serialize_compact(header, payload, self._key, algorithms=[self._algorithm]))
