"""Signatures of tokens: the claims of a token whose signature holds under a key that its issuer publishes.

Algorithms are pinned and asymmetric, so that no public key is ever taken for a secret, and `none` for a signature.
Source: RFC 8725, JSON Web Token Best Current Practices.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from joserfc.jws import deserialize_compact

from supervisor.identity.oidc.failures import IdentityError, Why
from supervisor.identity.oidc.values import Token

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "Ed25519", "EdDSA")
MOST_CHARACTERS: Final = 16_384
"""Of a token. AWS takes 20,000; Keycloak's are about 1,500."""
_LEAST_RSA_BITS: Final = 2048
_KINDS: Final = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "Ed25519": "OKP", "EdDSA": "OKP"}
KEPT: Final = timedelta(minutes=10)
"""So long keys are used without looking whether the issuer still publishes them."""
KEPT_UNREACHABLE: Final = timedelta(hours=1)
"""So long they are used while the issuer cannot be reached."""
ASKED_AGAIN: Final = timedelta(seconds=10)
"""Tokens that name keys nobody has make us ask for the keys at most so often."""

Key = RSAKey | ECKey | OKPKey


class Keys:
    """The keys that an issuer publishes, fetched when needed and again when an unknown one is named. Any thread."""

    def __init__(self, fetch: Callable[[], Mapping[str, Any]], clock: Callable[[], datetime], *, issuer: str) -> None:
        self._fetch, self._clock, self._issuer = fetch, clock, issuer
        self._keys: dict[str, Key] = {}
        self._fetched: datetime | None = None
        self._in_vain: datetime | None = None
        """When the keys were last asked for without the one that was needed."""
        self._lock = threading.Lock()

    def named(self, kid: str, algorithm: str) -> Key:
        """The key of that id, fit for the algorithm. Raises `IdentityError`."""
        with self._lock:
            now = self._clock()
            recently = self._in_vain is not None and now - self._in_vain < ASKED_AGAIN
            if not recently and (kid not in self._keys or self._age(now) > KEPT):
                self._in_vain = now
                self._ask(now, kid)
            elif self._age(now) > KEPT_UNREACHABLE:
                self._keys = {}
            found = self._keys.get(kid)
            if found is not None:
                self._in_vain = None if self._age(now) <= KEPT else self._in_vain
        if found is None or found.key_type != _KINDS.get(algorithm):
            raise IdentityError(
                Why.UNTRUSTED,
                "the token is signed with a key that its issuer does not publish",
                where=self._issuer,
                fix="log in again; if it stays so, somebody else made the token",
            )
        return found

    def _age(self, now: datetime) -> timedelta:
        return timedelta.max if self._fetched is None else now - self._fetched

    def _ask(self, now: datetime, kid: str) -> None:
        try:
            self._keys, self._fetched = usable(self._fetch()), now
        except IdentityError as error:
            # Who cannot reach the issuer goes on for a while with what it published last.
            if error.why is not Why.UNREACHABLE or self._age(now) > KEPT_UNREACHABLE:
                self._keys = {}
                raise
            if kid not in self._keys:
                raise


def usable(published: Mapping[str, Any]) -> dict[str, Key]:
    """The signing keys of a JWKS by id; what is for something else, too short, or unreadable is left out."""
    found: dict[str, Key] = {}
    members = published.get("keys")
    for member in members if isinstance(members, list) else ():
        if not isinstance(member, dict) or member.get("use", "sig") != "sig" or not isinstance(member.get("kid"), str):
            continue
        if member.get("kty") not in ("RSA", "EC", "OKP"):
            continue
        try:
            key = next(iter(KeySet.import_key_set({"keys": [member]})))
            short = isinstance(key, RSAKey) and key.public_key.key_size < _LEAST_RSA_BITS
        except (JoseError, ValueError, TypeError, KeyError, StopIteration):
            continue
        if isinstance(key, RSAKey | ECKey | OKPKey) and not short:
            found[member["kid"]] = key
    return found


def read(token: Token, key_of: Callable[[str, str], Key], *, issuer: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a signed token (RFC 7519, compact). Raises `IdentityError`, `Why.UNTRUSTED` as a rule.

    `key_of` gets the key's id and the algorithm; it is asked before anything of the claims is looked at.
    """
    text = token.text
    if len(text) > MOST_CHARACTERS or text.count(".") != 2 or not text.isascii():
        raise _untrusted("what should be a signed token is none", issuer)
    try:
        header = json.loads(_decoded(text.partition(".")[0]))
        algorithm, kid = header.get("alg"), header.get("kid")
    except (ValueError, AttributeError, RecursionError):
        raise _untrusted("what should be a signed token is none", issuer) from None
    if algorithm not in ALGORITHMS or not isinstance(kid, str) or "crit" in header:
        raise _untrusted("the token is signed in a way that is not accepted", issuer)
    key = key_of(kid, algorithm)
    try:
        opened = deserialize_compact(text, key, algorithms=[algorithm])
        claims = json.loads(opened.payload)
    except (JoseError, ValueError, TypeError, RecursionError):
        raise _untrusted("the token's signature does not hold", issuer) from None
    if not isinstance(claims, dict):
        raise _untrusted("the token has no claims", issuer)
    return header, claims


def _decoded(part: str) -> bytes:
    from joserfc.util import urlsafe_b64decode

    return urlsafe_b64decode(part.encode())


def _untrusted(what: str, issuer: str) -> IdentityError:
    return IdentityError(Why.UNTRUSTED, what, where=issuer, fix="log in again; if it stays so, look at the issuer")
