"""The key that signs for one date, region and service, and the chain of chunk signatures that begins at a request's."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from functools import lru_cache

from supervisor.gates.aws.canonical import EMPTY_SHA256

ALGORITHM = "AWS4-HMAC-SHA256"
_TERMINATOR = "aws4_request"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a signature is good for: `date` is `YYYYMMDD`, `service` a signing name."""

    date: str
    region: str
    service: str

    def __str__(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/{_TERMINATOR}"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A secret narrowed to a scope and, for what it signs, to a time (`YYYYMMDDTHHMMSSZ`)."""

    scope: Scope
    timestamp: str
    _key: bytes = field(repr=False)

    @classmethod
    def derive(cls, secret: str, scope: Scope, timestamp: str) -> SigningKey:
        """Derive it (IAM User Guide, "Create a signed AWS API request", step 4)."""
        return cls(scope, timestamp, _derived(secret, scope))

    def request(self, canonical_sha256: str) -> str:
        """The signature of a canonical request, in hexadecimal."""
        return self._sign(ALGORITHM, canonical_sha256)

    def _sign(self, *lines: str) -> str:
        kind, *rest = lines
        text = "\n".join((kind, self.timestamp, str(self.scope), *rest))
        return hmac.digest(self._key, text.encode(), "sha256").hex()


@lru_cache(maxsize=128)
def _derived(secret: str, scope: Scope) -> bytes:
    """It is the same for a whole day, and takes longer to make than all else of a signature."""
    key = f"AWS4{secret}".encode()
    for part in (scope.date, scope.region, scope.service, _TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


class ChunkSigner:
    """Signatures of a body's chunks, each over the one before; the first over the request's own.

    Source: "Signature calculations for the authorization header: transferring payload in multiple chunks" and
    "... including trailing headers" in the Amazon S3 API Reference.
    """

    def __init__(self, key: SigningKey, seed: str) -> None:
        """`seed` is the signature of the request that the chunks belong to, in hexadecimal."""
        self._key, self._previous = key, seed

    def chunk(self, sha256: str) -> str:
        """The signature of the next chunk, whose data has this SHA-256 (in hexadecimal)."""
        self._previous = self._key._sign(f"{ALGORITHM}-PAYLOAD", self._previous, EMPTY_SHA256, sha256)
        return self._previous

    def trailer(self, sha256: str) -> str:
        """The signature of the trailing headers, whose lines have this SHA-256 (in hexadecimal)."""
        self._previous = self._key._sign(f"{ALGORITHM}-TRAILER", self._previous, sha256)
        return self._previous
