"""Where a request says how it is signed: its Authorization header or its query, read strictly and not yet believed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from supervisor.gates.aws import canonical
from supervisor.gates.aws.canonical import Headers
from supervisor.gates.aws.signing_key import ALGORITHM, Scope


class Fault(Enum):
    """Why a signature is not accepted; services have their own error codes for each."""

    MISSING = "missing"
    MALFORMED = "malformed"
    SCHEME = "scheme"
    """Another kind of signature than SigV4."""
    KEY = "key"
    TOKEN = "token"
    MISMATCH = "mismatch"
    SKEWED = "skewed"
    EXPIRED = "expired"
    UNSIGNED_HEADER = "unsigned header"
    PAYLOAD = "payload"
    """The body is not the one whose hash was signed, or says no such hash."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A signature that is not accepted. `message` is one line for people, in AWS's words where AWS has some."""

    fault: Fault
    message: str


class NotAccepted(Exception):
    """Carries a `Bad` out of the reading of a signature."""

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.bad = Bad(fault, message)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request claims about its signature. `expires` is in seconds and set for a presigned URL only."""

    access_key: str
    scope: Scope
    signed_headers: tuple[str, ...]
    signature: str
    pairs: tuple[tuple[str, str], ...]
    """The query as it stands on the wire, without the signature."""
    timestamp: str = ""
    token: str | None = None
    payload: str | None = None
    expires: int | None = None


_CREDENTIAL = re.compile(r"([A-Za-z0-9_]{1,128})/([0-9]{8})/([A-Za-z0-9-]{1,64})/([A-Za-z0-9._-]{1,64})/aws4_request")
_SIGNED_HEADERS = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+(?:;[a-z0-9!#$%&'*+.^_`|~-]+)*")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_TIMESTAMP = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_MOST_SIGNED_HEADERS = 200
_LONGEST_LIFE = 604_800
_LONGEST_KEPT = 1024

_IN_QUERY = {
    name.lower(): name
    for name in (
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
        "X-Amz-Security-Token",
        "X-Amz-Content-Sha256",
    )
}
_MAKES_PRESIGNED = frozenset({"x-amz-algorithm", "x-amz-credential", "x-amz-signature"})
_MAKES_SIGV2 = frozenset({"awsaccesskeyid", "signature", "signatureversion"})
_NO_SIGV4A = "SigV4a (multi-Region) signatures are not accepted by the aws gate: use an endpoint of one Region"
_NO_SIGV2 = "Signature Version 2 is not accepted by the aws gate. Please use AWS4-HMAC-SHA256."


def read(query: str, headers: Headers) -> Claim | None:
    """Read the claim of a request; `None` if it makes none. The headers' names are in lower case.

    Raises `NotAccepted`.
    """
    written = [value for name, value in headers if name == "authorization"]
    pairs = canonical.query_pairs(query)
    named = {canonical.decoded(name).lower() for name, _ in pairs}
    is_presigned = not _MAKES_PRESIGNED.isdisjoint(named)
    is_sigv2 = len(_MAKES_SIGV2.intersection(named)) > 1 or "awsaccesskeyid" in named
    if len(written) + is_presigned + is_sigv2 > 1:
        raise NotAccepted(
            Fault.MALFORMED,
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
            "parameter or the Authorization header should be specified",
        )
    if is_sigv2:
        raise NotAccepted(Fault.SCHEME, _NO_SIGV2)
    if written:
        return _from_header(written[0], pairs)
    return _from_query(pairs) if is_presigned else None


def _from_header(text: str, pairs: list[tuple[str, str]]) -> Claim:
    scheme, _, rest = text.strip(" \t").partition(" ")
    _expect_scheme(scheme)
    fields: dict[str, str] = {}
    for part in rest.split(","):
        name, equals, value = part.strip(" \t").partition("=")
        if not equals or name in fields:
            raise NotAccepted(Fault.MALFORMED, "The authorization header is malformed; it has a field twice or in part")
        fields[name] = value
    if fields.keys() != {"Credential", "SignedHeaders", "Signature"}:
        raise NotAccepted(
            Fault.MALFORMED,
            "The authorization header requires exactly 'Credential', 'SignedHeaders' and 'Signature' parameters",
        )
    return _claim(fields["Credential"], fields["SignedHeaders"], fields["Signature"], tuple(pairs))


def _from_query(pairs: list[tuple[str, str]]) -> Claim:
    found: dict[str, str] = {}
    kept: list[tuple[str, str]] = []
    for name, value in pairs:
        plain = canonical.decoded(name)
        if (exact := _IN_QUERY.get(plain.lower())) is not None:
            if plain != exact or exact in found:
                raise NotAccepted(Fault.MALFORMED, f"The query has {exact} twice or in other letters")
            found[exact] = canonical.decoded(value)
        if plain != "X-Amz-Signature":
            kept.append((name, value))
    required = _IN_QUERY.keys() - {"x-amz-security-token", "x-amz-content-sha256"}
    if lacking := sorted(_IN_QUERY[name] for name in required if _IN_QUERY[name] not in found):
        raise NotAccepted(Fault.MALFORMED, f"Query-string authentication requires {', '.join(lacking)}")
    _expect_scheme(found["X-Amz-Algorithm"])
    expires = found["X-Amz-Expires"]
    if not re.fullmatch(r"[0-9]{1,6}", expires) or not 0 < int(expires) <= _LONGEST_LIFE:
        raise NotAccepted(Fault.MALFORMED, "X-Amz-Expires must be a number of seconds from 1 to 604800")
    return _claim(
        found["X-Amz-Credential"],
        found["X-Amz-SignedHeaders"],
        found["X-Amz-Signature"],
        tuple(kept),
        timestamp=timestamp(found["X-Amz-Date"]),
        token=found.get("X-Amz-Security-Token"),
        payload=found.get("X-Amz-Content-Sha256"),
        expires=int(expires),
    )


def _expect_scheme(scheme: str) -> None:
    if scheme == ALGORITHM:
        return
    if scheme.startswith("AWS4-ECDSA"):
        raise NotAccepted(Fault.SCHEME, _NO_SIGV4A)
    if scheme == "AWS" or scheme.startswith("AWS3"):
        raise NotAccepted(Fault.SCHEME, _NO_SIGV2)
    raise NotAccepted(
        Fault.SCHEME, "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
    )


def _claim(
    credential: str,
    signed_headers: str,
    signature: str,
    pairs: tuple[tuple[str, str], ...],
    *,
    timestamp: str = "",
    token: str | None = None,
    payload: str | None = None,
    expires: int | None = None,
) -> Claim:
    access_key, scope = (_read_credential if len(credential) <= _LONGEST_KEPT else _credential)(credential)
    names = (_read_names if len(signed_headers) <= _LONGEST_KEPT else _names)(signed_headers)
    if not _SIGNATURE.fullmatch(signature):
        raise NotAccepted(Fault.MALFORMED, "Signature must be 64 lower-case hexadecimal digits")
    return Claim(access_key, scope, names, signature, pairs, timestamp, token, payload, expires)


def _credential(text: str) -> tuple[str, Scope]:
    if (parts := _CREDENTIAL.fullmatch(text)) is None:
        raise NotAccepted(
            Fault.MALFORMED, "Credential must be KEY/YYYYMMDD/REGION/SERVICE/aws4_request, each of plain letters"
        )
    access_key, date, region, service = parts.groups()
    return access_key, Scope(date, region, service)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(";"))
    if not _SIGNED_HEADERS.fullmatch(text) or list(names) != sorted(set(names)):
        raise NotAccepted(Fault.MALFORMED, "SignedHeaders must be lower-case names, sorted, each once")
    if len(names) > _MOST_SIGNED_HEADERS:
        raise NotAccepted(Fault.MALFORMED, f"SignedHeaders names more than {_MOST_SIGNED_HEADERS} headers")
    return names


# A client's credential is the same for a day, and it signs the same headers again and again.
_read_credential = lru_cache(maxsize=64)(_credential)
_read_names = lru_cache(maxsize=256)(_names)


def timestamp(text: str) -> str:
    """Check that `text` is `YYYYMMDDTHHMMSSZ` in form. Raises `NotAccepted`."""
    if not _TIMESTAMP.fullmatch(text):
        raise NotAccepted(Fault.MALFORMED, "Date must be in ISO8601 'basic format', as 20150830T123600Z")
    return text
