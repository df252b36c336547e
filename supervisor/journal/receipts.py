"""Receipts of approvers: what an issuer signed is checked when it comes in, and again from the journal alone.

A receipt is the ID token of a login that was made for one answer: its nonce is the digest of the question that was
shown, of the session and the choice, so it is worth nothing for any other. Source: OpenID Connect Core 1.0, 2 and
3.1.3.7.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from supervisor.model.codec import canonical, from_json, parse_rfc3339
from supervisor.model.grant import Answer, Approver, Receipt, nonce_of

if TYPE_CHECKING:
    from supervisor.identity.oidc.signed import Key

MAX_AGE: Final = 60
"""Seconds: so fresh a login must be when it comes in."""
MOMENT: Final = timedelta(seconds=3)
_PUBLIC: Final = ("kty", "kid", "alg", "use", "n", "e", "crv", "x", "y")
"""Members of a JWK that a signature is checked with (RFC 7518, 6); everything else is left out of the record."""
_TYPES: Final = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "Ed25519": "OKP", "EdDSA": "OKP"}
_KINDS: Final = frozenset(
    {"session.started", "escalation.opened", "request", "receipt.keys", "escalation.answered", "escalation.expired"}
)


class NoReceipt(Exception):
    """What is no receipt for this answer; the text says why, for the human who gave it."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs, for which client, with which keys: `key_of` as in `identity.oidc.signed.read`."""

    name: str
    client: str
    key_of: Callable[[str, str], Key]


@dataclass(frozen=True, slots=True)
class Proven:
    """What a receipt proves: who logged in, with which roles, when."""

    subject: str
    user: str
    roles: tuple[str, ...]
    at: datetime
    kid: str


def receipt_of(token: str) -> Receipt:
    """The receipt that an ID token (compact JWS) is. Raises `ValueError`."""
    protected, payload, signature = token.split(".")
    return Receipt(protected, payload, signature)


def proven(receipt: Receipt, issuer: Issuer, *, nonce: str, now: datetime) -> Proven:
    """What the receipt proves about the answer with this nonce that comes in at `now`. Raises `NoReceipt`."""
    from supervisor.identity.oidc import check  # only where there is a receipt: signatures take long to import
    from supervisor.identity.oidc.failures import IdentityError
    from supervisor.identity.oidc.signed import read
    from supervisor.identity.oidc.values import LoginTerms, Token

    token = Token(f"{receipt.protected}.{receipt.payload}.{receipt.signature}")
    try:
        header, claims = read(token, issuer.key_of, issuer=issuer.name)
        terms = LoginTerms(max_age=MAX_AGE, role="")
        check.id_token(claims, terms, issuer=issuer.name, client=issuer.client, nonce="", now=now)
        at = check.moment(claims, "auth_time", issuer.name)
    except IdentityError as error:
        raise NoReceipt(error.what) from error
    if claims.get("nonce") != nonce:
        raise NoReceipt("the login was made for another question, or for this one before it changed")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise NoReceipt("the login does not say whose it is")
    name = claims.get("preferred_username")
    roles = tuple(sorted(check.roles(claims)))
    return Proven(subject, name if isinstance(name, str) and name else subject, roles, at, str(header["kid"]))


def public_keys(published: Mapping[str, Any]) -> str:
    """A JWKS as it is recorded: the public parts alone, as one canonical text."""
    members = published.get("keys")
    keys = [
        {name: key[name] for name in _PUBLIC if isinstance(key.get(name), str)}
        for key in (members if isinstance(members, list) else ())
        if isinstance(key, dict)
    ]
    return canonical({"keys": keys})


@dataclass(slots=True)
class Recheck:
    """A journal's receipts, checked line by line with the keys that stand in it. Knows the questions that are open."""

    session: str = ""
    _open: dict[str, str] = field(default_factory=dict)
    _issuer: str = ""
    _client: str = ""
    _keys: dict[str, Any] = field(default_factory=dict)

    def take(self, line: Mapping[str, Any]) -> str:
        """Why the next line cannot be what happened; empty if it can."""
        kind = line.get("kind")
        if kind not in _KINDS:
            return ""
        try:
            return self._take(str(kind), line)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            return f"what it says of an approver is not understood: {error}"

    def _take(self, kind: str, line: Mapping[str, Any]) -> str:
        match kind:
            case "session.started":
                self.session = self.session or str(line["session"])
            case "escalation.opened":
                self._open[line["escalation"]] = line["digest"]
            case "request":
                if line.get("digest"):
                    self._open[line["escalation"]] = line["digest"]
            case "escalation.expired":
                self._open.pop(line["escalation"], None)
            case "receipt.keys":
                return self._learn(line)
            case "escalation.answered" if "approver" in line:
                return self._answered(line)
        return ""

    def _learn(self, line: Mapping[str, Any]) -> str:
        from supervisor.identity.oidc.signed import usable

        if self._issuer and (line["issuer"], line["client"]) != (self._issuer, self._client):
            return "another issuer vouches from here on than before in the same session"
        self._issuer, self._client = line["issuer"], line["client"]
        self._keys |= usable(json.loads(line["keys"]))
        return ""

    def _answered(self, line: Mapping[str, Any]) -> str:
        approver: Approver = from_json(Approver, line["approver"])
        if approver.vouched != "issuer":
            if "receipt" in line:
                return "a receipt stands with an approver whom no issuer vouches for"
            if self._issuer and line["choice"] != "deny":
                return "an allow without the login that this session wants of each approver"
            return ""
        if "receipt" not in line:
            return "the receipt of the approver's login is missing"
        if not self._issuer:
            return "the keys of the issuer do not stand in the journal before its receipt"
        escalation = line["escalation"]
        nonce = nonce_of(self.session, Answer(escalation, line["choice"], self._open.get(escalation, "")))
        receipt: Receipt = from_json(Receipt, line["receipt"])
        issuer = Issuer(self._issuer, self._client, self._named)
        try:
            found = self._proven(receipt, issuer, nonce, parse_rfc3339(line["time"]))
        except NoReceipt as error:
            return f"the approver's receipt does not hold: {error}"
        if (f"{self._issuer} {found.subject}", found.roles, found.at) != (approver.id, approver.roles, approver.proven):
            return "the approver is not who the receipt says"
        return ""

    def _proven(self, receipt: Receipt, issuer: Issuer, nonce: str, written: datetime) -> Proven:
        try:
            return proven(receipt, issuer, nonce=nonce, now=written)
        except NoReceipt:
            # It was checked a moment before the line was written.
            return proven(receipt, issuer, nonce=nonce, now=written - MOMENT)

    def _named(self, kid: str, algorithm: str) -> Key:
        key: Key | None = self._keys.get(kid)
        if key is None or key.key_type != _TYPES.get(algorithm):
            raise NoReceipt("it is signed with a key that the journal does not name")
        return key
