"""Identity from an OpenID Connect server: Keycloak with Standard Token Exchange V2, or any other that speaks RFC 8693.

A login is made through a public client, exchanged by a confidential one that must be in the login's audience. No
refresh token is ever asked for a task: a chain of refreshes would outlive what it was made for.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from supervisor.identity.oidc import check
from supervisor.identity.oidc.callback import Callback, Secrets
from supervisor.identity.oidc.device import polled, prompt_of
from supervisor.identity.oidc.failures import IdentityError, Why, told
from supervisor.identity.oidc.metadata import DEVICE, EXCHANGE, Metadata, fetch_metadata
from supervisor.identity.oidc.provider import Open, Pause
from supervisor.identity.oidc.refusals import login_refused, task_refused
from supervisor.identity.oidc.signed import Keys, read
from supervisor.identity.oidc.values import Claims, DevicePrompt, Login, LoginTerms, TaskTerms, TaskToken, Token
from supervisor.identity.oidc.wire import Answer, Wire, checked

ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"
METADATA_KEPT: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Clients:
    """The two clients at the issuer: people log in through `login`, `broker` exchanges and has a secret."""

    login: str
    broker: str
    secret: Token


class OidcServer:
    """A `Provider` at the other end of HTTP."""

    def __init__(
        self,
        issuer: str,
        clients: Clients,
        *,
        wire: Wire | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._issuer, self._clients = checked(issuer, where="identity: issuer"), clients
        self._wire, self._clock = wire or Wire(), clock
        self._metadata: Metadata | None = None
        self._fetched = datetime.min.replace(tzinfo=UTC)
        self._keys = Keys(self._fetch_keys, clock, issuer=issuer)
        self._lock = threading.Lock()

    @property
    def issuer(self) -> str:
        """See `Provider.issuer`."""
        return self._issuer

    def metadata(self) -> Metadata:
        """What the issuer says of itself; kept for a while, also past that where it cannot be reached."""
        with self._lock:
            now = self._clock()
            if self._metadata is None or now - self._fetched > METADATA_KEPT:
                try:
                    self._metadata, self._fetched = fetch_metadata(self._wire, self._issuer), now
                except IdentityError as error:
                    if self._metadata is None or error.why is not Why.UNREACHABLE:
                        raise
            return self._metadata

    # ── login ────────────────────────────────────────────────────────────────────────────────────

    def login(self, terms: LoginTerms, open_page: Open, *, seconds: float) -> Login:
        """See `Provider.login`. Authorization code with PKCE on a port of loopback."""
        about, own = self.metadata(), Secrets()
        nonce = terms.nonce or own.nonce
        with Callback(own.state, self._issuer, says_iss=about.says_iss) as callback:
            asked = {
                "response_type": "code", "client_id": self._clients.login, "redirect_uri": callback.address,
                "scope": _scope(terms), "state": own.state, "nonce": nonce,
                "code_challenge": own.challenge, "code_challenge_method": "S256",
            } | _fresh(terms)  # fmt: skip
            joint = "&" if "?" in about.authorization else "?"
            open_page(f"{about.authorization}{joint}{urlencode(asked)}")
            code = callback.code(seconds)
            form = {
                "grant_type": "authorization_code", "client_id": self._clients.login, "code": code,
                "redirect_uri": callback.address, "code_verifier": own.verifier,
            }  # fmt: skip
            before = self._clock()
            answer = self._wire.post(about.token, form)
        return self._checked_login(self._granted(answer), terms, nonce=nonce, asked=before)

    def login_by_device(self, terms: LoginTerms, show: Callable[[DevicePrompt], None], pause: Pause) -> Login:
        """See `Provider.login_by_device`."""
        about, own = self.metadata(), Secrets()
        if not about.device:
            raise IdentityError(
                Why.MISCONFIGURED, "the issuer offers no device login", where=self._issuer,
                fix="log in with a browser on this machine, or switch the device grant on for the client",
            )  # fmt: skip
        form = {
            "client_id": self._clients.login, "scope": _scope(terms),
            "code_challenge": own.challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        if terms.nonce:
            form["nonce"] = terms.nonce
        answer = self._wire.post(about.device, form)
        if answer.status != 200:
            raise login_refused(answer, self._issuer, self._clients.login)
        device, prompt, every = prompt_of(answer, self._issuer, self._clock())
        show(prompt)
        form = {
            "grant_type": DEVICE, "client_id": self._clients.login, "device_code": device,
            "code_verifier": own.verifier,
        }  # fmt: skip
        answer, asked = polled(
            lambda: self._wire.post(about.token, form), prompt, every, pause, issuer=self._issuer, clock=self._clock
        )
        said = self._granted(answer)
        return self._checked_login(said, terms, nonce=terms.nonce, asked=asked)

    def refresh(self, login: Login) -> Login:
        """See `Provider.refresh`."""
        if login.refresh is None:
            raise IdentityError(Why.SESSION_OVER, "the login cannot be renewed", where=self._issuer, fix="log in again")
        form = {
            "grant_type": "refresh_token", "client_id": self._clients.login, "refresh_token": login.refresh.text,
        }  # fmt: skip
        about, asked = self.metadata(), self._clock()
        answer = self._wire.post(about.token, form)
        if answer.status != 200 and answer.members.get("error") == "invalid_grant":
            raise IdentityError(
                Why.SESSION_OVER, f"the issuer has ended the login of {told(login.user)}", where=self._issuer,
                fix="log in again: end this session and start a new one",
            )  # fmt: skip
        said = self._granted(answer)
        # Who had the role at the login may have lost it since.
        made = self._checked_login(said, LoginTerms(role=login.role), nonce="", asked=asked, before=login)
        if made.subject != login.subject:
            raise IdentityError(Why.UNTRUSTED, "the renewed login is of another user", where=self._issuer)
        return made

    def _granted(self, answer: Answer) -> Mapping[str, Any]:
        if answer.status != 200 or not isinstance(answer.members.get("access_token"), str):
            raise login_refused(answer, self._issuer, self._clients.login)
        return answer.members

    def _checked_login(
        self, said: Mapping[str, Any], terms: LoginTerms, *, nonce: str, asked: datetime, before: Login | None = None
    ) -> Login:
        now, client = self._clock(), self._clients.login
        access = Token(said["access_token"])
        header, claims = read(access, self._keys.named, issuer=self._issuer)
        check.fresh(claims, check.Window(asked, now), issuer=self._issuer)
        check.access_token(header, claims, issuer=self._issuer, now=now)
        check.login_access(claims, issuer=self._issuer, client=client, broker=self._clients.broker)
        receipt = Token(said["id_token"]) if isinstance(said.get("id_token"), str) else None
        proven: Claims = {}
        if receipt is not None:
            proven = self._receipt(receipt, terms, nonce, claims, now)
        elif before is None:
            raise IdentityError(Why.UNTRUSTED, "the issuer gave no ID token", where=self._issuer)
        subject = str(claims.get("sub") or "")
        user = str(claims.get("preferred_username") or proven.get("preferred_username") or subject)
        check.has_role(claims, terms, issuer=self._issuer, user=user)
        scopes, wanted = check.scopes_of(claims), terms.scopes if before is None else before.scopes
        check.has_scopes(scopes, wanted - {"openid"}, issuer=self._issuer, user=user, client=client)
        refresh = said.get("refresh_token")
        told_time = proven.get("auth_time", claims.get("auth_time"))
        return Login(
            self._issuer,
            subject,
            user if before is None else before.user,
            access,
            check.moment(claims, "exp", self._issuer),
            Token(refresh) if isinstance(refresh, str) else before.refresh if before else None,
            receipt or (before.id_token if before else None),
            check.roles(claims),
            str(claims.get("sid") or proven.get("sid") or ""),
            None if told_time is None else check.moment({"auth_time": told_time}, "auth_time", self._issuer),
            str(proven.get("acr") or claims.get("acr") or ""),
            terms.role,
            scopes,
        )

    def _receipt(self, receipt: Token, terms: LoginTerms, nonce: str, access: Claims, now: datetime) -> Claims:
        _, proven = read(receipt, self._keys.named, issuer=self._issuer)
        check.id_token(proven, terms, issuer=self._issuer, client=self._clients.login, nonce=nonce, now=now)
        if not proven.get("sub") or proven["sub"] != access.get("sub"):
            raise IdentityError(Why.UNTRUSTED, "the ID token is of another user than the login", where=self._issuer,
                                fix="log in again; if it stays so, look at the issuer")  # fmt: skip
        return proven

    # ── task tokens ──────────────────────────────────────────────────────────────────────────────

    def exchange(self, login: Login, terms: TaskTerms) -> TaskToken:
        """See `Provider.exchange`. What was received and is refused is revoked at once."""
        about = self.metadata()
        if about.grants and EXCHANGE not in about.grants:
            raise IdentityError(
                Why.MISCONFIGURED, "the issuer does no token exchange", where=self._issuer,
                fix="Keycloak 26.2 or newer has it switched on; see features: token-exchange-standard",
            )  # fmt: skip
        form = {
            "grant_type": EXCHANGE, "subject_token": login.access.text, "subject_token_type": ACCESS_TOKEN,
            "requested_token_type": ACCESS_TOKEN, "scope": " ".join(sorted(terms.scopes)), "audience": terms.audience,
        }  # fmt: skip
        before = self._clock()
        answer = self._wire.post(about.token, form, basic=(self._clients.broker, self._clients.secret.text))
        window = check.Window(before, self._clock())
        text = answer.members.get("access_token")
        if answer.status != 200 or not isinstance(text, str):
            raise task_refused(answer, self._issuer, self._clients)
        token = Token(text)
        try:
            return self._checked_task(token, answer, login, terms, window)
        except IdentityError:
            with contextlib.suppress(IdentityError):
                self._revoke(token, "access_token")
            raise

    def _checked_task(
        self, token: Token, answer: Answer, login: Login, terms: TaskTerms, window: check.Window
    ) -> TaskToken:
        said, client = answer.members, self._clients.broker
        if said.get("refresh_token"):
            with contextlib.suppress(IdentityError):
                self._revoke(Token(str(said["refresh_token"])), "refresh_token")
            raise IdentityError(
                Why.WIDER, "the task token is wider than asked: a refresh token came with it", where=self._issuer,
                fix=f"switch `Use refresh tokens` and `Allow refresh token in Standard Token Exchange` off at {client}",
            )  # fmt: skip
        if said.get("issued_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
            what = f"the issuer made a {told(said.get('issued_token_type'))} instead of an access token"
            raise IdentityError(Why.UNTRUSTED, what, where=self._issuer)
        if str(said.get("token_type", "")).lower() != "bearer":
            what = f"the task token is of type {told(said.get('token_type'))}, and only Bearer can be used"
            raise IdentityError(Why.UNTRUSTED, what, where=self._issuer, fix=f"switch DPoP off at client {client}")
        header, claims = read(token, self._keys.named, issuer=self._issuer)
        return check.task_token(
            token, header, claims, terms=terms, issuer=self._issuer, client=client, login=login, window=window
        )

    def verify(self, token: Token, *, audience: str, scopes: frozenset[str]) -> Claims:
        """See `Provider.verify`. Says nothing about revocation: the issuer alone knows of it."""
        header, claims = read(token, self._keys.named, issuer=self._issuer)
        check.access_token(header, claims, issuer=self._issuer, now=self._clock())
        check.covers(claims, issuer=self._issuer, audience=audience, scopes=scopes)
        return claims

    # ── ends ─────────────────────────────────────────────────────────────────────────────────────

    def revoke(self, token: TaskToken) -> None:
        """See `Provider.revoke`."""
        self._revoke(token.token, "access_token")

    def _revoke(self, token: Token, kind: str) -> None:
        url = self.metadata().revocation
        if not url:
            raise IdentityError(Why.MISCONFIGURED, "the issuer cannot revoke tokens", where=self._issuer,
                                fix="the token ends by itself; see its time")  # fmt: skip
        form = {"token": token.text, "token_type_hint": kind}
        answer = self._wire.post(url, form, basic=(self._clients.broker, self._clients.secret.text))
        # A token that is over or unknown is an answer of 200, in Keycloak sometimes `invalid_token`.
        if answer.status != 200 and answer.members.get("error") != "invalid_token":
            raise task_refused(answer, self._issuer, self._clients, doing="did not revoke the task token")

    def end(self, login: Login, *, everywhere: bool = False) -> None:
        """See `Provider.end`. `everywhere` is an extension of Keycloak; elsewhere it ends the login here."""
        about = self.metadata()
        held = login.refresh or login.access
        form = {"client_id": self._clients.login}
        may_end = everywhere and about.end_session and login.refresh is not None
        if may_end and self._wire.post(about.end_session, form | {"refresh_token": held.text}).status == 204:
            return
        if not about.revocation:
            raise IdentityError(Why.MISCONFIGURED, "the issuer cannot revoke logins", where=self._issuer)
        kind = "refresh_token" if login.refresh is not None else "access_token"
        answer = self._wire.post(about.revocation, form | {"token": held.text, "token_type_hint": kind})
        if answer.status != 200 and answer.members.get("error") not in ("invalid_token", "invalid_grant"):
            raise login_refused(answer, self._issuer, self._clients.login, doing="did not end the login")

    def _fetch_keys(self) -> Mapping[str, Any]:
        answer = self._wire.get(self.metadata().jwks)
        if answer.status != 200:
            raise IdentityError(Why.UNREACHABLE, f"the issuer does not show its keys (HTTP {answer.status})",
                                where=self._issuer, fix="look at the issuer")  # fmt: skip
        return answer.members


def _scope(terms: LoginTerms) -> str:
    return " ".join(["openid", *sorted(terms.scopes - {"openid"})])


def _fresh(terms: LoginTerms) -> dict[str, str]:
    asked = {} if terms.max_age is None else {"max_age": str(terms.max_age)}
    if terms.prompt:
        asked["prompt"] = terms.prompt
    if terms.acr:
        asked["acr_values"] = terms.acr
    return asked
